"""`python -m demo.up`: starts the servers of the demo and leaves them running; again finds them running."""

from __future__ import annotations

import shlex
import signal
import sys
from pathlib import Path

from demo.servers import stack
from demo.servers.stack import Stack

FOLDER = Path(".demo")


def up(folder: Path) -> Stack:
    """The servers of this folder: those that run, else fresh ones.

    Also writes the settings that point at them to the file `env` in the folder.
    """
    servers = stack.running(folder)
    if servers is None:
        stack.stop(folder)
        servers = stack.start(folder)
    stack.write_private(folder / "env", environment_lines(servers))
    return servers


def environment_lines(servers: Stack) -> str:
    """The settings, one `NAME=value` a line, as a shell or an `.env` file reads them."""
    return "".join(f"{name}={shlex.quote(value)}\n" for name, value in servers.environment().items())


def announcement(servers: Stack, folder: Path) -> str:
    """Where everything is, for the person at the terminal."""
    source, target = servers.source, servers.warehouse
    return f"""\
Prefect UI   {servers.prefect.url}
source       MariaDB {source.host}:{source.port}, database {source.database}, user {source.user}
warehouse    PostgreSQL {target.host}:{target.port}, database {target.database}, user {target.user}
lake         {servers.lake}
logs         {folder}

Settings, also in {folder / "env"} (set -a; . {folder / "env"}; set +a):
{environment_lines(servers)}
`make down` stops everything."""


def main() -> None:
    """Starts what does not run and tells where it is."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # an interrupted start takes its servers along
    folder = FOLDER.resolve()
    print(announcement(up(folder), folder))


if __name__ == "__main__":
    main()
