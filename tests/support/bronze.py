"""A lake whose bronze a test writes itself: versions in, silver, history and quarantine out; no source."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

from pyspark.sql import DataFrame, Row, SparkSession

from lakehouse import bronze, delta, session, silver
from lakehouse.checks import between
from lakehouse.contracts import Column, Curation, Cursor, OneOf, Table
from lakehouse.lake import Lake, Layer
from lakehouse.quality import Verdict
from lakehouse.settings import Settings, SourceSettings

START = datetime(2024, 1, 1, tzinfo=UTC)
AT = 10**15
THINGS = Table(
    name="things",
    key=("id",),
    strategy=Cursor("changed_at"),
    columns=(
        Column("id", "BIGINT", nullable=False),
        Column("kind", "STRING", stored="VARCHAR(20)", spelling=OneOf(("red", "blue"))),
        Column("size", "INT"),
        Column("changed_at", "TIMESTAMP", stored="TIMESTAMP(6)", nullable=False),
    ),
    checks=(between("size", 0, 99),),
    history=True,
    max_reject_share=1.0,
)


class Version(NamedTuple):
    """A row as one bronze commit brings it; `at` in minutes, `deleted` for a tombstone."""

    id: int
    kind: str | None
    size: int | None
    at: int
    deleted: bool = False


def moment(minutes: int) -> datetime:
    return START + timedelta(minutes=minutes)


def read_at(seq: int) -> datetime:
    """The source's clock at a bronze commit."""
    return moment(1000 * seq)


def curation(table: Table, fingerprint: str = "1") -> Curation:
    return Curation(table, lambda rows: rows, fingerprint)


def spark(lake: Lake) -> SparkSession:
    source = SourceSettings(host="nowhere", user="u", password="p", database="d")
    return session.child(Settings(source=source, lake=lake.root))


@dataclass(frozen=True)
class Bench:
    """A table in a lake of its own."""

    lake: Lake
    table: Table = THINGS

    @staticmethod
    def of(folder: Path, table: Table = THINGS) -> "Bench":
        return Bench(Lake(str(folder)), table)

    def commit(self, versions: Sequence[Version]) -> None:
        """One bronze commit."""
        rows = [{"id": v.id, "kind": v.kind, "size": v.size, "changed_at": moment(v.at), "deleted": v.deleted}
                for v in versions]  # fmt: skip
        self.commit_rows(rows)

    def commit_rows(self, rows: Sequence[dict]) -> None:
        """One bronze commit of rows by column name; `deleted` marks tombstones."""
        own, before = spark(self.lake), self.lake.state("bronze", self.table.name)
        state = delta.next_state(f"bronze/{self.table.name}", before, "writer", "window")
        state = replace(state, watermark=0, fingerprint=self.table.shape)
        record = {"_hash": "", "_run_id": f"w{state.seq}", "_seq": state.seq, "_window_low": None,
                  "_window_high": None, "_read_at": read_at(state.seq)}  # fmt: skip
        made = [{**row, **record, "_op": "delete" if row.get("deleted") else "upsert"} for row in rows]
        schema = bronze.schema(self.table)
        frame = own.createDataFrame([tuple(_exact(row[f.name]) for f in schema) for row in made], schema)
        delta.commit(self.lake, "bronze", self.table.name, state, own, delta.append(frame.coalesce(1)))

    def advance(self, seq: int | None = None, spec: Curation | None = None) -> Verdict:
        """Takes silver to a bronze commit, or to the newest."""
        source = self.lake.state("bronze", self.table.name, seq)
        assert source is not None
        return silver.advance(spark(self.lake), self.lake, spec or curation(self.table), source, "run", AT)

    def behind(self, spec: Curation) -> bool:
        """Whether silver has something to do."""
        source = self.lake.state("bronze", self.table.name)
        assert source is not None
        return silver.behind(self.lake, spec, source)

    def retry(self, spec: Curation) -> Verdict | None:
        return silver.retry(spark(self.lake), self.lake, spec, "again", AT)

    def frame(self, layer: Layer) -> DataFrame:
        return spark(self.lake).read.format("delta").load(self.lake.spark_path(layer, self.table.name))

    def rows(self, layer: Layer) -> list[Row]:
        """The rows of a layer, in an order of their own."""
        return sorted(self.frame(layer).collect(), key=str)


def _exact(value: object) -> object:
    return Decimal(value) if isinstance(value, float) else value
