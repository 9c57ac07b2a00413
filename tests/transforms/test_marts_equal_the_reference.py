"""Every mart of drawn worlds is what the plain-Python reference says."""

from collections import Counter
from datetime import date

from hypothesis import HealthCheck, Phase, given, settings
from pyspark.sql import SparkSession

from tests.reference import MARTS, World, stay_nights
from tests.reference.drawn import worlds
from tests.transforms.drawn import Silver

WORLDS = 3


def differences(silver: Silver, world: World, as_of: date) -> dict[str, tuple[list, list]]:
    """Per mart that differs: rows only the reference has, rows only the mart has."""
    found = {}
    pairs = {name: (silver.mart(name, as_of), reference(world, as_of)) for name, reference in MARTS.items()}
    pairs["stay_nights"] = (silver.frame("stay_nights"), stay_nights(world))
    for name, (frame, rows) in pairs.items():
        expected = Counter(tuple(row.items()) for row in rows)
        actual = Counter(tuple(row.asDict().items()) for row in frame.collect())
        if expected != actual:
            found[name] = (list((expected - actual).elements())[:3], list((actual - expected).elements())[:3])
    return found


@settings(
    max_examples=WORLDS,
    derandomize=True,
    deadline=None,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@given(drawn=worlds())
def test_every_mart_of_a_drawn_world_equals_the_reference(spark: SparkSession, drawn: tuple[World, date]) -> None:
    world, as_of = drawn
    silver = Silver(spark, world)
    try:
        assert differences(silver, world, as_of) == {}
    finally:
        silver.release()
