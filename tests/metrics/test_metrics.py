"""The marts of the generated marketplace against the plain-Python reference, before and after its next day."""

from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import create_engine

import transforms
from demo.marketplace.admin import Admin, admin_of, rows_of
from demo.marketplace.evolve import evolve, open_late
from demo.marketplace.generate import generate
from demo.report import page
from demo.report.metrics import METRICS, answer
from demo.servers.mariadb import MariaDb
from demo.servers.postgres import Postgres
from lakehouse import pipeline, presentation, recompute
from lakehouse.settings import Settings, SourceSettings
from lakehouse.window import moment
from tests.reference import MARTS, World
from tests.reference.sums import disagreements

SCALE = 0.02


def run(settings: Settings, warehouse: Postgres, mode: pipeline.Mode) -> pipeline.Run:
    """One whole run, whose proofs all balance."""
    opened = pipeline.start(settings, transforms.catalog(), mode)
    records = [pipeline.ingest(opened, name) for name in opened.catalog.tables if pipeline.pending(opened, name)]
    assert [record for record in records if not record.balanced] == []
    engine = create_engine(warehouse.url("psycopg", "warehouse"))
    marts, states = presentation.build(opened, frozenset(opened.catalog.marts))
    assert [mart for mart in marts if mart.error] == []
    _, proofs = presentation.publish(opened, engine, states)
    engine.dispose()
    assert all(proofs.values())
    return opened


def served(warehouse: Postgres, mart: str) -> list[dict]:
    """The rows of a mart as an analyst reads them."""
    engine = create_engine(warehouse.url("psycopg", "warehouse"))
    with engine.connect() as connection:
        rows = connection.exec_driver_sql(f'SELECT * FROM presentation."{mart}"').mappings().fetchall()
    engine.dispose()
    return [dict(row) for row in rows]


def counted(rows: list[dict]) -> Counter:
    """The rows, to be compared without their order."""
    return Counter(tuple(sorted(row.items())) for row in rows)


def differences(warehouse: Postgres, world: World, opened: pipeline.Run) -> dict[str, tuple]:
    """Per mart that differs from the reference, rows only there and rows only here; sums that differ among marts."""
    marts = {name: served(warehouse, name) for name in MARTS}
    found = disagreements(marts)
    for name, reference in MARTS.items():
        expected, actual = counted(reference(world, opened.as_of)), counted(marts[name])
        assert expected, name
        if expected != actual:
            found[name] = (list((expected - actual).elements())[:3], list((actual - expected).elements())[:3])
    return found


@pytest.fixture(scope="module")
def admin(source_server: MariaDb) -> Admin:
    return admin_of(source_server)


@pytest.mark.timeout(1800)
def test_each_mart_equals_the_reference_on_the_first_day_and_on_the_next(
    admin: Admin,
    source_server: MariaDb,
    warehouse_server: Postgres,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(recompute, "WORTH_ROWS", 0)
    manifest = generate(admin, SCALE)
    source = SourceSettings(
        host=admin.host, port=admin.port, user=source_server.user, password=source_server.password, tls="off",
        grace_seconds=0,
    )  # fmt: skip
    settings = Settings(source=source, lake=str(tmp_path / "lake"))
    late = open_late(admin)
    world = World()
    world.observe(rows_of(admin), datetime.now(UTC).replace(tzinfo=None))

    opened = run(settings, warehouse_server, "incremental")

    assert differences(warehouse_server, world, opened) == {}
    assert quarantined(opened) == {name: manifest.quarantined(name) for name in opened.catalog.tables}

    evolve(admin, late=late)
    opened = run(settings, warehouse_server, "reconcile")
    world.observe(rows_of(admin), moment(opened.horizon.now).replace(tzinfo=None))

    assert differences(warehouse_server, world, opened) == {}
    assert charted_otherwise(warehouse_server) == []
    states = {name: opened.lake.state("gold", name) for name in MARTS if name != "stay_nights"}
    assert len([name for name, state in states.items() if state and state.periods]) > 3  # not built whole


def charted_otherwise(warehouse: Postgres) -> list[str]:
    """Metrics whose chart in the demo's page does not hold the measures that the warehouse serves."""
    engine = create_engine(warehouse.url("psycopg", "warehouse"))
    wrong = []
    for metric in METRICS:
        rows = answer(engine, metric)
        values = page.chart(metric, rows).to_dict()["data"]["values"]
        served = [[row[name] for name in metric.y] for row in rows]
        charted = [[value[name] for name in metric.y] for value in values]
        if not rows or charted != [[n if n is None else float(n) for n in measures] for measures in served]:
            wrong.append(metric.mart)
    engine.dispose()
    return wrong


def quarantined(opened: pipeline.Run) -> dict[str, dict[str, int]]:
    """Open quarantine rows by table and rule."""
    found = {}
    for name in opened.catalog.tables:
        table = opened.lake.open("quarantine", name)
        rules = table.to_pyarrow_dataset().to_table(columns=["_rule"]).column("_rule").to_pylist()
        found[name] = dict(Counter(rules))
    return found
