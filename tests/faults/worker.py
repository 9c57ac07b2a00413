"""One run over the tiny world in a process of its own, which can be made to die or to wait at a named point.

Reads the world from the environment, which a test fills; prints what the run says as log lines.
"""

import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any

from pyspark import SparkContext
from sqlalchemy import create_engine

from lakehouse import delta, failures, pipeline, presentation
from lakehouse.settings import load
from lakehouse.source import reader
from lakehouse.source.horizon import Horizon
from lakehouse.warehouse import release as releases
from lakehouse.warehouse.postgres import Postgres
from lakehouse.window import micros
from tests.support.shop import CATALOG

AS_OF = date(2024, 5, 1)
FILES, WHOLE = "part-00*.parquet", b"PAR1"


def die() -> None:
    """Ends this process as the kernel would: nothing is tidied up."""
    os.kill(os.getpid(), signal.SIGKILL)


def lose_spark() -> None:
    """Ends Spark's process, as the kernel does where a container lacks memory; this one lives."""
    SparkContext._gateway.proc.kill()


def die_once_a_file_is_written() -> None:
    """Ends this process and Spark's as soon as a file of the lake is whole; what commits it is still to come."""
    lake = Path(os.environ["LAKEHOUSE_LAKE"])
    known = set(lake.rglob(FILES))

    def watch() -> None:
        while not any(file.read_bytes().endswith(WHOLE) for file in set(lake.rglob(FILES)) - known):
            time.sleep(0.001)
        lose_spark()
        die()

    threading.Thread(target=watch, daemon=True).start()


def stand_still() -> None:
    """Stops this process until somebody lets it go on."""
    os.kill(os.getpid(), signal.SIGSTOP)


def meet(gate: Path) -> None:
    """Waits until both processes are here."""
    (gate / str(os.getpid())).touch()
    end = time.monotonic() + 120
    while len(list(gate.iterdir())) < 2 and time.monotonic() < end:
        time.sleep(0.02)


def first_time(act: Callable[[], None]) -> Callable[[], None]:
    """The act, at most once."""
    left = [act]
    return lambda: left.pop()() if left else None


def around(module: Any, name: str, when: str, layer: str | None, act: Callable[[], None]) -> None:
    """Lets `act` happen before or after a function of the product, where given only on a layer."""
    original = getattr(module, name)

    def instead(*args: Any, **kwargs: Any) -> Any:
        here = layer is None or layer in args
        if here and when == "before":
            act()
        result = original(*args, **kwargs)
        if here and when == "after":
            act()
        return result

    setattr(module, name, instead)


POINTS: dict[str, tuple[Any, str, str, str | None]] = {
    "after_planning": (pipeline, "start", "after", None),
    "while_reading": (reader.Child, "give", "after", None),
    "after_staging": (reader, "stage", "after", None),
    "before_bronze": (delta, "commit", "before", "bronze"),
    "after_bronze": (delta, "commit", "after", "bronze"),
    "after_quarantine": (delta, "commit", "after", "quarantine"),
    "after_history": (delta, "commit", "after", "history"),
    "before_silver": (delta, "commit", "before", "silver"),
    "after_silver": (delta, "commit", "after", "silver"),
    "before_gold": (delta, "commit", "before", "gold"),
    "after_gold": (delta, "commit", "after", "gold"),
    "inside_warehouse": (Postgres, "stage", "after", None),
    "after_warehouse": (releases, "release", "after", None),
}


def run(mode: pipeline.Mode) -> None:
    """One run of the tiny world."""
    settings = load()
    engine = create_engine(os.environ["WORLD_WAREHOUSE"])
    opened = pipeline.start(settings, CATALOG, mode, as_of=AS_OF)
    records = [pipeline.ingest(opened, name) for name in CATALOG.tables if pipeline.pending(opened, name)]
    marts, states = presentation.build(opened, frozenset(CATALOG.marts))
    assert [mart for mart in marts if mart.error] == []
    _, proofs = presentation.publish(opened, engine, states)
    if not all(r.balanced for r in records) or not all(proofs.values()):
        sys.exit(f"not balanced: {records} {proofs}")


if __name__ == "__main__":
    logging.basicConfig(level=logging.WARNING, stream=sys.stdout)
    acts = {
        "WORLD_DIE": die,
        "WORLD_DIE_WRITING": die_once_a_file_is_written,
        "WORLD_LOSE": first_time(lose_spark),
        "WORLD_STOP": first_time(stand_still),
        "WORLD_MEET": first_time(lambda: meet(Path(os.environ["WORLD_GATE"]))),
    }
    for name, act in acts.items():
        if point := os.environ.get(name):
            around(*POINTS[point], act)
    if until := os.environ.get("WORLD_UNTIL"):  # so that a window ends before the stamps of the next day
        bound = micros(datetime.fromisoformat(until))
        pipeline.safe_horizon = lambda *_: Horizon(bound, bound, "told by the test")
    try:
        run(os.environ.get("WORLD_MODE", "reconcile"))
    except Exception as error:
        sys.exit(failures.told("the run", error))
