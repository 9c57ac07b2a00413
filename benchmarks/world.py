"""A marketplace of any size, written straight into a lake as silver and history hold it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from lakehouse import delta, quality_log, silver
from lakehouse.contracts import Catalog
from lakehouse.curation import silver_type
from lakehouse.lake import Lake, Layer, State
from lakehouse.quality import Verdict

AS_OF = date(2024, 12, 31)
USERS, PLACES, ROWS_PER_FILE = 90_000, 300, 1_000_000


def pick(below: int, salt: int) -> str:
    """SQL of a number below a bound that the row's `id` decides."""
    return f"pmod(xxhash64(id, {salt}), {below})"


def one_of(values: str, salt: int) -> str:
    """SQL of one of some words, by the row's `id`."""
    words = values.split()
    return f"element_at(split('{' '.join(words)}', ' '), CAST({pick(len(words), salt)} AS INT) + 1)"


MADE = {
    "booking_id": "id",
    "user_id": pick(USERS, 1),
    "apartment_id": pick(1 << 62, 2) + " % listings + 1",
    "booking_date": "timestamp_seconds(unix_seconds(first) + id * CAST(days * 86399 AS DOUBLE) / rows)",
    "nights": f"CAST(1 + 13 * pow({pick(1000, 3)} / 1000, 3) AS INT)",
    "currency": one_of("USD USD EUR GBP INR", 4),
    "booking_status": one_of("confirmed completed completed completed canceled pending", 5),
    "payment_status": one_of("paid paid pending", 6),
    "num_guests": f"{pick(6, 7)} + 1",
}
DATED = {
    "checkin_date": f"date_add(to_date(booking_date), CAST({pick(90, 8)} AS INT))",
    "total_price": f"nights * ({pick(9000, 9)} + 4000) / 100",
    "updated_at": f"least(booking_date + make_interval(0, 0, 0, CAST({pick(60, 10)} AS INT)), last)",
}
LISTED = {
    "title": "concat('Listing ', id)",
    "source": one_of("Airbnb Zillow Craigslist Realtor", 1),
    "currency": one_of("USD USD EUR GBP", 2),
    "listing_created_on": f"timestamp_seconds(unix_seconds(first) + {pick(1 << 62, 3)} % (days * 43200))",
}
VERSIONS = {
    "price": f"(({pick(9000, 4)} + 4000) * (1 + 0.02 * nth)) / 100",
    "is_active": f"nth % 3 < 2 OR {pick(2, 5)} = 0",
    "last_modified_timestamp": "listing_created_on + make_interval(0, 0, 0, CAST(nth * 150 AS INT))",
}
ATTRIBUTES = {
    "category": one_of("Studio 1BHK 2BHK 3BHK Penthouse", 1),
    "cityname": f"concat('City ', {pick(PLACES, 2)})",
    "state": f"concat('S', {pick(PLACES, 2)} % 50)",
    "price_type": "'Monthly'",
    "body": "repeat(concat('Bright rooms ', id, '. '), 8)",
}
VIEWED = {
    "viewed_at": f"booking_date - make_interval(0, 0, 0, 0, 0, CAST({pick(57600, 11)} AS INT))",
    "is_wishlisted": f"{pick(5, 12)} = 0",
    "call_to_action": "element_at(array('Contact Agent', 'Book Now', 'Shortlisted', 'Save for Later'), "
    f"CAST({pick(4, 13)} AS INT) + 1)",
}
RATES = {"usd_per_unit": "1 + dayofyear(rate_date) / 1000", "updated_at": "CAST(rate_date AS TIMESTAMP)"}


