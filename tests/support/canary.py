"""Everything that a run leaves behind where people look, as text, to look for secrets in it."""

from collections.abc import Iterator

import psycopg

from demo.servers.postgres import Postgres
from lakehouse.quoting import postgres as quoted
from tests.support import cloud
from tests.support.ecs import Ecs

TABLES = "SELECT schemaname, tablename FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"


def left_behind(ecs: Ecs, database: Postgres) -> Iterator[tuple[str, str]]:
    """Where, and what stands there."""
    yield from _prefect(database)
    yield from _ecs(ecs)
    for file in ecs.folder.glob("*.log"):
        yield file.name, file.read_text(errors="replace")
    for arn in ecs.agent.started:
        yield f"output of {arn}", ecs.agent.text(arn)


def places(ecs: Ecs, database: Postgres, canary: str) -> list[str]:
    """Where a text is found."""
    return sorted({where for where, text in left_behind(ecs, database) if canary in text})


def _prefect(database: Postgres) -> Iterator[tuple[str, str]]:
    """Every row of every table of Prefect: blocks, logs, artifacts, parameters, states, variables, events."""
    address = database.url("psycopg", "prefect").replace("+psycopg", "")
    with psycopg.connect(address) as connection, connection.cursor() as cursor:
        for schema, name in cursor.execute(TABLES).fetchall():
            table = f"{quoted(schema)}.{quoted(name)}"
            for (row,) in cursor.execute(f"SELECT t::text FROM {table} t").fetchall():
                yield f"table {name}", row


def _ecs(ecs: Ecs) -> Iterator[tuple[str, str]]:
    client, logs = cloud.client(ecs.server, "ecs"), cloud.client(ecs.server, "logs")
    for arn in client.list_task_definitions()["taskDefinitionArns"]:
        yield f"definition {arn}", str(client.describe_task_definition(taskDefinition=arn))
    tasks = [*ecs.agent.started, *ecs.agent.refused]
    yield "tasks", str(client.describe_tasks(cluster=ecs.agent.cluster, tasks=tasks, include=["TAGS"]))
    group = ecs.outputs["RunsLogName"]
    for stream in logs.describe_log_streams(logGroupName=group)["logStreams"]:
        name = stream["logStreamName"]
        yield f"log {name}", str(logs.get_log_events(logGroupName=group, logStreamName=name)["events"])
