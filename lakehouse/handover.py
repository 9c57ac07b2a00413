"""What the jobs of one run hand to each other, when each is a process of its own: small JSON objects in the lake."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from lakehouse.contracts import Terminal
from lakehouse.lake import Lake, State
from lakehouse.ledger import REPORT, MartRecord, MirrorRecord, RunReport, TableRecord
from lakehouse.pipeline import Mode
from lakehouse.source.horizon import Horizon

FOLDER = "_runs"
RUN_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}")
Kind = TypeVar("Kind")


@dataclass(frozen=True)
class Asked:
    """What a run is asked for; all tables where `tables` is empty, the horizon's day where `as_of` is None."""

    mode: Mode = "incremental"
    since: date | None = None
    until: date | None = None
    as_of: date | None = None
    tables: tuple[str, ...] = ()
    publish: bool = True


@dataclass(frozen=True)
class Plan:
    """What the jobs of a run share.

    Attributes:
        run_id: The run.
        asked: What was asked for.
        horizon: The bound of all its reads.
        as_of: The day that it speaks of.
        names: The tables that it looks at.
        todo: Those that have something to do.
        failed: Records of those that could not be looked at.
        began: Seconds since 1970.
    """

    run_id: str
    asked: Asked
    horizon: Horizon
    as_of: date
    names: tuple[str, ...]
    todo: tuple[str, ...]
    failed: tuple[TableRecord, ...]
    began: float


@dataclass(frozen=True)
class Marts:
    """What became of the marts, and their commits to release.

    `due` is False where there was nothing to do; `error` says why none was built.
    """

    due: bool
    records: tuple[MartRecord, ...] = ()
    states: dict[str, State] = field(default_factory=dict)
    error: str = ""

    @property
    def finished(self) -> bool:
        """True where trying again would change nothing."""
        return not self.error and not any(record.error for record in self.records)


@dataclass(frozen=True)
class Release:
    """What became of the release, proof (c) of each mart in it, and of the mirrors; `error` says why there is none."""

    number: int = 0
    proofs: dict[str, bool] = field(default_factory=dict)
    mirrors: tuple[MirrorRecord, ...] = ()
    error: str = ""

    @property
    def finished(self) -> bool:
        """True where trying again would change nothing."""
        return not self.error and not any(record.error for record in self.mirrors)


PLAN: TypeAdapter[Plan] = TypeAdapter(Plan)
TABLE: TypeAdapter[TableRecord] = TypeAdapter(TableRecord)
MARTS: TypeAdapter[Marts] = TypeAdapter(Marts)
RELEASE: TypeAdapter[Release] = TypeAdapter(Release)


@dataclass(frozen=True)
class Handover:
    """The objects of one run, below `_runs/<run_id>/`; each is None while nobody has written it.

    Raises:
        Terminal: The run id does not fit, or an object is not what this version writes.
    """

    lake: Lake
    run_id: str

    def __post_init__(self) -> None:
        if not RUN_ID.fullmatch(self.run_id):
            raise Terminal(f"run id {self.run_id!r} does not fit: up to 80 letters, digits, dots, dashes, underscores")

    def plan(self) -> Plan | None:
        """The plan."""
        return self._read("plan", PLAN)

    def agree(self, plan: Plan) -> Plan:
        """Writes the plan, or finds that of a job that was faster; returns the one that holds."""
        self._write("plan", PLAN, plan, over=False)
        found = self.plan()
        assert found is not None
        return found

    def table(self, name: str) -> TableRecord | None:
        """The record of a table."""
        return self._read(f"table-{name}", TABLE)

    def keep_table(self, record: TableRecord) -> None:
        """Writes the record of a table."""
        self._write(f"table-{record.name}", TABLE, record)

    def marts(self) -> Marts | None:
        """The marts."""
        return self._read("marts", MARTS)

    def keep_marts(self, marts: Marts) -> None:
        """Writes the marts."""
        self._write("marts", MARTS, marts)

    def release(self) -> Release | None:
        """The release."""
        return self._read("release", RELEASE)

    def keep_release(self, release: Release) -> None:
        """Writes the release."""
        self._write("release", RELEASE, release)

    def report(self) -> RunReport | None:
        """The record of the whole run."""
        return self._read("report", REPORT)

    def keep_report(self, report: RunReport) -> None:
        """Writes the record of the whole run."""
        self._write("report", REPORT, report)

    def _name(self, part: str) -> str:
        return f"{FOLDER}/{self.run_id}/{part}.json"

    def _read(self, part: str, kind: TypeAdapter[Kind]) -> Kind | None:
        content = self.lake.get(self._name(part))
        if content is None:
            return None
        try:
            return kind.validate_json(content, extra="forbid")
        except ValidationError as error:
            first = error.errors(include_input=False, include_url=False)[0]
            where = ".".join(map(str, first["loc"])) or "all of it"
            raise Terminal(
                f"{self.lake.root}/{self._name(part)} is not what this version writes ({where}: {first['msg']}); "
                "start a new run"
            ) from None

    def _write(self, part: str, kind: TypeAdapter[Any], value: object, *, over: bool = True) -> None:
        self.lake.put(self._name(part), kind.dump_json(value), over=over)
