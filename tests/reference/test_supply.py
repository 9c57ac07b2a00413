from datetime import date

from tests.reference.supply import listings
from tests.reference.worlds import seen, source
from tests.support.tables import lines, render


def versions(world):
    return [
        {"price": version.row["price"], "valid_from": version.valid_from, "valid_to": version.valid_to}
        for listing in listings(world)
        for version in listing.versions
    ]


def state(price="100.00", changed="2024-01-01", origin="Airbnb"):
    return source(
        apartments=f"""
        | id | price   | last_modified_timestamp | source   |
        | 1  | {price} | {changed}               | {origin} |
    """
    )


def test_a_version_holds_until_the_next_ones_cursor():
    expected = """
        | price  | valid_from          | valid_to            |
        | 100.00 | 2024-01-01 00:00:00 | 2024-01-05 09:00:00 |
        | 120.00 | 2024-01-05 09:00:00 |                     |
    """
    unchanged, changed = state(), state("120.00", "2024-01-05 09:00")
    world = seen(("2024-01-02", unchanged), ("2024-01-04", unchanged), ("2024-01-06", changed))
    assert render(versions(world), expected) == lines(expected)


def test_of_two_versions_with_one_cursor_value_the_later_seen_counts():
    expected = """
        | price  | valid_from          | valid_to |
        | 120.00 | 2024-01-01 00:00:00 |          |
    """
    world = seen(("2024-01-02", state()), ("2024-01-03", state("120.00")))
    assert render(versions(world), expected) == lines(expected)


def test_a_version_seen_later_overrules_one_with_a_later_cursor():
    expected = """
        | price  | valid_from          | valid_to |
        | 120.00 | 2024-01-01 09:00:00 |          |
    """
    first, second = state("110.00", "2024-01-01 10:00"), state("120.00", "2024-01-01 09:00")
    world = seen(("2024-01-02", first), ("2024-01-03", second))
    assert render(versions(world), expected) == lines(expected)


def test_a_rejected_version_in_between_is_as_if_never_seen():
    expected = """
        | price  | valid_from          | valid_to            |
        | 100.00 | 2024-01-01 00:00:00 | 2024-01-05 00:00:00 |
        | 120.00 | 2024-01-05 00:00:00 |                     |
    """
    world = seen(
        ("2024-01-02", state()),
        ("2024-01-04", state("110.00", "2024-01-03", origin="Nobody")),
        ("2024-01-06", state("120.00", "2024-01-05")),
    )
    assert render(versions(world), expected) == lines(expected)


def test_a_rejected_latest_version_takes_the_whole_history_out():
    world = seen(("2024-01-02", state()), ("2024-01-04", state("110.00", "2024-01-03", origin="Nobody")))
    assert listings(world) == []


def test_a_rejected_version_repaired_at_the_same_cursor_brings_the_history_back():
    expected = """
        | price  | valid_from          | valid_to            |
        | 100.00 | 2024-01-01 00:00:00 | 2024-01-03 00:00:00 |
        | 110.00 | 2024-01-03 00:00:00 |                     |
    """
    world = seen(
        ("2024-01-02", state()),
        ("2024-01-04", state("110.00", "2024-01-03", origin="Nobody")),
        ("2024-01-05", state("110.00", "2024-01-03")),
    )
    assert render(versions(world), expected) == lines(expected)


def test_a_deletion_ends_the_last_version_and_a_return_begins_a_new_one():
    expected = """
        | price  | valid_from          | valid_to            |
        | 100.00 | 2024-01-01 00:00:00 | 2024-01-03 08:00:00 |
        | 100.00 | 2024-01-05 00:00:00 |                     |
    """
    world = seen(
        ("2024-01-02", state()),
        ("2024-01-03 08:00", source()),
        ("2024-01-04", source()),
        ("2024-01-06", state(changed="2024-01-05")),
    )
    (listing,) = listings(world)
    assert render(versions(world), expected) == lines(expected)
    assert [listing.live_on(date(2024, 1, day)) for day in (2, 3, 4, 5)] == [True, False, False, True]


def test_the_state_at_the_end_of_a_day_is_the_days():
    """Off at 09:00 on the 5th, on again at 23:00: live. Off at 00:00 of the 7th: not on the 7th."""
    flat = "| id | is_active | last_modified_timestamp |\n| 1 | {} | {} |"
    world = seen(
        ("2024-01-02", source(apartments=flat.format(1, "2024-01-01"))),
        ("2024-01-05 10:00", source(apartments=flat.format(0, "2024-01-05 09:00"))),
        ("2024-01-06", source(apartments=flat.format(1, "2024-01-05 23:00"))),
        ("2024-01-08", source(apartments=flat.format(0, "2024-01-07 00:00"))),
    )
    (listing,) = listings(world)
    assert [listing.live_on(date(2024, 1, day)) for day in (4, 5, 6, 7)] == [True, True, True, False]


def test_before_the_first_known_version_it_is_assumed_from_the_creation_on():
    flat = "| id | listing_created_on | last_modified_timestamp |\n| 1 | 2024-01-02 15:00 | 2024-01-05 |"
    (listing,) = listings(seen(("2024-01-06", source(apartments=flat))))
    assert [(span.first, span.last, span.assumed) for span in listing.live] == [
        (date(2024, 1, 2), date(2024, 1, 4), True),
        (date(2024, 1, 5), date.max, False),
    ]