@dataclass(frozen=True)
class World:
    """So many bookings in so many days up to AS_OF, of so many listings."""

    spark: SparkSession
    lake: Lake
    catalog: Catalog
    rows: int
    days: int
    listings: int

    def write(self) -> None:
        """Makes all tables that marts read."""
        bookings, listings = self._bookings(), self._listings()
        self._commit("silver", "bookings", bookings)
        self._commit("history", "bookings", self._booking_versions(bookings))
        self._commit("silver", "apartments", listings.where("valid_to IS NULL"))
        self._commit("history", "apartments", listings)
        self._commit("silver", "apartment_attributes", _with(self._ids(self.listings), ATTRIBUTES))
        self._commit("silver", "user_viewing", _with(bookings.where("id % 3 = 0"), VIEWED))
        self._commit("silver", "exchange_rates", self._rates())
        judged = quality_log.outcomes("bench", 0, self.catalog.tables["bookings"].table, Verdict(self.rows, {}, {}))
        quality_log.append(self.lake, judged)

    def move_a_stay(self, salt: int) -> None:
        """Commits one changed booking of the last months: a confirmed stay that is moved by a month."""
        state = self.lake.state("silver", "bookings")
        assert state is not None
        held = delta.read(self.spark, self.lake, "silver", state, "bookings")
        recent = held.where(f"booking_id > {self.rows * 9 // 10 + salt} AND booking_status = 'confirmed'")
        moved = {
            "checkin_date": F.add_months("checkin_date", 1),
            "checkout_date": F.date_add(F.add_months("checkin_date", 1), F.date_diff("checkout_date", "checkin_date")),
            "updated_at": F.col("updated_at") + F.expr("INTERVAL 1 HOUR"),
            "_seq": F.lit(state.seq + 1),
        }
        found = recent.orderBy("booking_id").limit(1).withColumns(moved).withColumn("_gone", F.lit(False)).collect()
        schema = held.withColumn("_gone", F.lit(False)).schema
        stay = self.spark.createDataFrame(found, schema)
        version = {
            "valid_from": F.col("updated_at"),
            "valid_to": F.lit(None).cast("timestamp"),
            "is_current": F.lit(True),
        }
        self._change("history", stay.drop("_deleted_at").withColumns(version), ("booking_id", "_seq"))
        self._change("silver", stay, ("booking_id",))

    def _change(self, layer: Layer, rows: DataFrame, key: tuple[str, ...]) -> None:
        before = self.lake.state(layer, "bookings")
        assert before is not None
        state = delta.next_state(f"{layer}/bookings", before, f"bench{before.seq}", delta.MERGE)
        state = replace(state, inputs={"bronze": before.inputs["bronze"] + 1})
        delta.commit(
            self.lake, layer, "bookings", state, self.spark, lambda path: silver._merge(self.spark, path, rows, key)
        )

    def _bookings(self) -> DataFrame:
        made = _with(self._ids(self.rows), MADE)
        checkout = F.expr("date_add(checkin_date, nights)")
        return _with(made, DATED).withColumn("checkout_date", checkout)

    def _booking_versions(self, bookings: DataFrame) -> DataFrame:
        """The current version of each, and of every third the one before it, which was pending."""
        stamp, no_end = F.col("updated_at"), F.lit(None).cast("timestamp")
        now = bookings.withColumns(
            {"valid_from": stamp, "valid_to": no_end, "is_current": F.lit(True), "_seq": F.lit(1)}
        )
        begun = {"updated_at": F.col("booking_date"), "booking_status": F.lit("pending"), "_seq": F.lit(0)}
        old = bookings.where("id % 3 = 0").withColumns({"valid_to": stamp, "is_current": F.lit(False), **begun})
        return now.unionByName(old.withColumn("valid_from", F.col("updated_at")))

    def _listings(self) -> DataFrame:
        """Each listing in one to four versions."""
        listed = _with(self._ids(self.listings), LISTED).withColumn(
            "nth", F.explode(F.sequence(F.lit(0), F.col("id") % 4))
        )
        dated = _with(listed, VERSIONS)
        until = F.expr("IF(nth < id % 4, last_modified_timestamp + INTERVAL 150 DAYS, NULL)")
        return dated.withColumns(
            {"valid_from": F.col("last_modified_timestamp"), "valid_to": until, "is_current": until.isNull(),
             "_seq": F.col("nth") + 1}
        )  # fmt: skip

    def _rates(self) -> DataFrame:
        every = self.spark.range(self.days).selectExpr(
            f"date_sub(DATE'{AS_OF}', CAST(id AS INT)) AS rate_date", "explode(array('EUR', 'GBP', 'INR')) AS currency"
        )
        return _with(every.where("dayofweek(rate_date) BETWEEN 2 AND 6"), RATES)

    def _ids(self, rows: int) -> DataFrame:
        last = F.lit(f"{AS_OF} 23:59:59").cast("timestamp")
        first = last - F.make_dt_interval(F.lit(self.days))
        known = {"rows": F.lit(rows), "days": F.lit(self.days), "listings": F.lit(self.listings)}
        files = max(2, rows // ROWS_PER_FILE)
        return self.spark.range(1, rows + 1, 1, files).withColumns({**known, "first": first, "last": last})

    def _commit(self, layer: Layer, name: str, rows: DataFrame) -> None:
        table = self.catalog.tables[name].table
        stamps = {"_deleted_at": "TIMESTAMP"} if layer == "silver" else {
            "valid_from": "TIMESTAMP", "valid_to": "TIMESTAMP", "is_current": "BOOLEAN"}  # fmt: skip
        wanted = {c.name: silver_type(c) for c in table.columns} | stamps | {"_seq": "BIGINT"}
        state = State(f"{layer}/{name}", 1, "bench", "build", inputs={"bronze": 1})
        shaped = _shaped(rows, {"_seq": "1"}, wanted)
        delta.commit(self.lake, layer, name, state, self.spark, delta.overwrite(shaped, feed=True))


def _with(rows: DataFrame, columns: Mapping[str, str]) -> DataFrame:
    return rows.withColumns({name: F.expr(sql) for name, sql in columns.items()})


def _shaped(rows: DataFrame, missing: Mapping[str, str], wanted: Mapping[str, str]) -> DataFrame:
    """The columns wanted, in their types; NULL, or what is said, where the rows have none."""
    held = {n: F.col(n) if n in rows.columns else F.expr(missing.get(n, "NULL")) for n in wanted}
    return rows.select(*[held[name].cast(kind).alias(name) for name, kind in wanted.items()])
