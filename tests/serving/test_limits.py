"""Token buckets with a clock of one's own: how much, how often, and for whom."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from engine.serving import limits as module
from engine.serving.errors import TooManyRequests
from engine.serving.limits import MISSES, SHUT_SECONDS, Buckets, Limits, Rate


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def limits(clock: Clock) -> Limits:
    return Limits(clock, factor=1)


def granted(limits: Limits, demo: str, visitor: str, tries: int, what: str = "predict") -> int:
    count = 0
    for _ in range(tries):
        try:
            getattr(limits, what)(demo, visitor)
        except TooManyRequests:
            continue
        count += 1
    return count


def test_a_visitor_gets_a_burst_and_then_thirty_a_minute(limits: Limits, clock: Clock) -> None:
    assert granted(limits, "d", "v", 100) == 20
    with pytest.raises(TooManyRequests) as caught:
        limits.predict("d", "v")
    assert caught.value.params["seconds"] == 2
    clock.now += 1.9
    assert granted(limits, "d", "v", 5) == 0
    clock.now += 0.2
    assert granted(limits, "d", "v", 5) == 1
    got = 0
    for _ in range(60):
        clock.now += 1
        got += granted(limits, "d", "v", 5)
    assert got == 30
    clock.now += 3600
    assert granted(limits, "d", "v", 100) == 20


def test_a_demo_answers_ten_a_second_whoever_asks(limits: Limits, clock: Clock) -> None:
    assert sum(granted(limits, "d", f"v{k}", 1) for k in range(100)) == 20
    clock.now += 1
    assert sum(granted(limits, "d", f"w{k}", 1) for k in range(100)) == 10


def test_a_flooded_demo_leaves_the_others_alone(limits: Limits) -> None:
    granted(limits, "flooded", "attacker", 5000)
    for k in range(200):
        granted(limits, "flooded", f"bot{k}", 20)
    assert granted(limits, "quiet", "v", 20) == 20


def test_what_a_demo_refuses_costs_its_visitor_nothing(limits: Limits) -> None:
    for k in range(20):
        limits.predict("d", f"v{k}")
    assert granted(limits, "d", "late", 50) == 0
    assert granted(limits, "other", "late", 50) == 20


def test_feedback_has_its_own_buckets_and_room_for_a_thousand(limits: Limits, clock: Clock) -> None:
    granted(limits, "d", "v", 100)
    assert granted(limits, "d", "v", 100, "feedback") == 60
    assert sum(granted(limits, "d", f"v{k}", 20, "feedback") for k in range(100, 150)) == 940
    clock.now += 1
    assert sum(granted(limits, "d", f"w{k}", 1, "feedback") for k in range(500)) == 100


def test_twenty_wrong_links_shut_a_visitor_out_for_ten_minutes(limits: Limits, clock: Clock) -> None:
    for _ in range(MISSES):
        limits.admit("guesser")
        limits.missed("guesser")
    with pytest.raises(TooManyRequests) as caught:
        limits.admit("guesser")
    assert caught.value.params["seconds"] == SHUT_SECONDS
    limits.admit("neighbour")
    clock.now += SHUT_SECONDS - 1
    with pytest.raises(TooManyRequests):
        limits.admit("guesser")
    clock.now += 1
    limits.admit("guesser")
    for _ in range(MISSES - 1):
        limits.missed("guesser")
    limits.admit("guesser")


def test_a_mistyped_link_now_and_then_shuts_nobody_out(limits: Limits, clock: Clock) -> None:
    for _ in range(200):
        limits.missed("clumsy")
        limits.admit("clumsy")
        clock.now += 31


def test_memory_is_bounded(limits: Limits, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    buckets = Buckets(Rate(1, 2), most=100)
    for k in range(1000):
        buckets.take(f"v{k}", clock())
    assert len(buckets) == 100
    monkeypatch.setattr(module, "MOST", 10)
    for k in range(100):
        for _ in range(MISSES):
            limits.missed(f"v{k}")
    assert len(limits._shut) == 10


def test_a_clock_that_goes_back_gives_nothing(limits: Limits, clock: Clock) -> None:
    granted(limits, "d", "v", 20)
    clock.now -= 100
    assert granted(limits, "d", "v", 5) == 0


def test_threads_share_a_bucket_exactly(limits: Limits) -> None:
    with ThreadPoolExecutor(16) as pool:
        counts = pool.map(lambda k: granted(limits, "d", f"v{k}", 50, "feedback"), range(50))
    assert sum(counts) == 1000


def test_the_operator_may_widen_the_limits(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BENTU_DEMO_RATE", "3")
    limits = Limits(clock)
    assert granted(limits, "d", "v", 100) == 60
    for _ in range(3 * MISSES):
        limits.admit("class")
        limits.missed("class")
    with pytest.raises(TooManyRequests):
        limits.admit("class")


def test_a_long_text_costs_as_many_tokens_as_the_short_ones_it_weighs(limits: Limits, clock: Clock) -> None:
    limits.predict("d", "v", 20_000)
    limits.predict("d", "v", 20_000)
    with pytest.raises(TooManyRequests) as caught:
        limits.predict("d", "v", 20_000)
    assert caught.value.params["seconds"] == 20
    clock.now += 20
    limits.predict("d", "v", 20_000)
    assert granted(limits, "d", "v", 1) == 0
