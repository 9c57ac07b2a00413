"""`python -m demo.marketplace`: fill a database, or play the next day; prints what must be found."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from demo.marketplace.admin import TABLES, Admin
from demo.marketplace.evolve import evolve
from demo.marketplace.generate import generate
from demo.marketplace.manifest import Manifest

PASSWORD = "MARKETPLACE_PASSWORD"  # noqa: S105 - the name of the variable


def main() -> None:
    """Reads the arguments, does the work, prints the manifest."""
    args = _arguments()
    admin = Admin(args.host, args.port, args.user, os.environ.get(PASSWORD, ""), args.database)
    if args.evolve:
        Console().print(as_table(evolve(admin, args.seed)))
        return
    with Progress() as progress:
        bars = {table: progress.add_task(table, total=None) for table in args.tables}

        def show(table: str, done: int, rows: int) -> None:
            progress.update(bars[table], completed=done, total=rows)

        manifest = generate(admin, args.scale, args.seed, tables=args.tables, progress=show)
    Console().print(as_table(manifest))


def as_table(manifest: Manifest) -> Table:
    """The manifest, a line for each fact."""
    table = Table("what", "how many", title=f"marketplace of {manifest.today}")
    for name, number in _facts("", asdict(manifest) | {"today": None}):
        table.add_row(name, f"{number:,}")
    return table


def _facts(name: str, fact: Any) -> Iterator[tuple[str, int]]:
    """Numbers under their path; keys are counted."""
    match fact:
        case dict():
            for key, value in fact.items():
                yield from _facts(f"{name} {key}".strip(), value)
        case tuple() if fact:
            yield name, len(fact)
        case int():
            yield name, fact


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m demo.marketplace", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=3306)
    parser.add_argument("--user", default="root", help=f"its password is read from {PASSWORD}")
    parser.add_argument("--database", default="marketplace")
    parser.add_argument("--scale", type=float, default=1.0, help="1 makes 5,000 listings and 60,000 bookings")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--tables", nargs="+", choices=TABLES, default=TABLES, help="fill only these")
    parser.add_argument("--evolve", action="store_true", help="play the next day instead")
    return parser.parse_args()


if __name__ == "__main__":
    main()
