"""Tables begin one after the other, and none waits for one that is done with it, well or not."""

import threading

import pytest

from flows.turns import passed, turn

SECONDS = 20


def test_the_next_begins_as_soon_as_the_first_has_begun_and_not_before() -> None:
    beginning, second_begins = threading.Lock(), threading.Event()

    def second() -> None:
        with turn(beginning):
            second_begins.set()

    with turn(beginning):
        other = threading.Thread(target=second, daemon=True)
        other.start()
        assert not second_begins.wait(0.3)
        passed()
        assert second_begins.wait(SECONDS), "the first is still at work"
        other.join(SECONDS)
    assert not beginning.locked()


def test_one_that_fails_before_it_has_begun_holds_nobody_back() -> None:
    beginning = threading.Lock()

    with pytest.raises(OSError), turn(beginning):
        raise OSError

    with turn(beginning):
        passed()
        passed()
    assert not beginning.locked()
