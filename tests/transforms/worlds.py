"""Small worlds: the inputs of a mart from tables of text, and its rows as tuples."""

from dataclasses import dataclass, field
from datetime import date
from typing import Any

from pyspark.sql import DataFrame, SparkSession

from transforms import catalog

SCHEMAS = {
    "bookings": "booking_id BIGINT, user_id BIGINT, apartment_id BIGINT, booking_date TIMESTAMP, "
    "checkin_date DATE, checkout_date DATE, total_price DECIMAL(12,2), currency STRING, "
    "booking_status STRING, _deleted_at TIMESTAMP",
    "apartments_history": "id BIGINT, listing_created_on TIMESTAMP, valid_from TIMESTAMP, "
    "valid_to TIMESTAMP, price DECIMAL(10,2), currency STRING, is_active BOOLEAN, _seq BIGINT",
    "apartment_attributes": "id BIGINT, cityname STRING, state STRING, _deleted_at TIMESTAMP",
    "bookings_history": "booking_id BIGINT, booking_status STRING, valid_from TIMESTAMP, "
    "valid_to TIMESTAMP, _seq BIGINT",
    "user_viewing": "user_id BIGINT, apartment_id BIGINT, viewed_at TIMESTAMP, is_wishlisted BOOLEAN, "
    "call_to_action STRING, _deleted_at TIMESTAMP",
    "quality_checks": "run_id STRING, run_at TIMESTAMP, table STRING, check STRING, severity STRING, rows BIGINT, "
    "broken BIGINT, tolerated DOUBLE, status STRING",
    "exchange_rates": "currency STRING, rate_date DATE, usd_per_unit DECIMAL(18,8), _deleted_at TIMESTAMP",
}


@dataclass
class World:
    """What silver holds; a table that is not given is empty."""

    spark: SparkSession
    tables: dict[str, str] = field(default_factory=dict)

    def given(self, **tables: str) -> "World":
        """Tables of text: a line is a row, values as in SCHEMAS, `_` is a blank; `-` or nothing is NULL."""
        return World(self.spark, self.tables | tables)

    def frame(self, name: str) -> DataFrame:
        """A silver table, or a mart that others read."""
        if name not in SCHEMAS:
            return self.build(name, None)
        columns = [column.split(" ") for column in SCHEMAS[name].split(", ")]
        lines = [line.split() for line in self.tables.get(name, "").strip().splitlines()]
        padded = [line + ["-"] * (len(columns) - len(line)) for line in [*lines, []]]
        values = ", ".join(f"({', '.join(map(_literal, line))}, {set(line) != {'-'}})" for line in padded)
        casts = ", ".join(f"CAST(c{i} AS {kind}) AS {n}" for i, (n, kind) in enumerate(columns))
        names = ", ".join(f"c{i}" for i in range(len(columns)))
        return self.spark.sql(f"SELECT {casts} FROM VALUES {values} AS t({names}, is_row) WHERE is_row")

    def build(self, mart: str, as_of: str | None, **more: Any) -> DataFrame:
        """A mart of this world as of a day."""
        recipe = catalog().marts[mart]
        day = {} if as_of is None else {"as_of": date.fromisoformat(as_of)}
        return recipe.build(**{name: self.frame(name) for name in recipe.inputs}, **day, **more)

    def rows(self, mart: str, as_of: str | None, columns: str, where: str = "true", **more: Any) -> list[str]:
        """These columns of the rows of a mart, each row as text, in order."""
        found = self.build(mart, as_of, **more).where(where).select(*columns.split()).collect()
        return sorted(" ".join("-" if value is None else str(value) for value in row) for row in found)


def schema_of(frame: DataFrame) -> str:
    """Names and types, in order."""
    return ", ".join(f"{f.name} {f.dataType.simpleString()}" for f in frame.schema.fields)


def _literal(text: str) -> str:
    return "NULL" if text == "-" else f"'{text.replace('_', ' ')}'"
