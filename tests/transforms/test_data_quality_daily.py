"""How each rule fared in a run."""

from tests.transforms.worlds import World

COLUMNS = "day run_id table_name check_name rows passed quarantined pass_rate status"


def test_a_rule_has_one_row_a_run_with_what_passed_and_what_went_to_quarantine(world: World) -> None:
    given = world.given(
        quality_checks="""
        r1 2024-03-01 bookings range quarantine 10 3 0 quarantined
        r1 2024-03-01 bookings place warn       10 1 0 warned
        r2 2024-03-02 bookings range quarantine 4  0 0 passed
        """
    )

    assert given.rows("data_quality_daily", None, COLUMNS) == [
        "2024-03-01 r1 bookings place 10 9 0 0.900000 warned",
        "2024-03-01 r1 bookings range 10 7 3 0.700000 quarantined",
        "2024-03-02 r2 bookings range 4 4 0 1.000000 passed",
    ]


def test_a_table_that_a_run_judged_twice_has_one_row_a_rule_with_the_rows_of_both(world: World) -> None:
    """A step was lost after its commit and tried again, and rows had come meanwhile."""
    given = world.given(
        quality_checks="""
        r1 2024-03-01 bookings range quarantine 10 3 0 quarantined
        r1 2024-03-01 bookings range quarantine 2  0 0 passed
        """
    )

    assert given.rows("data_quality_daily", None, COLUMNS) == [
        "2024-03-01 r1 bookings range 12 9 3 0.750000 quarantined"
    ]
