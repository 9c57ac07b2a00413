"""`python -m demo.marketplace.bench`: how long three million bookings take on an embedded MariaDB."""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

from demo.marketplace.admin import admin_of
from demo.marketplace.generate import generate
from demo.servers import mariadb

SCALE, LIMIT_SECONDS = 50, 90


def main() -> None:
    """Makes them, tells how long it took, and fails where that is too long."""
    with tempfile.TemporaryDirectory(prefix="lakehouse-bench-") as folder:
        server = mariadb.start(Path(folder))
        try:
            began = time.monotonic()
            manifest = generate(admin_of(server), SCALE, tables=("bookings",))
            seconds = time.monotonic() - began
        finally:
            server.stop()
    print(f"{manifest.rows['bookings']:,} bookings in {seconds:.1f} s (limit {LIMIT_SECONDS} s)")
    if seconds > LIMIT_SECONDS:
        sys.exit("error: that took too long")


if __name__ == "__main__":
    main()
