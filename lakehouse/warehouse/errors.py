"""What the warehouse's driver says, in our words: what is wrong, where, and what to do."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError, OperationalError

from lakehouse.contracts import PipelineError, Terminal, Transient
from lakehouse.warehouse import catalogue
from lakehouse.warehouse.model import SCHEMAS

LOCKED, FORBIDDEN = "55P03", "42501"
SHORT = {"53": "the server lacks disk, memory or connections", "58": "the server's disk fails"}
UNFIT = {"22": "a value does not fit its column", "23": "a rule of the table is broken"}
REFUSED = {"0A": "something depends on it", "2B": "something depends on it", "42": "it does not take the statement"}


class explained:  # noqa: N801
    """Turns the driver's errors into ours; never shows a password or a value."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._where = f"warehouse {engine.url.host}:{engine.url.port}/{engine.url.database}"

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, DBAPIError):
            raise self._ours(error) from None

    def _ours(self, error: DBAPIError) -> PipelineError:
        code = getattr(error.orig, "sqlstate", None) or ""
        words = str(error.orig)
        if code.startswith("28") or "authentication failed" in words:
            return Terminal(f"{self._where} refused the user; check LAKEHOUSE_WAREHOUSE__USER and __PASSWORD")
        if code == "3D000" or ("does not exist" in words and "database" in words):
            return Terminal(f"{self._where} does not exist; check LAKEHOUSE_WAREHOUSE__DATABASE")
        if isinstance(error, OperationalError) and not code:
            return Transient(f"{self._where} is unreachable; check LAKEHOUSE_WAREHOUSE__HOST and __PORT")
        return self._of_code(code, error.orig)

    def _of_code(self, code: str, error: Any) -> PipelineError:
        told = error.diag.message_primary if code else ""
        if code == FORBIDDEN:
            return Terminal(
                f"{self._where}: permission missing ({told}); run as a member of the role loader, or let an "
                "administrator grant what is missing; the old release is served"
            )
        if code == LOCKED:
            return Transient(f"{self._where}: a table is locked and was waited for in vain: {self._holders()}; "
                             "the old release is served; end that query, or try again")  # fmt: skip
        if code[:2] in SHORT:
            return Transient(f"{self._where}: {SHORT[code[:2]]} ({told}); the old release is served")
        if code[:2] in UNFIT:
            at = ".".join(filter(None, (error.diag.schema_name, error.diag.table_name, error.diag.column_name)))
            rule = error.diag.constraint_name or ""
            return Terminal(f"{self._where}: {UNFIT[code[:2]]} ({' '.join(filter(None, (at, rule))) or code}); "
                            "the old release is served")  # fmt: skip
        if code[:2] in REFUSED:
            return Terminal(f"{self._where}: {REFUSED[code[:2]]} ({told}); nothing was changed")
        return Transient(f"{self._where}: error {code} ({type(error).__name__}); the old release is served")

    def _holders(self) -> str:
        try:
            with self._engine.connect() as connection:
                return "; ".join(catalogue.holders(connection, SCHEMAS)) or "whoever it was is gone by now"
        except DBAPIError as error:
            return f"by whom cannot be asked ({type(error.orig).__name__})"
