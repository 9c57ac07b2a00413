from tests.reference.bookings import all_bookings
from tests.reference.calendar import month_start
from tests.reference.cleaning import Row
from tests.reference.money import rounded, spread
from tests.reference.world import World


def stay_nights(world: World) -> list[Row]:
    """One row per night of each confirmed stay, its price and its dollars spread over them to the cent.

    Nights and bookings to come are in it too. A booking without a rate has nights without dollars.
    """
    rows = []
    for booking in all_bookings(world):
        if not booking.is_confirmed or not booking.nights:
            continue
        count = len(booking.nights)
        amounts = spread(rounded(booking.price, 2), count)
        usds = [None] * count if booking.usd is None else spread(booking.usd, count)
        for night, amount, usd in zip(booking.nights, amounts, usds, strict=True):
            rows.append(
                {
                    "booking_id": booking.id,
                    "apartment_id": booking.listing,
                    "user_id": booking.user,
                    "booked_on": booking.booked_on,
                    "night": night,
                    "amount": amount,
                    "currency": booking.currency,
                    "usd": usd,
                    "month_start": month_start(night),
                }
            )
    return rows
