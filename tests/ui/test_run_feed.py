"""What a tab keeps of a run's events."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from ui.run_feed import FIRST_STEPS, MOST_BATCHES, Batch, RunFeed, by_heart_since, never_fell

START = datetime(2026, 11, 23, tzinfo=UTC)


@dataclass
class Happened:
    id: int
    kind: str
    payload: dict[str, Any]
    ts: datetime
    attempt: int = 1


def batches(
    count: int, *, steps: int = 100, epochs: int = 10, first: int = 1, attempt: int = 1
) -> list[Happened]:
    return [
        Happened(first + i, "batch", {"epoch": i // steps + 1, "epochs": epochs, "step": i % steps + 1, "steps": steps, "loss": 1.0,
                                      "accuracy": 0.5, "examples_per_second": 200.0}, START + timedelta(seconds=i), attempt)
        for i in range(count)
    ]  # fmt: skip


def test_no_time_left_before_the_first_steps_then_the_pace_so_far() -> None:
    feed = RunFeed("r")
    feed.absorb(batches(FIRST_STEPS - 1))
    assert feed.remaining() is None
    feed.absorb(batches(150)[FIRST_STEPS - 1 :])
    assert feed.remaining() == 850, "one step a second, 1000 steps in all"
    assert feed.speed == 200


def test_short_epochs_tell_the_time_left_by_their_own_times() -> None:
    def ended(number: int, second: float) -> Happened:
        payload = {
            "epoch": number,
            "epochs": 10,
            "loss": 1.0,
            "seconds": 9.0 if number == 1 else 3.0,
            "examples_per_second": 500.0 * number,
        }
        return Happened(number, "epoch", payload, START + timedelta(seconds=second))

    feed = RunFeed("r")
    feed.absorb([ended(1, 9)])
    assert feed.remaining() == 81, "nine more like the first, the compilation with it"
    feed.absorb([ended(2, 12)])
    assert feed.remaining() == 24, "eight more of three seconds"
    feed.absorb([ended(3, 15), ended(4, 18)])
    assert feed.remaining() == 18
    assert feed.speed == 2000, (
        "of the last epoch: the only batch event may be of the first step, which compiles"
    )


def test_it_remembers_the_last_event_and_stays_bounded() -> None:
    feed = RunFeed("r")
    feed.absorb(batches(5000, steps=1000))
    assert feed.last == 5000
    assert len(feed.batches) <= MOST_BATCHES
    assert feed.batches[-1].x > 4.9


def test_a_resumed_attempt_replaces_what_it_repeats() -> None:
    feed = RunFeed("r")
    feed.absorb(batches(250))
    feed.absorb([Happened(251, "epoch", {"epoch": 2, "epochs": 10, "val_loss": 0.9}, START)])
    again = [
        Happened(300, "batch", {"epoch": 2, "epochs": 10, "step": 1, "steps": 100, "loss": 0.7}, START, 2),
        Happened(301, "epoch", {"epoch": 2, "epochs": 10, "val_loss": 0.8}, START, 2),
    ]
    feed.absorb(again)
    assert [b.x for b in feed.batches][-1] == 1.01
    assert all(a.x < b.x for a, b in zip(feed.batches, feed.batches[1:], strict=False))
    assert feed.table[-1]["val_loss"] == 0.8
    assert feed.remaining() is None, "a new attempt has a pace of its own"


def test_pretraining_is_told_by_its_steps_until_the_classes_are_learnt() -> None:
    def told(number: int, epoch: int, step: int, steps: int, second: float, **figures: float) -> Happened:
        payload = {"epoch": epoch, "epochs": 4, "step": step, "steps": steps, **figures}
        return Happened(number, "pretraining", payload, START + timedelta(seconds=second))

    feed = RunFeed("r")
    feed.absorb([told(1, 1, 0, 0, 0)])
    assert feed.guesses is not None
    assert (feed.guesses.done, feed.guesses.loss, feed.pretraining_left()) == (0, None, None)
    feed.absorb(
        [told(2, 1, 5, 50, 30, loss=6.0, learning_rate=0.1), told(3, 2, 50, 50, 49, loss=4.0, right=0.25)]
    )
    assert (feed.guesses.step, feed.guesses.steps, feed.guesses.loss, feed.guesses.right) == (
        100,
        200,
        4.0,
        0.25,
    )
    assert feed.pretraining_left() == 20, "95 steps in 19 seconds; the first ones held the compilation"
    assert not feed.table and feed.picture() == ([], [])
    feed.absorb([Happened(4, "phase", {"name": "Training"}, START)])
    assert feed.guesses is None
    assert feed.rate is None, "the classes are learnt at a rate of their own"


def test_a_run_without_epochs_has_phases_only() -> None:
    feed = RunFeed("r")
    feed.absorb(
        [Happened(1, "phase", {"name": "loading"}, START), Happened(2, "phase", {"name": "training"}, START)]
    )
    assert feed.phases == ["loading", "training"]
    assert feed.remaining() is None
    assert feed.table == []


def test_the_picture_for_charts_changes_every_few_seconds_only() -> None:
    feed, pictures = RunFeed("r"), []
    for event in batches(60):
        feed.absorb([event])
        pictures.append(len(feed.picture()[1]))
    assert len(set(pictures)) <= 16
    assert pictures == sorted(pictures)
    assert 56 <= pictures[-1] < 60, "no more than four seconds behind"
    feed.absorb([Happened(61, "phase", {"name": "packaging"}, START)])
    assert len(feed.picture()[1]) == 60, (
        "a training of a few seconds is seen whole while its model is packaged"
    )
    slow = RunFeed("s")
    slow.absorb(batches(1000))
    assert 980 <= len(slow.picture()[1]) <= 1000


def test_an_empty_feed_has_an_empty_picture() -> None:
    assert RunFeed("r").picture() == ([], [])


def test_the_members_of_a_stack_are_drawn_one_after_the_other() -> None:
    first, second = batches(150), batches(FIRST_STEPS - 1, first=151, epochs=4)
    for member, events in ((1, first), (3, second)):
        for event in events:
            event.payload["member"] = member
    feed = RunFeed("r")
    feed.absorb([*first, *second])
    assert (feed.member, feed.total_epochs, len(feed.batches)) == (3, 4, FIRST_STEPS - 1)
    assert feed.remaining() is None, "the pace of the member before says nothing"


def test_learning_by_heart_is_seen_after_two_epochs_of_it() -> None:
    losses = [(0.9, 0.8), (0.6, 0.5), (0.4, 0.6), (0.3, 0.55)]
    epochs = [{"epoch": i, "loss": a, "val_loss": b} for i, (a, b) in enumerate(losses, start=1)]
    assert [by_heart_since(epochs[:n]) for n in range(5)] == [None, None, None, None, 2]
    noisy = [*epochs[:3], {"epoch": 4, "loss": 0.7, "val_loss": 0.55}]
    assert by_heart_since(noisy) is None, "the training loss rose too"
    wild = [
        {"epoch": i, "loss": a, "val_loss": b}
        for i, (a, b) in enumerate([(85.0, 0.7), (245.0, 19.0), (15.0, 2.0)])
    ]
    assert by_heart_since(wild) is None, "a rate that is too large learns nothing, by heart or otherwise"


def test_a_loss_that_never_falls_is_seen_after_three_epochs_or_at_the_end() -> None:
    steps = [
        Batch(x=0.02, loss=0.69, speed=None, when=START),
        Batch(x=1.5, loss=90.0, speed=None, when=START),
    ]
    wild = [{"epoch": i, "loss": loss} for i, loss in enumerate([160.0, 4.2, 0.71, 13.2], start=1)]
    assert [never_fell(wild[:n], steps, over=False) for n in range(5)] == [False, False, False, True, True]
    assert never_fell(wild[:1], steps, over=True)
    good = [*wild, {"epoch": 5, "loss": 0.4}]
    assert not never_fell(good, steps, over=True)
    assert not never_fell(wild, steps[1:], over=True), "what it began with is not known"
    assert not never_fell([{"epoch": 1}], steps, over=True)


def test_what_is_done_is_that_of_the_phase_that_said_so() -> None:
    feed = RunFeed("r")
    feed.absorb([Happened(1, "phase", {"name": "checking_parity"}, START), Happened(2, "progress", {"fraction": 0.4}, START)])  # fmt: skip
    assert feed.share == 0.4
    feed.absorb([Happened(3, "phase", {"name": "evaluating"}, START)])
    assert feed.share is None
