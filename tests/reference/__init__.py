"""The metrics once more, slow and obvious, by their definitions alone: the lakehouse must agree."""

from tests.reference.average_booking_duration_weekly import average_booking_duration_weekly
from tests.reference.average_listing_price_weekly import average_listing_price_weekly
from tests.reference.booking_funnel_weekly import booking_funnel_weekly
from tests.reference.bookings_per_user_weekly import bookings_per_user_weekly
from tests.reference.cancellations_monthly import cancellations_monthly
from tests.reference.gross_booking_value_daily import gross_booking_value_daily
from tests.reference.guest_cohorts_monthly import guest_cohorts_monthly
from tests.reference.listing_performance_monthly import listing_performance_monthly
from tests.reference.market_performance_monthly import market_performance_monthly
from tests.reference.occupancy_rate_monthly import occupancy_rate_monthly
from tests.reference.popular_locations_weekly import popular_locations_weekly
from tests.reference.price_index_monthly import price_index_monthly
from tests.reference.repeat_customer_rate_daily import repeat_customer_rate_daily
from tests.reference.stay_nights import stay_nights
from tests.reference.supply_monthly import supply_monthly
from tests.reference.top_listings_weekly import top_listings_weekly
from tests.reference.world import World

MARTS = {
    mart.__name__: mart
    for mart in (
        average_booking_duration_weekly,
        average_listing_price_weekly,
        booking_funnel_weekly,
        bookings_per_user_weekly,
        cancellations_monthly,
        gross_booking_value_daily,
        guest_cohorts_monthly,
        listing_performance_monthly,
        market_performance_monthly,
        occupancy_rate_monthly,
        popular_locations_weekly,
        price_index_monthly,
        repeat_customer_rate_daily,
        supply_monthly,
        top_listings_weekly,
    )
}

__all__ = [
    "MARTS",
    "World",
    "average_booking_duration_weekly",
    "average_listing_price_weekly",
    "booking_funnel_weekly",
    "bookings_per_user_weekly",
    "cancellations_monthly",
    "gross_booking_value_daily",
    "guest_cohorts_monthly",
    "listing_performance_monthly",
    "market_performance_monthly",
    "occupancy_rate_monthly",
    "popular_locations_weekly",
    "price_index_monthly",
    "repeat_customer_rate_daily",
    "stay_nights",
    "supply_monthly",
    "top_listings_weekly",
]
