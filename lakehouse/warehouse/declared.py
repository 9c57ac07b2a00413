"""The tables of the warehouse that the declarations ask for, layer by layer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import replace
from functools import partial

import pyarrow as pa

from lakehouse import curation, sqltypes
from lakehouse.contracts import Catalog, Mart, MartColumn, OneOf, Table, Terminal
from lakehouse.contracts import Column as Declared
from lakehouse.warehouse.model import BYTES_PER_CHARACTER, SCHEMAS, Column, Relation, Schema, Type, parse

TEXT, BIGINT, TIME, YES = Type("text"), Type("bigint"), Type("timestamp"), Type("boolean")
HASH_BYTES = 64
RUN = Column("_run_id", Type("text", bytes=64), comment="The run that read it")
SEQ = Column("_seq", BIGINT, nullable=False, comment="The commit that brought the version; the latest holds")
RECORD = (
    Column("_hash", Type("text", bytes=32), comment="md5 of the row's canonical text"),
    Column("_op", Type("text", bytes=6), comment="`upsert`, or `delete` where the row was gone"),
    RUN,
    SEQ,
    Column("_window_low", TIME, comment="Beyond this moment the run looked for changes, UTC"),
    Column("_window_high", TIME, comment="Up to this moment the run looked for changes, UTC"),
    Column("_read_at", TIME, comment="When it was read, UTC"),
)
REJECTED = (
    Column("_rule", TEXT, comment="The first rule that the row breaks"),
    Column("_reason", TEXT, comment="All rules that it breaks"),
    RUN,
    replace(SEQ, nullable=True),
    Column("_last_seen", TIME, comment="When this version was read, UTC"),
    Column("_first_seen", TIME, comment="Since when the row has been broken, UTC"),
)
VALIDITY = (
    Column("valid_from", TIME, comment="From when the version held, UTC"),
    Column("valid_to", TIME, comment="Until when the version held, UTC; NULL: it holds"),
    Column("is_current", YES, comment="The version holds now"),
)
DELETED_AT = Column("_deleted_at", TIME, comment="When the row was found gone at the source, UTC; NULL: it lives")
LOAD_LOG = Relation(
    "presentation",
    "load_log",
    (
        Column("release", BIGINT, nullable=False, comment="Number of the release, from 1"),
        Column("run_id", TEXT, nullable=False, comment="The run that made it"),
        Column("marts", TEXT, nullable=False, comment="Each mart's commit in the lake, as JSON"),
        Column("released_at", TIME, nullable=False, comment="When it was made, UTC"),
    ),
    key=("release",),
    sort=("release",),
    comment="What each release brought; the last row says what is served.",
)
FRESHNESS = Relation(
    "presentation",
    "freshness",
    (
        Column("mart", TEXT, nullable=False, comment="A mart of this schema"),
        Column("source", TEXT, nullable=False, comment="A source table that it is made of"),
        Column("source_horizon", TIME, nullable=False, comment="Up to when the mart holds its changes, UTC"),
        Column("run_id", TEXT, nullable=False, comment="The run that proved it"),
    ),
    key=("mart", "source"),
    comment="How fresh each mart is: the horizon of each of its sources.",
)

MIRRORS = Relation(
    "presentation",
    "mirrors",
    (
        Column("mirror", TEXT, nullable=False, comment="A table of another schema that mirrors one of the lake"),
        Column("lake_commit", TEXT, nullable=False, comment="The commit of the lake that it stands at"),
        Column("columns", TEXT, nullable=False, comment="The columns that it was filled with, as JSON"),
        Column("row_count", BIGINT, nullable=False, comment="Its rows, equal to the lake's"),
        Column("checksum", Type("decimal", 38, 0), nullable=False, comment="Their checksum, equal to the lake's"),
        Column("run_id", TEXT, nullable=False, comment="The run that brought it there"),
        Column("mirrored_at", TIME, nullable=False, comment="When it was brought there, UTC"),
    ),
    key=("mirror",),
    comment="Up to which commit of the lake each table of the other schemas goes.",
)


def relations(catalog: Catalog, schemas: Collection[Schema] = SCHEMAS) -> list[Relation]:
    """Every table of these schemas, in the order of the declarations.

    Raises:
        Terminal: Two of them would have one name, or a type has no form in a warehouse; names the declaration.
    """
    found = [r for r in _all(catalog) if r.schema in schemas]
    for where, times in Counter(r.where for r in found).items():
        if times > 1:
            raise Terminal(f"warehouse table {where} is declared twice; give one of the declarations another name")
    return found


def _all(catalog: Catalog) -> Iterator[Relation]:
    tables = [spec.table for spec in catalog.tables.values()]
    yield from map(_raw, tables)
    for table in tables:
        yield _silver(table)
        if table.history:
            yield _history(table)
    yield from (of_mart(r.mart) for r in catalog.marts.values() if r.mart.columns)
    yield from (LOAD_LOG, FRESHNESS, MIRRORS)
    yield from map(_quarantine, tables)


def of_mart(mart: Mart, found: pa.Schema | None = None) -> Relation:
    """The table of a mart; its columns are those that were found where it declares none.

    Whole numbers are 64 bit, as a release carries them.
    """
    declared = tuple(map(partial(_of_mart, mart.name), mart.columns))
    columns = declared or inferred(found or ())
    kinds = {c.name: c.type.kind for c in columns}
    columns = tuple(replace(c, type=BIGINT) if c.type.kind in ("int", "smallint") else c for c in columns)
    sort = (mart.period,) if mart.period else tuple(k for k in mart.grain if kinds.get(k) == "date")[:1]
    key = tuple(dict.fromkeys((*(s for s in sort if s in mart.grain), *mart.grain)))
    known = key if set(key) <= set(kinds) else ()
    return Relation(mart.layer, mart.name, columns, known, sort, mart.description)


def inferred(found: Iterable[pa.Field]) -> tuple[Column, ...]:
    """The columns that hold what was found; whole numbers are 64 bit, as a release carries them."""
    return tuple(Column(field.name, _inferred(field.type)) for field in found)


def _of_mart(mart: str, column: MartColumn) -> Column:
    kind = _told(f"mart {mart}", column.name, partial(parse, column.type))
    return Column(column.name, kind, comment=column.meaning + (f" [{column.unit}]" if column.unit else ""))


def _inferred(kind: pa.DataType) -> Type:
    if pa.types.is_decimal(kind):
        return Type("decimal", kind.precision, kind.scale)
    if pa.types.is_timestamp(kind):
        return TIME
    named = {"int64": BIGINT, "int32": BIGINT, "date32[day]": Type("date"), "bool": YES}
    return named.get(str(kind), TEXT)


def _raw(table: Table) -> Relation:
    columns = _columns(table, _raw_type, lambda c: c.nullable or c.name not in table.key)
    key, sort = (*table.key, SEQ.name), _cursor(table)
    comment = f"{table.description} Every version, as the source had it."
    return Relation("raw_data", table.name, (*columns, *RECORD), key, sort, comment.strip())


def _silver(table: Table) -> Relation:
    columns = (*_clean(table), DELETED_AT, SEQ)
    return Relation("curated", table.name, columns, table.key, _cursor(table), table.description)


def _history(table: Table) -> Relation:
    columns, key = (*_clean(table), *VALIDITY, SEQ), (*table.key, SEQ.name)
    comment = f"{table.description} Every version, with the time in which it held."
    return Relation("curated", f"{table.name}_history", columns, key, ("valid_from",), comment.strip())


def _quarantine(table: Table) -> Relation:
    columns = _columns(table, lambda c: _silver_type(c) if c.pii != "none" else _raw_type(c), lambda _: True)
    comment = f"Rows of {table.name} that rules keep out, as they were read; personal values hashed."
    return Relation("quarantine", table.name, (*columns, *REJECTED), table.key, ("_last_seen",), comment)


def _clean(table: Table) -> tuple[Column, ...]:
    return _columns(table, _silver_type, lambda c: c.nullable, hidden=" (keyed hash)")


def _columns(
    table: Table, kind: Callable[[Declared], Type], nullable: Callable[[Declared], bool], hidden: str = ""
) -> tuple[Column, ...]:
    return tuple(
        Column(c.name, _told(f"table {table.name}", c.name, partial(kind, c)), nullable(c),
               (c.meaning + hidden * (c.pii == "personal")).strip())
        for c in table.columns
    )  # fmt: skip


def _raw_type(column: Declared) -> Type:
    found = sqltypes.of(column)
    kind = parse(found.spark)
    if kind.kind == "text" and found.length:
        return replace(kind, bytes=found.length * BYTES_PER_CHARACTER)
    return replace(kind, bytes=found.length or None) if kind.kind == "binary" else kind


def _silver_type(column: Declared) -> Type:
    """A text is as long as its source's, its keyed hash, or the longest spelling that it is given."""
    kind = parse(curation.silver_type(column))
    if kind.kind != "text":
        return kind
    if isinstance(column.spelling, OneOf):
        return replace(kind, bytes=max((len(v.encode()) for v in column.spelling.values), default=None))
    stored = _raw_type(column)
    if stored.kind != "text" or stored.bytes is None:
        return kind
    return replace(kind, bytes=max(stored.bytes, HASH_BYTES) if column.pii != "none" else stored.bytes)


def _cursor(table: Table) -> tuple[str, ...]:
    return (table.cursor.column,) if table.cursor else ()


def _told(where: str, column: str, kind: Callable[[], Type]) -> Type:
    try:
        return kind()
    except Terminal as error:
        raise Terminal(f"{where}: column {column}: {error}") from None
