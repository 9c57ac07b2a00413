"""Thousands of steps on the model in memory; and the same rules with a protection switched off, which must fail."""

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.stateful.engine import Engine, Model
from tests.stateful.machine import Extraction

LONG = settings(
    max_examples=300, stateful_step_count=40, derandomize=True, deadline=None, database=None,
    suppress_health_check=list(HealthCheck),
)  # fmt: skip


class WithoutHorizon(Extraction):
    """Reads up to the clock, whatever is still open."""

    def make(self) -> Engine:
        return Model(uses_horizon=False)


class WithoutSwap(Extraction):
    """Commits whatever was planned, whoever came between."""

    def make(self) -> Engine:
        return Model(swaps=False)


@pytest.mark.fault("F01", "F38")
def test_no_row_is_missed_doubled_or_turned_back_in_any_order_of_events() -> None:
    run_state_machine_as_test(Extraction, settings=LONG)


@pytest.mark.parametrize("machine", [WithoutHorizon, WithoutSwap])
@pytest.mark.fault("F01", "F38", control=True)
def test_without_the_protection_the_same_rules_find_a_loss(machine: type[Extraction]) -> None:
    with pytest.raises(AssertionError):
        run_state_machine_as_test(machine, settings=LONG)
