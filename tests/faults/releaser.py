"""A process that releases gold and stops for ever at one step, for those who kill it there."""

import argparse
import sys
import time
from pathlib import Path

from sqlalchemy import Connection, create_engine, event

from lakehouse.lake import Lake
from lakehouse.warehouse import release as releases
from tests.integration.test_release import MARTS, NAMES

COMMIT, TOLD = "the commit", "it is told"


def stop() -> None:
    sys.stdout.write("stopped\n")
    sys.stdout.flush()
    time.sleep(600)


def main() -> None:
    asked = argparse.ArgumentParser()
    asked.add_argument("folder", type=Path)
    asked.add_argument("words")
    asked.add_argument("--torn", action="store_true", help="commits what it has done before it stops")
    given = asked.parse_args()
    engine = create_engine(sys.stdin.readline().strip())

    @event.listens_for(engine, "before_cursor_execute")
    def before_statement(connection: Connection, cursor: object, statement: str, *_: object) -> None:
        if given.words in statement:
            if given.torn:
                connection.connection.driver_connection.commit()
            stop()

    @event.listens_for(engine, "commit")
    def before_commit(connection: Connection) -> None:
        if given.words == COMMIT and connection.exec_driver_sql("SELECT pg_current_xact_id_if_assigned()").scalar():
            stop()

    lake = Lake(str(given.folder))
    states = {name: state for name in NAMES if (state := lake.state("gold", name))}
    releases.release(engine, lake, states, "killed", MARTS)
    if given.words == TOLD:
        stop()


if __name__ == "__main__":
    main()
