"""Requests as the rights that they need, and policies that grant them or not."""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote

from tests.support import cloud

CREDENTIAL = re.compile(r"Credential=([^/]+)/\d+/([^/]+)/([^/]+)/aws4_request")
DELETED = re.compile(r"<Key>([^<]+)</Key>")


@dataclass(frozen=True)
class Need:
    """A right that a request needs; `prefix` is that of a list of objects, None where it lists nothing."""

    action: str
    resource: str
    prefix: str | None = None


@dataclass(frozen=True)
class Request:
    """One request of a recording."""

    who: str
    service: str
    note: dict[str, Any]

    @property
    def needs(self) -> tuple[Need, ...]:
        """The rights that AWS asks for."""
        return tuple(_s3(self.note) if self.service == "s3" else _json(self.service, self.note))


def recorded(file: Path, who: str) -> list[Request]:
    """What one access key has asked for."""
    found = []
    for line in file.read_text().splitlines():
        note = json.loads(line)
        signed = CREDENTIAL.search(note["by"])
        if signed and signed[1] == who:
            found.append(Request(signed[1], signed[3], note))
    return found


def _s3(note: dict[str, Any]) -> Iterator[Need]:
    bucket, _, key = unquote(note["path"]).lstrip("/").partition("/")
    arn, query = f"arn:aws:s3:::{bucket}", parse_qs(note["query"], keep_blank_values=True)
    if key:
        yield from _object(note, f"{arn}/{key}", query)
    elif note["method"] == "POST" and "delete" in query:
        for deleted in DELETED.findall(note["body"]):
            yield Need("s3:DeleteObject", f"{arn}/{deleted}")
    elif "uploads" in query:
        yield Need("s3:ListBucketMultipartUploads", arn)
    elif "location" in query:
        yield Need("s3:GetBucketLocation", arn)
    else:
        yield Need("s3:ListBucket", arn, query.get("prefix", [""])[0])


def _object(note: dict[str, Any], arn: str, query: dict[str, list[str]]) -> Iterator[Need]:
    match note["method"]:
        case "GET" | "HEAD":
            yield Need("s3:GetObject", arn)
        case "PUT" | "POST":
            yield Need("s3:PutObject", arn)
            if note["copy"]:
                yield Need("s3:GetObject", f"arn:aws:s3:::{unquote(note['copy']).lstrip('/')}")
        case "DELETE":
            yield Need("s3:AbortMultipartUpload" if "uploadId" in query else "s3:DeleteObject", arn)


def _json(service: str, note: dict[str, Any]) -> Iterator[Need]:
    body = json.loads(note["body"] or "{}")
    job = f"arn:aws:glue:us-east-1:{cloud.ACCOUNT}:job/{body.get('JobName')}"
    resource = job if service == "glue" else str(body.get("SecretId", "?"))
    yield Need(f"{service}:{note['target'].rpartition('.')[2]}", resource)


def grants(statements: Iterable[dict[str, Any]], need: Need) -> list[tuple[str, str]]:
    """The grants, as action and resource, by which a policy allows a need; none where it does not."""
    return [
        (action, resource)
        for statement in statements
        for action in _listed(statement["Action"])
        for resource in _listed(statement["Resource"])
        if action == need.action and fnmatchcase(need.resource, resource) and _condition(statement, need)
    ]


def granted(statements: Iterable[dict[str, Any]]) -> set[tuple[str, str]]:
    """Everything that a policy grants, as action and resource."""
    return {(a, r) for s in statements for a in _listed(s["Action"]) for r in _listed(s["Resource"])}


def _condition(statement: dict[str, Any], need: Need) -> bool:
    if "Condition" not in statement:
        return True
    patterns = _listed(statement["Condition"]["StringLike"]["s3:prefix"])
    return need.prefix is not None and any(fnmatchcase(need.prefix, pattern) for pattern in patterns)


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
