"""What a container image of ours must be, before any server is there."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path

from lakehouse import jars, session
from lakehouse.contracts import Terminal

IMPORTS = ("flows.marketplace", "deployments.setup", "prefect_aws", "lakehouse.source.child", "connectorx", "deltalake")
CODE = Path(__file__).parents[1]


def needs(folder: Path) -> Mapping[str, Callable[[], object]]:
    """What is looked at, by name; `folder` is where the jars are."""
    return {
        "Java": jars.find_java,
        "jars": lambda: f"{len(jars.class_path(folder))} of {folder}, verified",
        "class archive": lambda: _archive(folder),
        "imports": _imports,
        "user": _user,
        "code": _code,
        "temporary folder": _temporary,
    }


def _archive(folder: Path) -> str:
    found = session.archive(folder)
    if not found.exists():
        raise Terminal(f"there is no {found}; `python -m deployments.image.archive {folder}` makes it")
    return f"{found.stat().st_size >> 20} MiB"


def _imports() -> str:
    for name in IMPORTS:
        try:
            import_module(name)
        except ImportError as error:
            raise Terminal(f"{name} cannot be imported ({error}); is it in uv.lock and not pruned?") from None
    return ", ".join(IMPORTS)


def _user() -> str:
    if os.getuid() == 0:
        raise Terminal("this is root; the image must name an ordinary user")
    return str(os.getuid())


def _code() -> str:
    if os.access(CODE, os.W_OK):
        raise Terminal(f"{CODE} can be written by this user; its owner must be root")
    return f"{CODE} cannot be written"


def _temporary() -> str:
    try:
        with tempfile.NamedTemporaryFile() as file:
            return str(Path(file.name).parent)
    except OSError as error:
        raise Terminal(f"no temporary folder can be written ({error.strerror}); mount one at /tmp") from None
