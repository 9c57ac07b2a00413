"""A lake whose tables of all layers a test writes itself, without Spark, and the mirrors of them."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
from deltalake import CommitProperties, write_deltalake
from sqlalchemy import Engine

from lakehouse.contracts import Catalog, Column, Curation, Cursor, Flags, Items, Table
from lakehouse.lake import Lake, Layer, State, to_json
from lakehouse.warehouse import arrow_types, mirror
from lakehouse.warehouse import ddl_postgres as ddl
from lakehouse.warehouse.mirror import Mirrored
from lakehouse.warehouse.mirrored import Place, places

THINGS = Table(
    "things", ("id", "part"), Cursor("updated_at"),
    (Column("id", "BIGINT", nullable=False), Column("part", "VARCHAR(20)", nullable=False), Column("order", "STRING"),
     Column("price", "DECIMAL(18,9)"), Column("share", "DOUBLE"), Column("tags", "ARRAY<STRING>", stored="TEXT",
                                                                         spelling=Items()),
     Column("open", "BOOLEAN", stored="VARCHAR(5)", spelling=Flags()), Column("day", "DATE"),
     Column("raw", "BINARY", stored="VARBINARY(20)"), Column("small", "SMALLINT"),
     Column("updated_at", "TIMESTAMP(6)", nullable=False)),
    history=True,
)  # fmt: skip
CATALOG = Catalog({"things": Curation(THINGS, lambda rows: rows, "1")})
Row = dict[str, Any]


def wider(table: Table = THINGS) -> Catalog:
    """The same table with a column more."""
    return Catalog(
        {"things": Curation(replace(table, columns=(*table.columns, Column("colour", "STRING"))), lambda r: r, "2")}
    )


def place(layer: Layer = "silver", catalog: Catalog = CATALOG) -> Place:
    """Where a layer of the table stands."""
    return next(found for found in places(catalog) if found.layer == layer)


@dataclass
class Layers:
    """One layer of one table in a lake, and its mirror."""

    lake: Lake
    engine: Engine
    place: Place
    run: str = "run"

    @property
    def table(self) -> str:
        return ddl.table(self.place.relation)

    @property
    def key(self) -> tuple[str, ...]:
        return self.place.relation.key

    def row(self, number: int, **values: Any) -> Row:
        """A row of this key, with a value of every type."""
        at = datetime(2024, 1, 1, 12, 0, 0, number, UTC)
        full = {
            "id": number, "part": "a", "order": f"text {number}", "price": Decimal("1.5"), "share": 0.1,
            "tags": ["x", "y"], "open": True, "day": at.date(), "raw": b"\x00\xff", "small": 7, "updated_at": at,
            "_seq": 1, "valid_from": at, "is_current": True, "_op": "upsert", "_rule": "r",
        }  # fmt: skip
        typed = {c.name: c.type.kind for c in self.place.relation.columns}
        full = {n: v if typed.get(n) != "text" or v is None else str(v) for n, v in (full | values).items()}
        return {name: full.get(name) for name in typed}

    def put(self, *rows: Row) -> State:
        """Upserts rows by key, in one commit."""
        given, at = self._rows(rows), self._next()
        table = self.lake.open(self.place.layer, self.place.name)
        if table is None:
            write_deltalake(self.path, given, commit_properties=_said(at))
        else:
            same = " AND ".join(f't."{k}" = s."{k}"' for k in self.key)
            merge = table.merge(given, same, source_alias="s", target_alias="t", commit_properties=_said(at))
            merge.when_matched_update_all().when_not_matched_insert_all().execute()
        return self.state

    def append(self, *rows: Row) -> State:
        """Puts rows beside the others, in a file of their own."""
        write_deltalake(
            self.path, self._rows(rows), mode="append", schema_mode="merge", commit_properties=_said(self._next())
        )
        return self.state

    def build(self, *rows: Row) -> State:
        """Makes these all rows."""
        said = _said(self._next())
        write_deltalake(self.path, self._rows(rows), mode="overwrite", schema_mode="overwrite", commit_properties=said)
        return self.state

    def drop(self, *numbers: int) -> State:
        """Deletes the rows of these keys."""
        table, said = self.lake.open(self.place.layer, self.place.name), _said(self._next())
        table.delete(f"id IN ({', '.join(map(str, numbers))})", commit_properties=said)
        return self.state

    @property
    def path(self) -> str:
        return self.lake.path(self.place.layer, self.place.name)

    @property
    def state(self) -> State:
        return self.lake.state(self.place.layer, self.place.name)

    def refresh(self) -> Mirrored | None:
        return mirror.refresh(self.engine, self.lake, self.place, self.run)

    def in_lake(self) -> list[Row]:
        """All rows of the lake, in the order of their keys."""
        return self._ordered(self.lake.open(self.place.layer, self.place.name).to_pyarrow_table().to_pylist())

    def mirrored(self) -> list[Row]:
        """All rows of the mirror, in the order of their keys."""
        with self.engine.connect() as connection:
            rows = connection.exec_driver_sql(f"SELECT * FROM {self.table}").mappings()
            return self._ordered(dict(row) for row in rows)

    def writers(self) -> dict[int, str]:
        """Of each row, by its id, the transaction that wrote it."""
        with self.engine.connect() as connection:
            return dict(tuple(row) for row in connection.exec_driver_sql(f"SELECT id, xmin::text FROM {self.table}"))

    def under(self, catalog: Catalog) -> "Layers":
        """The same under other declarations."""
        return replace(self, place=place(self.place.layer, catalog))

    def _rows(self, rows: Sequence[Row]) -> pa.Table:
        return pa.Table.from_pylist(list(rows), arrow_types.schema(self.place.relation))

    def _next(self) -> State:
        before = self.lake.state(self.place.layer, self.place.name)
        seq = before.seq + 1 if before else 1
        return State(f"{self.place.layer}/{self.place.name}", seq, self.run, "test")

    def _ordered(self, rows: Iterable[Row]) -> list[Row]:
        by: Callable[[Row], list[Any]] = lambda row: [row[k] for k in self.key]  # noqa: E731
        return sorted(({name: _utc(value) for name, value in row.items()} for row in rows), key=by)


def _utc(value: Any) -> Any:
    return value.astimezone(UTC) if isinstance(value, datetime) else value


def _said(state: State) -> CommitProperties:
    return CommitProperties(custom_metadata={"userMetadata": to_json(state)})
