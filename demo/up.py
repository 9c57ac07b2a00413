"""`python -m demo.up`: starts everything of the demo and leaves it running; again finds it running."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from demo import schemas
from demo.marketplace.admin import admin_of
from demo.marketplace.generate import NotEmptyError, generate
from demo.servers import stack
from demo.servers.process import ServerError
from demo.servers.stack import Stack
from deployments import pools, warehouse

FOLDER = Path(".demo")
DEPLOYMENT = "marketplace/marketplace-dev"
SCALE = 0.1
SETUP_SECONDS = 180


def up(folder: Path, scale: float = SCALE) -> Stack:
    """The servers of this folder: those that run, else fresh ones with a marketplace, a deployment and its worker.

    Also writes the settings that point at them to the file `env` in the folder.
    """
    servers = stack.running(folder) or _fresh(folder)
    try:
        with suppress(NotEmptyError):
            generate(admin_of(servers.source), scale)
        schemas.make(servers)
        set_up(servers)
        servers = stack.with_worker(servers, folder, pools.LOCAL.name, LAKEHOUSE_WAREHOUSE_BLOCK=warehouse.BLOCK)
    except BaseException:
        servers.stop()
        raise
    stack.write_private(folder / "env", environment_lines(servers))
    return servers


def _fresh(folder: Path) -> Stack:
    stack.stop(folder)
    return stack.start(folder)


def set_up(servers: Stack) -> None:
    """Makes the Prefect server know the block, the work pool and the deployment.

    Raises:
        ServerError: The set-up failed.
    """
    done = subprocess.run(
        [sys.executable, "-m", "cli.main", "setup"],
        cwd=Path(__file__).parents[1],
        env={**os.environ, **servers.environment()},
        capture_output=True,
        text=True,
        timeout=SETUP_SECONDS,
        check=False,
    )
    if done.returncode:
        raise ServerError(f"the set-up of Prefect failed:\n{(done.stdout + done.stderr)[-1500:]}")


def environment_lines(servers: Stack) -> str:
    """The settings, one `NAME=value` a line, as a shell or an `.env` file reads them."""
    return "".join(f"{name}={shlex.quote(value)}\n" for name, value in servers.environment().items())


def announcement(servers: Stack, folder: Path) -> str:
    """Where everything is, for the person at the terminal."""
    source, target = servers.source, servers.warehouse
    return f"""\
Prefect UI   {servers.prefect.url}
to try       Deployments, {DEPLOYMENT}, Run; a worker is waiting for it
source       MariaDB {source.host}:{source.port}, database {source.database}, user {source.user}
warehouse    PostgreSQL {target.host}:{target.port}, database {target.database}, user {target.user}
schemas      once connected, the tables of each layer; a run fills them
{schemas.told()}
lake         {servers.lake}
logs         {folder}

Settings, also in {folder / "env"} (set -a; . {folder / "env"}; set +a):
{environment_lines(servers)}
`make down` stops everything."""


def main() -> None:
    """Starts what does not run and tells where it is."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # an interrupted start takes its servers along
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a worker inherits a deaf ear, and then never stops
    folder = FOLDER.resolve()
    print(announcement(up(folder, float(os.environ.get("DEMO_SCALE", SCALE))), folder))


if __name__ == "__main__":
    main()
