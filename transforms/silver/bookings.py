"""Bookings: one row per reservation, updated in place while its status changes for months."""

from pyspark.sql import DataFrame

from lakehouse.checks import between, quarantine, references
from lakehouse.contracts import Column, Cursor, OneOf, Table

STATUSES = OneOf(("confirmed", "pending", "canceled", "completed"), aliases=(("cancelled", "canceled"),))
PAYMENTS = OneOf(("paid", "pending", "failed", "refunded"))

TABLE = Table(
    name="bookings",
    description="A reservation of a listing by a guest, with every version it had.",
    key=("booking_id",),
    strategy=Cursor("updated_at"),
    history=True,
    columns=(
        Column("booking_id", "BIGINT", nullable=False, meaning="Reservation number"),
        Column("user_id", "BIGINT", meaning="Guest who booked", pii="identifier"),
        Column("apartment_id", "BIGINT", meaning="Listing number, of a listing that may not have come yet"),
        Column("booking_date", "TIMESTAMP", meaning="When the booking was made, UTC"),
        Column("checkin_date", "DATE", meaning="Day of the first night"),
        Column("checkout_date", "DATE", meaning="Day of departure, which is no night"),
        Column("total_price", "DECIMAL(12,2)", nullable=False, meaning="Whole stay, in `currency`"),
        Column("currency", "STRING", stored="CHAR(3)", meaning="Currency of the price, ISO 4217"),
        Column("booking_status", "STRING", stored="VARCHAR(20)", meaning="Its state", spelling=STATUSES),
        Column("payment_status", "STRING", stored="VARCHAR(20)", meaning="Payment", spelling=PAYMENTS),
        Column("num_guests", "INT", meaning="Number of persons"),
        Column("updated_at", "TIMESTAMP", stored="TIMESTAMP(6)", nullable=False, meaning="Last change, UTC"),
    ),
    checks=(
        quarantine("checkout_after_checkin", "checkout_date > checkin_date"),
        between("total_price", 0, None, name="price_not_negative"),
        between("num_guests", 1, None, "warn", name="guests_positive"),
        references("apartment_id", "apartments", "id", name="listing_known"),
    ),
)


def curate(rows: DataFrame) -> DataFrame:
    """The declaration says all."""
    return rows
