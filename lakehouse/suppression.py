"""The erased: whom the lake must not hold again, known by a keyed hash, and the random id that stands for each.

The list holds no real id. Whose rows a source still has is found by hashing its own ids, in memory.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from deltalake import DeltaTable, write_deltalake
from deltalake.exceptions import TableNotFoundError
from pymysql.connections import Connection

from lakehouse.contracts import Column, Table, Terminal
from lakehouse.lake import Lake
from lakehouse.pseudonyms import Pseudonyms
from lakehouse.quoting import mysql
from lakehouse.source.connection import rows
from lakehouse.sqltypes import of

if TYPE_CHECKING:
    from pyspark.sql import Column as Expression

FOLDER = "_privacy/suppressed"
SCHEMA = pa.schema(
    [("person", pa.string()), ("alias", pa.int64()), ("key", pa.string()), ("step", pa.string()),
     ("run_id", pa.string()), ("recorded_at", pa.timestamp("us", tz="UTC"))]
)  # fmt: skip
BITS, NARROW_BITS = 63, 31


@dataclass(frozen=True)
class Erased:
    """A person on the list: the keyed hash, and the id that stands in the lake; `done` when every layer has it."""

    person: str
    alias: int
    done: bool


@dataclass(frozen=True)
class Aside:
    """What of one table at the source belongs to the erased: a condition that leaves it out, and how many rows it is.

    The condition holds their ids, so it is shown nowhere.
    """

    erased: tuple[Erased, ...] = ()
    condition: str = "TRUE"
    rows: int = 0

    def __repr__(self) -> str:
        return f"Aside({len(self.erased)} persons, {self.rows} rows)"

    def of(self, where: str) -> str:
        """A condition on the source, less the rows of the erased."""
        return where if self.condition == "TRUE" else f"({where}) AND {self.condition}"


def erased(lake: Lake, pseudonyms: Pseudonyms) -> tuple[Erased, ...]:
    """All who are on the list.

    Raises:
        Terminal: The list was made by another key than ours, or we have none.
    """
    found = _entries(lake)
    if not found:
        return ()
    pseudonyms.refuse_missing_key("the lake has a list of erased persons")
    if any(entry["key"] != pseudonyms.key_mark for entry in found):
        raise Terminal(
            "the list of erased persons was made by another LAKEHOUSE_PRIVACY__KEY, so who is on it cannot be told; "
            "set the key that it was made by"
        )
    done = {entry["person"] for entry in found if entry["step"] == "done"}
    aliases = {entry["person"]: entry["alias"] for entry in reversed(found)}  # of two at once the first one counts
    return tuple(Erased(person, alias, person in done) for person, alias in sorted(aliases.items()))


def add(lake: Lake, pseudonyms: Pseudonyms, person: str, run_id: str, tables: Iterable[Table]) -> Erased:
    """The entry of a person, made where there is none; its id fits all columns of these tables that name persons."""
    mark, listed = pseudonyms.mark("person", person), erased(lake, pseudonyms)
    if mark not in {entry.person for entry in listed}:
        _append(lake, mark, _drawn(listed, tables), pseudonyms, "listed", run_id)
    return next(entry for entry in erased(lake, pseudonyms) if entry.person == mark)


def finish(lake: Lake, pseudonyms: Pseudonyms, entry: Erased, run_id: str) -> None:
    """Says of a person that no layer holds the real id any more."""
    if not entry.done:
        _append(lake, entry.person, entry.alias, pseudonyms, "done", run_id)


def aside(connection: Connection[Any], table: Table, listed: tuple[Erased, ...], pseudonyms: Pseudonyms) -> Aside:
    """What of the source belongs to the erased: its ids are hashed here and compared with the list."""
    if not listed or not table.persons:
        return Aside()
    marks = {entry.person for entry in listed}
    parts = []
    for column in table.persons:
        form = _form(column)
        sql = f"SELECT DISTINCT {form} FROM {mysql(table.source_name)} WHERE {form} IS NOT NULL"  # noqa: S608
        there = (value for (value,) in rows(connection, sql))
        theirs = [value for value in there if pseudonyms.mark("person", _text(value, column)) in marks]
        if theirs:
            values = ", ".join(f"'{value}'" if _is_text(column) else str(int(value)) for value in theirs)
            parts.append(f"COALESCE({form} NOT IN ({values}), TRUE)")
    if not parts:
        return Aside(listed)
    condition = " AND ".join(parts)
    sql = f"SELECT COUNT(*) FROM {mysql(table.source_name)} WHERE NOT ({condition})"  # noqa: S608
    ((count,),) = rows(connection, sql)
    return Aside(listed, condition, int(count))


def among(values: Iterable[object], listed: tuple[Erased, ...], pseudonyms: Pseudonyms) -> bool:
    """True where one of these ids is on the list."""
    marks = {entry.person for entry in listed}
    return any(pseudonyms.mark("person", value) in marks for value in values)


def stand_in(entry: Erased, column: Column) -> int | str:
    """What stands in a column of the lake for the id of an erased person: the same in all, so that joins hold."""
    return str(entry.alias) if _is_text(column) else entry.alias


def is_stand_in(table: Table, listed: tuple[Erased, ...]) -> Expression:
    """True of the rows in the lake that an erased person had."""
    from pyspark.sql import functions as F  # noqa: PLC0415

    found = F.lit(False)
    for column in table.persons if listed else ():
        values = [stand_in(entry, column) for entry in listed]
        found = found | F.coalesce(F.col(f"`{column.name}`").isin(values), F.lit(False))
    return found


def _form(column: Column) -> str:
    """An id at the source as it is compared: of a text its bytes in hex, so that no collation makes two of them one."""
    name = mysql(column.source_name)
    return f"HEX(CONVERT({name} USING utf8mb4))" if _is_text(column) else name


def _text(value: Any, column: Column) -> str:
    return bytes.fromhex(value).decode() if _is_text(column) else str(value)


def _is_text(column: Column) -> bool:
    return of(column).kind in ("text", "document")


def _drawn(listed: tuple[Erased, ...], tables: Iterable[Table]) -> int:
    taken = {entry.alias for entry in listed}
    narrow = any(of(column).spark == "int" for table in tables for column in table.persons)
    while True:
        alias = -1 - secrets.randbelow(1 << (NARROW_BITS if narrow else BITS))
        if alias not in taken:
            return alias


def _entries(lake: Lake) -> list[dict[str, Any]]:
    try:
        table = DeltaTable(f"{lake.root}/{FOLDER}", storage_options=lake.storage_options())
    except TableNotFoundError:
        return []
    found: list[dict[str, Any]] = table.to_pyarrow_dataset().to_table().sort_by("recorded_at").to_pylist()
    return found


def _append(lake: Lake, mark: str, alias: int, pseudonyms: Pseudonyms, step: str, run_id: str) -> None:
    row = {"person": mark, "alias": alias, "key": pseudonyms.key_mark, "step": step, "run_id": run_id,
           "recorded_at": datetime.now(UTC)}  # fmt: skip
    table = pa.Table.from_pylist([row], schema=SCHEMA)
    write_deltalake(f"{lake.root}/{FOLDER}", table, mode="append", storage_options=lake.storage_options())
