"""What the warehouse's driver says, in our words: what is wrong, where, and what to do."""

from __future__ import annotations

from typing import Any, NamedTuple

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError

from lakehouse.contracts import PipelineError, Terminal, Transient
from lakehouse.warehouse import catalogue, catalogue_redshift
from lakehouse.warehouse.model import SCHEMAS

LOCKED, TIMED_OUT, FORBIDDEN = "55P03", "57014", "42501"
TORN, REDSHIFT_TORN = "40001", "1023"
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
        said = _said(error.orig)
        if said.code.startswith("28") or "authentication failed" in said.words:
            return Terminal(f"{self._where} refused the user; check LAKEHOUSE_WAREHOUSE__USER and __PASSWORD")
        if said.code == "3D000" or ("does not exist" in said.words and "database" in said.words):
            return Terminal(f"{self._where} does not exist; check LAKEHOUSE_WAREHOUSE__DATABASE")
        if isinstance(error, (OperationalError, InterfaceError)) and not said.code:
            return Transient(f"{self._where} is unreachable; check LAKEHOUSE_WAREHOUSE__HOST and __PORT")
        return self._of_code(said, type(error.orig).__name__)

    def _of_code(self, said: Said, kind: str) -> PipelineError:
        code, told = said.code, said.message
        if code == FORBIDDEN:
            return Terminal(
                f"{self._where}: permission missing ({told}); run as a member of the role loader, or let an "
                "administrator grant what is missing; the old release is served"
            )
        if code == LOCKED or (code == TIMED_OUT and self._is_redshift):
            return Transient(f"{self._where}: a table is locked and was waited for in vain: {self._holders()}; "
                             "the old release is served; end that query, or try again")  # fmt: skip
        if code == TORN or (self._is_redshift and REDSHIFT_TORN in told):
            return Transient(f"{self._where}: another session changed the same tables at the same time ({told}); "
                             "the old release or its one is served; try again")  # fmt: skip
        return self._of_class(said, kind)

    def _of_class(self, said: Said, kind: str) -> PipelineError:
        code, told = said.code, said.message
        if code[:2] in SHORT:
            return Transient(f"{self._where}: {SHORT[code[:2]]} ({told}); the old release is served")
        if code[:2] in UNFIT:
            return Terminal(f"{self._where}: {UNFIT[code[:2]]} ({said.at or code}); the old release is served")
        if code[:2] in REFUSED:
            return Terminal(f"{self._where}: {REFUSED[code[:2]]} ({told}); nothing was changed")
        return Transient(f"{self._where}: error {code} ({kind}); the old release is served")

    @property
    def _is_redshift(self) -> bool:
        return self._engine.dialect.name == "redshift"

    def _holders(self) -> str:
        try:
            with self._engine.connect() as connection:
                if self._is_redshift:
                    found = catalogue_redshift.holders(connection)
                else:
                    found = catalogue.holders(connection, SCHEMAS)
                return "; ".join(found) or "whoever it was is gone by now"
        except DBAPIError as error:
            return f"by whom cannot be asked ({type(error.orig).__name__})"


class Said(NamedTuple):
    """What a driver says of an error; `at` names the column or the rule, never a value."""

    code: str
    message: str
    words: str
    at: str = ""


def _said(error: Any) -> Said:
    """Redshift's driver tells a dictionary of the protocol's letters, psycopg an object."""
    words = str(error)
    if code := getattr(error, "sqlstate", None):
        place = ".".join(filter(None, (error.diag.schema_name, error.diag.table_name, error.diag.column_name)))
        at = " ".join(filter(None, (place, error.diag.constraint_name)))
        return Said(code, error.diag.message_primary or "", words, at)
    letters = error.args[0] if getattr(error, "args", None) and isinstance(error.args[0], dict) else {}
    place = ".".join(filter(None, map(letters.get, "stc")))
    return Said(letters.get("C", ""), letters.get("M", ""), words, " ".join(filter(None, (place, letters.get("n")))))
