"""An erasure in the marketplace itself: every mart says the same of everybody, under another number."""

from collections import Counter
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import Engine, create_engine

import transforms
from demo.marketplace.admin import admin_of
from demo.marketplace.generate import generate
from demo.servers.mariadb import MariaDb
from demo.servers.postgres import Postgres
from lakehouse import erasure, pipeline, presentation
from lakehouse.settings import PrivacySettings, Settings, SourceSettings

SCALE = 0.02
WHO = "user_id"


def said(engine: Engine, marts: list[str]) -> dict[str, Counter]:
    """All rows of each mart in the warehouse, without who."""
    found = {}
    with engine.connect() as connection:
        for mart in marts:
            rows = connection.exec_driver_sql(f'SELECT * FROM presentation."{mart}"').mappings()
            found[mart] = Counter(tuple(v for name, v in row.items() if name != WHO) for row in rows)
    return found


@pytest.mark.long
def test_no_row_of_any_mart_changes_but_for_the_number_of_the_person(
    source_server: MariaDb, warehouse_server: Postgres, tmp_path: Path
) -> None:
    admin = admin_of(source_server, "privacy")
    generate(admin, SCALE)
    source = SourceSettings(
        host=source_server.host, port=source_server.port, user=source_server.user, password=source_server.password,
        database=admin.database, tls="off",
    )  # fmt: skip
    key = PrivacySettings(key=SecretStr("a key of more than sixteen letters"))
    settings, catalog = Settings(source=source, lake=str(tmp_path / "lake"), privacy=key), transforms.catalog()
    engine = create_engine(warehouse_server.url("psycopg", "warehouse"))
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP SCHEMA IF EXISTS presentation CASCADE")
    run = pipeline.start(settings, catalog)
    assert all(pipeline.ingest(run, table).balanced for table in catalog.tables)
    _, states = presentation.build(run, frozenset(catalog.marts))
    presentation.publish(run, engine, states)
    marts = [name for name, recipe in catalog.marts.items() if recipe.mart.layer == "presentation"]
    before = said(engine, marts)
    with admin.connect() as connection, connection.cursor() as cursor:
        cursor.execute(
            "SELECT user_id FROM bookings WHERE user_id IS NOT NULL GROUP BY 1 ORDER BY COUNT(*) DESC LIMIT 1"
        )
        ((person,),) = cursor.fetchall()

    receipt = erasure.erase(settings, catalog, engine, str(person))

    rows = {(line.layer, line.name): line.rows for line in receipt.lines}
    assert rows["bronze", "bookings"] > 1 and rows["bronze", "user_viewing"] > 0
    assert sum(sum(c.values()) for c in before.values()) > 1000
    assert {mart: found for mart, found in said(engine, marts).items() if found != before[mart]} == {}
    again = pipeline.start(settings, catalog, "reconcile")
    records = [pipeline.ingest(again, table) for table in ("bookings", "user_viewing")]
    assert [(r.balanced, r.new, r.deleted, r.suppressed > 0) for r in records] == [(True, 0, 0, True)] * 2
    with admin.connect_to_server() as connection, connection.cursor() as cursor:
        cursor.execute(f"DROP DATABASE {admin.database}")
    engine.dispose()
