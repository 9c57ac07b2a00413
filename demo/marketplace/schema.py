"""The five source tables."""

from __future__ import annotations

from demo.marketplace.admin import Admin

DDL = """
CREATE TABLE apartments (
  id BIGINT PRIMARY KEY, title VARCHAR(255), source VARCHAR(50), price DECIMAL(10,2), currency CHAR(3),
  listing_created_on DATETIME, is_active BOOLEAN,
  last_modified_timestamp TIMESTAMP(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6) ON UPDATE CURRENT_TIMESTAMP(6),
  KEY (last_modified_timestamp));
CREATE TABLE apartment_attributes (
  id BIGINT PRIMARY KEY, category VARCHAR(20), body TEXT, amenities TEXT, bathrooms DECIMAL(3,1), bedrooms INT,
  fee DECIMAL(10,2), has_photo BOOLEAN, pets_allowed BOOLEAN NULL, price_display VARCHAR(32),
  price_type VARCHAR(20), square_feet INT, address VARCHAR(255), cityname VARCHAR(100), state VARCHAR(100),
  latitude DECIMAL(9,6), longitude DECIMAL(9,6));
CREATE TABLE user_viewing (
  user_id BIGINT, apartment_id BIGINT, viewed_at TIMESTAMP(6) NOT NULL, is_wishlisted BOOLEAN,
  call_to_action VARCHAR(20), PRIMARY KEY (user_id, apartment_id, viewed_at), KEY (viewed_at));
CREATE TABLE bookings (
  booking_id BIGINT PRIMARY KEY, user_id BIGINT, apartment_id BIGINT, booking_date TIMESTAMP NULL,
  checkin_date DATE, checkout_date DATE, total_price DECIMAL(12,2), currency CHAR(3),
  booking_status VARCHAR(20), payment_status VARCHAR(20), num_guests INT,
  updated_at TIMESTAMP(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6) ON UPDATE CURRENT_TIMESTAMP(6),
  KEY (updated_at));
CREATE TABLE exchange_rates (
  currency CHAR(3), rate_date DATE, usd_per_unit DECIMAL(18,8),
  updated_at TIMESTAMP(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6) ON UPDATE CURRENT_TIMESTAMP(6),
  PRIMARY KEY (currency, rate_date), KEY (updated_at))
"""


def create(admin: Admin) -> None:
    """Makes the tables in an empty database."""
    with admin.connect() as connection, connection.cursor() as cursor:
        for statement in DDL.split(";"):
            cursor.execute(statement)
