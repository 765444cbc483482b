"""How much may come in: counted once, given back when it did not come, and never lost."""

from __future__ import annotations

import random

import pytest

from engine.services.upload_budget import AT_ONCE_ADDRESS, AT_ONCE_SESSION, IN_FLIGHT, Claim, UploadBudget
from engine.services.upload_errors import UploadError, UploadsBusy, UploadsTooMany

MB = 1_000_000


class Clock:
    def __init__(self) -> None:
        self.at = 0.0

    def __call__(self) -> float:
        return self.at


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def budget(clock: Clock) -> UploadBudget:
    return UploadBudget(clock)


def test_one_gigabyte_may_be_on_the_way(budget: UploadBudget) -> None:
    held = [budget.admit(f"tab {i}", f"192.0.2.{i}", 200 * MB) for i in range(5)]
    with pytest.raises(UploadsBusy):
        budget.admit("tab 9", "192.0.2.9", 1)
    held[0].release()
    budget.admit("tab 9", "192.0.2.9", 200 * MB)
    assert budget.in_flight == IN_FLIGHT


def test_what_does_not_say_its_length_is_stopped_on_the_way(budget: UploadBudget) -> None:
    budget.admit("tab 1", "a", 900 * MB)
    claim = budget.admit("tab 2", "b", None)
    claim.used(100 * MB)
    with pytest.raises(UploadsBusy):
        claim.used(100 * MB + 1)
    claim.release()
    assert budget.in_flight == 900 * MB


def test_a_tab_has_five_gigabytes_an_hour_and_a_cut_upload_costs_what_came(
    budget: UploadBudget, clock: Clock
) -> None:
    for _ in range(1000):  # cut at once: nothing is used up but the number of files, which is freed by time
        clock.at += 60
        budget.admit("tab", "a", 200 * MB).release()
    for _ in range(25):
        claim = budget.admit("tab", "a", 200 * MB)
        claim.used(200 * MB)
        claim.release()
    with pytest.raises(UploadsTooMany) as caught:
        budget.admit("tab", "a", 200 * MB)
    assert caught.value.params["seconds"] == pytest.approx(144, abs=1), "200 MB at 5 GB an hour"
    budget.admit("another tab", "a", 200 * MB).release()
    clock.at += 145
    budget.admit("tab", "a", 200 * MB)


def test_many_tabs_of_one_address_share_what_the_address_has(budget: UploadBudget) -> None:
    for i in range(1000):
        budget.admit(f"tab {i}", "a", 0).release()
    with pytest.raises(UploadsTooMany):
        budget.admit("tab 1000", "a", 0)
    budget.admit("tab x", "b", 0).release()


def test_files_at_once_are_bounded_for_a_tab_and_for_an_address(budget: UploadBudget) -> None:
    for _ in range(AT_ONCE_SESSION):
        budget.admit("tab", "a", 1)
    with pytest.raises(UploadsBusy):
        budget.admit("tab", "b", 1)
    for i in range(AT_ONCE_ADDRESS - AT_ONCE_SESSION):
        budget.admit(f"tab {i}", "a", 1)
    with pytest.raises(UploadsBusy):
        budget.admit("new tab", "a", 1)


@pytest.mark.parametrize("seed", range(5))
def test_whatever_happens_nothing_is_held_in_the_end(seed: int, budget: UploadBudget, clock: Clock) -> None:
    draw = random.Random(seed)
    running: list[tuple[Claim, int]] = []
    refused = 0
    for _ in range(3000):
        clock.at += draw.random() * 5
        try:
            if draw.random() < 0.5 or not running:
                length = draw.choice([None, draw.randrange(300 * MB)])
                running.append(
                    (
                        budget.admit(f"tab {draw.randrange(9)}", f"host {draw.randrange(3)}", length),
                        length or 0,
                    )
                )
            elif draw.random() < 0.5:
                claim, length = draw.choice(running)
                claim.used(draw.randrange(length + 50 * MB))
            else:
                claim, _ = running.pop(draw.randrange(len(running)))
                claim.release()
        except UploadError:
            refused += 1
        assert 0 <= budget.in_flight <= IN_FLIGHT
    assert refused
    for claim, _ in running:
        claim.release()
    assert budget.in_flight == 0
    assert not budget.at_once
