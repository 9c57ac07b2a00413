"""The window algebra, on drawn histories."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from lakehouse.window import bound, floor, micros, moment, next_window, tail

MICROS = st.integers(min_value=0, max_value=4_102_444_800_000_000)
OVERLAPS = st.timedeltas(min_value=timedelta(0), max_value=timedelta(hours=2))


@given(st.lists(MICROS, min_size=1), OVERLAPS, st.integers(0, 6))
def test_windows_cover_time_without_a_gap_and_never_move_backwards(
    horizons: list[int], overlap: timedelta, digits: int
) -> None:
    mark = 0
    for horizon in horizons:
        window = next_window(mark, horizon, overlap, digits)
        if window is None:
            assert bound(horizon, digits) <= mark
            continue
        assert window.low <= mark < window.high < horizon
        mark = window.high


@given(MICROS, MICROS, OVERLAPS)
def test_what_the_next_run_reads_again_is_the_tail_of_this_one(mark: int, horizon: int, overlap: timedelta) -> None:
    following = next_window(mark, horizon, overlap)
    if following is not None:
        assert tail(mark, overlap).low == following.low


@given(MICROS, st.integers(0, 6))
def test_precision_is_rounded_down_never_up(value: int, digits: int) -> None:
    rounded = floor(value, digits)
    assert 0 <= value - rounded < 10 ** (6 - digits)
    assert rounded % 10 ** (6 - digits) == 0


@given(MICROS, st.integers(0, 10_000_000), st.integers(0, 6))
def test_a_row_stamped_at_the_horizon_or_later_lies_above_its_bound_however_coarse_the_stamp(
    horizon: int, later: int, digits: int
) -> None:
    assert floor(horizon + later, digits) > bound(horizon, digits)


@given(MICROS)
def test_a_moment_survives_the_way_to_microseconds_and_back(value: int) -> None:
    assert micros(moment(value)) == value


def test_a_moment_without_a_zone_is_utc() -> None:
    assert micros(datetime(2024, 11, 3, 5, 30)) == micros(datetime(2024, 11, 3, 5, 30, tzinfo=UTC))
