"""The five tables of the marketplace, as its application would declare them."""

from __future__ import annotations

from demo.marketplace.admin import Admin

TOUCHED = "TIMESTAMP(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6) ON UPDATE CURRENT_TIMESTAMP(6)"

COLUMNS = {
    "apartments": {
        "id": "BIGINT NOT NULL",
        "title": "VARCHAR(255)",
        "source": "VARCHAR(50)",
        "price": "DECIMAL(10,2)",
        "currency": "CHAR(3)",
        "listing_created_on": "DATETIME",
        "is_active": "TINYINT(1)",
        "last_modified_timestamp": TOUCHED,
    },
    "apartment_attributes": {
        "id": "BIGINT NOT NULL",
        "category": "VARCHAR(20)",
        "body": "TEXT",
        "amenities": "TEXT",
        "bathrooms": "DECIMAL(3,1)",
        "bedrooms": "INT",
        "fee": "DECIMAL(10,2)",
        "has_photo": "TINYINT(1)",
        "pets_allowed": "TINYINT(1)",
        "price_display": "VARCHAR(32)",
        "price_type": "VARCHAR(20)",
        "square_feet": "INT",
        "address": "VARCHAR(255)",
        "cityname": "VARCHAR(100)",
        "state": "VARCHAR(50)",
        "latitude": "DECIMAL(9,6)",
        "longitude": "DECIMAL(9,6)",
    },
    "user_viewing": {
        "user_id": "BIGINT NOT NULL",
        "apartment_id": "BIGINT NOT NULL",
        "viewed_at": "TIMESTAMP(6) NOT NULL",
        "is_wishlisted": "TINYINT(1)",
        "call_to_action": "VARCHAR(20)",
    },
    "bookings": {
        "booking_id": "BIGINT NOT NULL",
        "user_id": "BIGINT",
        "apartment_id": "BIGINT",
        "booking_date": "TIMESTAMP NULL DEFAULT NULL",
        "checkin_date": "DATE",
        "checkout_date": "DATE",
        "total_price": "DECIMAL(12,2)",
        "currency": "CHAR(3)",
        "booking_status": "VARCHAR(20)",
        "payment_status": "VARCHAR(20)",
        "num_guests": "INT",
        "updated_at": TOUCHED,
    },
    "exchange_rates": {
        "currency": "CHAR(3) NOT NULL",
        "rate_date": "DATE NOT NULL",
        "usd_per_unit": "DECIMAL(18,8)",
        "updated_at": TOUCHED,
    },
}
KEYS = {
    "apartments": "PRIMARY KEY (id), KEY by_last_modified_timestamp (last_modified_timestamp)",
    "apartment_attributes": "PRIMARY KEY (id)",
    "user_viewing": "PRIMARY KEY (user_id, apartment_id, viewed_at), KEY by_viewed_at (viewed_at)",
    "bookings": "PRIMARY KEY (booking_id), KEY by_updated_at (updated_at)",
    "exchange_rates": "PRIMARY KEY (currency, rate_date), KEY by_updated_at (updated_at)",
}


def create(admin: Admin) -> None:
    """Makes the database and its tables where they are missing."""
    connection = admin.connect_to_server()
    with connection, connection.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE IF NOT EXISTS `{admin.database}` CHARACTER SET utf8mb4")
        connection.select_db(admin.database)
        for name, columns in COLUMNS.items():
            declared = ", ".join(f"{column} {declaration}" for column, declaration in columns.items())
            cursor.execute(f"CREATE TABLE IF NOT EXISTS {name} ({declared}, {KEYS[name]}) CHARACTER SET utf8mb4")
