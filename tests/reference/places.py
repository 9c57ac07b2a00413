"""Where a listing is: the last known city and state of its attributes, even when they are deleted."""

from tests.reference.cleaning import clean
from tests.reference.world import World

Place = tuple[str | None, str | None]
Group = tuple[str, str | None, str | None]

UNKNOWN: Place = (None, None)
TOTAL: Group = ("total", None, None)


class Places:
    """The place of each listing; unknown when it has no attributes or the latest ones are rejected."""

    def __init__(self, world: World) -> None:
        self._places: dict[int, Place] = {}
        for listing, raw in world.attributes.items():
            row = clean("apartment_attributes", raw)
            if not isinstance(row, str):
                self._places[listing] = (row["cityname"], row["state"])

    def of(self, listing: int) -> Place:
        """The listing's city and state."""
        return self._places.get(listing, UNKNOWN)

    def groups(self, listing: int) -> tuple[Group, Group]:
        """The two groups (level, city, state) a listing counts in: its place's, and the total."""
        return ("place", *self.of(listing)), TOTAL


def names_last_unknown(place: Place) -> tuple[bool, str, bool, str]:
    """Sorts places by city, then state, unknown names behind the known."""
    city, state = place
    return city is None, city or "", state is None, state or ""
