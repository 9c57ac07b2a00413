"""One table's way from bronze to silver, without a source: made-up bronze, and what each part of the step took."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from benchmarks.family import Took, took
from lakehouse import bronze, delta, quality, silver
from lakehouse.contracts import Curation, Table
from lakehouse.lake import FOLDERS, Lake, State
from lakehouse.settings import SourceSettings

AT = 1_704_067_200_000_000
NOWHERE = SourceSettings(host="nowhere", user="none", password="none", database="none")
RECORD = {"_hash": "''", "_op": f"'{bronze.UPSERT}'", "_run_id": "'bench'", "_read_at": "timestamp_micros(0)"}


@dataclass(frozen=True)
class Bronze:
    """Made-up bronze of one table, which many lakes can share."""

    spark: SparkSession
    lake: Lake
    table: Table

    def add(self, values: Mapping[str, str], rows: int, before: State | None) -> State:
        """Commits a version of each of so many keys; `values` are SQL over `id`, from 1."""
        name = self.table.name
        state = replace(delta.next_state(f"bronze/{name}", before, "bench", "load"), single=before is None)
        held = {**values, **RECORD, "_seq": str(state.seq)}
        ids = self.spark.range(1, rows + 1)
        wanted = bronze.schema(self.table).fields
        shaped = [F.expr(held.get(f.name, "NULL")).cast(f.dataType).alias(f.name) for f in wanted]
        return delta.commit(self.lake, "bronze", name, state, self.spark, delta.append(ids.select(*shaped)))

    def advance(self, folder: Path, spec: Curation, states: list[State]) -> list[dict[str, Took]]:
        """What each part of the silver step took in a new lake, from one of these bronze commits to the next."""
        shared = FOLDERS["bronze"].format(self.table.name)
        (folder / shared).parent.mkdir(parents=True)
        (folder / shared).symlink_to(Path(self.lake.root) / shared)
        found = []
        for state in states:
            with parts_of_silver() as parts:
                step = lambda at=state: silver.advance(self.spark, Lake(str(folder)), spec, at, "bench", AT)  # noqa: E731
                parts["all"] = took(step)
            found.append(parts)
        return found


def identity(rows: DataFrame) -> DataFrame:
    """The declaration says all."""
    return rows


@contextmanager
def parts_of_silver() -> Iterator[dict[str, Took]]:
    """Notes what judging and each commit took, while a block lasts."""
    parts: dict[str, Took] = {}

    def noted(name: str, work: Any, *given: Any) -> Any:
        results: list[Any] = []
        parts[name] = took(lambda: results.append(work(*given)))
        return results[0]

    commit, verdict = delta.commit, quality.verdict
    with ExitStack() as patches:
        patches.enter_context(patch.object(delta, "commit", lambda *given: noted(f"commit {given[1]}", commit, *given)))
        patches.enter_context(patch.object(quality, "verdict", lambda *given: noted("judge", verdict, *given)))
        yield parts
