"""The marketplace's past: everything that happened before today."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import date

import numpy as np

from demo.marketplace import bulk, schema
from demo.marketplace.admin import TABLES, Admin, counts, value
from demo.marketplace.calendar import Calendar
from demo.marketplace.columns import Columns, generator, height
from demo.marketplace.dirt import Effect, soil
from demo.marketplace.kinds import kinds_of, observed
from demo.marketplace.manifest import Counts, Manifest
from demo.marketplace.world import SMALLEST, tables_of

Planted = dict[str, dict[Effect, dict[str, int]]]
FUTURE = np.timedelta64(2, "D")


class NotEmptyError(RuntimeError):
    """The database already holds a marketplace."""


def generate(
    admin: Admin,
    scale: float = 1.0,
    seed: int = 7,
    today: date | None = None,
    tables: Collection[str] = TABLES,
    future_cursors: int = 0,
    progress: Callable[[str, int, int], object] = lambda *_: None,
) -> Manifest:
    """Fills an empty database; the same seed, scale and day make the same rows.

    Args:
        admin: Who may create tables.
        scale: 1 makes 5,000 listings, 60,000 bookings and 200,000 viewings.
        seed: Chooses the rows.
        today: The first day of the future; the server's UTC date by default.
        tables: The tables to fill; the rows are the same whichever others are left out.
        future_cursors: Bookings whose cursor is two days ahead.
        progress: Told the table, its rows written so far and in all.

    Raises:
        NotEmptyError: There are rows already.
        ValueError: The scale is too small to hold every kind of dirt.
    """
    if scale < SMALLEST:
        raise ValueError(f"scale must be at least {SMALLEST}, not {scale}")
    schema.create(admin)
    with admin.connect() as connection, connection.cursor() as cursor:
        _refuse_unless_empty(counts(cursor, tables), admin)
        calendar = Calendar(today or value(cursor, "SELECT UTC_DATE()"))
        made = {name: rows for name, rows in tables_of(calendar, scale, seed, tables).items() if name in tables}
        planted = soiled(calendar, made, seed)
        if future_cursors:
            made["bookings"]["updated_at"][-future_cursors:] = calendar.end + FUTURE
        for name, rows in made.items():
            done = 0
            for written in bulk.load(connection, name, rows):
                done += written
                progress(name, done, height(rows))
            connection.commit()
    return _manifest(calendar, made, planted)


def soiled(calendar: Calendar, made: dict[str, Columns], seed: int) -> Planted:
    """Plants the dirt in all these tables, and counts it."""
    kinds = kinds_of(calendar)
    return {name: soil(generator(seed, f"dirt of {name}"), kinds[name], rows) for name, rows in made.items()}


def _manifest(calendar: Calendar, made: dict[str, Columns], planted: Planted) -> Manifest:
    def of(effect: Effect) -> dict[str, Counts]:
        return {name: kinds[effect] for name, kinds in planted.items() if kinds[effect]}

    for name, rows in made.items():
        planted[name]["harmless"] |= observed(calendar, name, rows)
    return Manifest(
        today=str(calendar.today),
        rows={name: height(rows) for name, rows in made.items()},
        rejected=of("quarantined"),
        warned=of("warned"),
        harmless=of("harmless"),
    )


def _refuse_unless_empty(found: Counts, admin: Admin) -> None:
    if any(found.values()):
        raise NotEmptyError(f"database {admin.database} already holds rows: {found}")
