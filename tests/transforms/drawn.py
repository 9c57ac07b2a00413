"""What silver makes of an observed world, in plain Python, as frames."""

from datetime import date, datetime
from typing import Any

import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.pandas.types import to_arrow_schema
from pyspark.sql.types import StructType

from tests.reference.cleaning import clean
from tests.reference.world import Seen, World
from tests.transforms.worlds import SCHEMAS
from transforms import catalog

Row = dict[str, Any]
CURSORS = {"apartments": "last_modified_timestamp", "bookings": "updated_at"}


class Silver:
    """The frames of a world; those that are used by several marts are made once."""

    def __init__(self, spark: SparkSession, world: World) -> None:
        self.frames = {name: framed(spark, SCHEMAS[name], found) for name, found in silver(world).items()}

    def frame(self, name: str) -> DataFrame:
        """A silver table, or a mart that others read."""
        if name not in self.frames:
            self.frames[name] = self.mart(name, None).persist()
        return self.frames[name]

    def mart(self, name: str, as_of: date | None) -> DataFrame:
        """A mart of this world as of a day."""
        recipe = catalog().marts[name]
        day = {} if as_of is None else {"as_of": as_of}
        return recipe.build(**{i: self.frame(i) for i in recipe.inputs}, **day)

    def release(self) -> None:
        """Forgets what was kept."""
        for frame in self.frames.values():
            frame.unpersist()


def silver(world: World) -> dict[str, list[Row]]:
    """The rows of each table."""
    return {
        "bookings": current("bookings", world.bookings),
        "bookings_history": history("bookings", world.bookings),
        "apartments_history": history("apartments", world.apartments),
        "apartment_attributes": cleaned("apartment_attributes", world.attributes.values()),
        "user_viewing": world.live("user_viewing"),
        "exchange_rates": world.live("exchange_rates"),
    }


def framed(spark: SparkSession, ddl: str, rows: list[Row]) -> DataFrame:
    """The rows as a frame, by way of Arrow: so Spark knows how small it is."""
    schema = StructType.fromDDL(ddl)
    return spark.createDataFrame(pa.Table.from_pylist(rows, to_arrow_schema(schema, timezone="UTC")), schema)


def cleaned(table: str, rows: Any) -> list[Row]:
    found = [clean(table, row) for row in rows]
    return [row for row in found if not isinstance(row, str)]


def current(table: str, seen: dict[int, list[Seen]]) -> list[Row]:
    """The latest version of each row, clean, deleted ones too."""
    return [
        row | {"_deleted_at": version.deleted_at}
        for version in (versions[-1] for versions in seen.values())
        for row in cleaned(table, [version.row])
    ]


def history(table: str, seen: dict[int, list[Seen]]) -> list[Row]:
    """All clean versions of the rows whose latest is clean, each with the time for which it held."""
    return [
        row
        for versions in seen.values()
        if not isinstance(clean(table, versions[-1].row), str)
        for row in _versions(table, versions)
    ]


def _versions(table: str, versions: list[Seen]) -> list[Row]:
    events: list[tuple[Row | None, datetime]] = []
    for version, following in zip(versions, [*versions[1:], None], strict=True):
        row = clean(table, version.row)
        if isinstance(row, str):  # neither it nor its deletion is in the history
            continue
        events.append((row, row[CURSORS[table]]))
        if version.deleted_at and (following is None or following.deleted_at != version.deleted_at):
            events.append((None, version.deleted_at))
    starts = [max(at for _, at in events[: n + 1]) for n in range(len(events))]
    ends = [*starts[1:], None]
    return [
        row | {"valid_from": start, "valid_to": end, "_seq": number}
        for number, ((row, _), start, end) in enumerate(zip(events, starts, ends, strict=True))
        if row is not None
    ]
