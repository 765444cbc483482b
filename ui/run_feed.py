"""What a tab has read of a run's events so far: the page asks only for newer ones and keeps a bounded picture."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from engine.workspace import Event

MOST_BATCHES = 1000
"""Above it, every second point is dropped: the line keeps its shape and the tab its size."""

MOST_NOTES = 200
AFTER = ("packaging", "checking_parity", "evaluating")
"""Phases of a run in which no more epochs come."""
STEP, STEPS, SLOWER = 4, 5, 80.0
"""Seconds between two pictures of a run that goes on: 4 at first, one more 4 for every 80 seconds, 20 at most."""

FIRST_STEPS = 10
"""Inside the first two epochs no remaining time before that many batch events: the first ones hold the compilation."""


@dataclass(frozen=True)
class Batch:
    """A point inside an epoch: `x` counts epochs (2.5 is the middle of the third)."""

    x: float
    loss: float
    speed: float | None
    when: datetime


@dataclass(frozen=True)
class Guesses:
    """How far pretraining is: steps in all its epochs, and of the present epoch loss and share of hidden pieces guessed."""

    step: int
    steps: int
    loss: float | None
    right: float | None
    speed: float | None
    rate: float | None
    when: datetime

    @property
    def done(self) -> float:
        """Share of the steps that are behind."""
        return self.step / self.steps if self.steps else 0.0


@dataclass
class RunFeed:
    """Epochs, batch losses, phases and notes of one run, fed by `absorb`."""

    run_id: str
    last: int = 0
    attempt: int = 0
    phases: list[str] = field(default_factory=list)
    epochs: dict[int, Mapping[str, Any]] = field(default_factory=dict)
    ended: dict[int, datetime] = field(default_factory=dict)
    batches: list[Batch] = field(default_factory=list)
    notes: list[Event] = field(default_factory=list)
    memory: int | None = None
    """Bytes that the training process holds, as last reported."""
    rate: float | None = None
    """Learning rate, as last reported."""
    gradient: float | None = None
    """Length of the gradient, as last reported."""
    member: int | None = None
    """Which model of a stack the epochs are of, from 1; those of the one before it were forgotten."""
    total_epochs: int = 0
    guesses: Guesses | None = None
    """While it is pretrained, how far that is."""
    share: float | None = None
    """What is done of the present phase, where it says so."""
    started: datetime | None = None
    _guessed: Guesses | None = None
    _first: Batch | None = None
    _steps: int = 0
    _ends: list[tuple[int, datetime]] = field(default_factory=list)

    def absorb(self, events: Iterable[Event]) -> None:
        """Take in events in order; a later attempt overwrites the epochs that it repeats."""
        for event in events:
            self.last = max(self.last, event.id)
            if event.attempt > self.attempt:
                self.attempt = event.attempt
                self._first, self._steps, self._ends = None, 0, []
                self.guesses = self._guessed = None
            self.started = self.started or event.ts
            self.memory = event.payload.get("memory_bytes") or self.memory
            if event.kind != "pretraining":  # it has a rate of its own
                self.rate = event.payload.get("learning_rate") or self.rate
            self.gradient = event.payload.get("gradient_norm") or self.gradient
            if event.kind in ("epoch", "batch") and event.payload.get("member") != self.member:
                self._next_member(event.payload.get("member"))
            if event.kind in ("phase", "epoch", "batch"):
                self.guesses = self._guessed = self.share = None
            if event.kind == "phase":
                name = str(event.payload.get("name"))
                if name in self.phases:
                    self.phases.remove(name)
                self.phases.append(name)
            elif event.kind == "epoch":
                self._epoch(event)
            elif event.kind == "batch" and event.payload.get("loss") is not None:
                self._batch(event)
            elif event.kind == "pretraining":
                self._guess(event)
            elif event.kind == "progress":
                self.share = float(event.payload["fraction"])
            elif event.kind in ("note", "log"):
                self.notes = [*self.notes, event][-MOST_NOTES:]

    def _next_member(self, number: int | None) -> None:
        self.member, self.total_epochs = number, 0
        self.epochs, self.ended, self.batches = {}, {}, []
        self._first, self._steps, self._ends = None, 0, []

    def _epoch(self, event: Event) -> None:
        number = int(event.payload["epoch"])
        self.epochs = {k: v for k, v in self.epochs.items() if k < number} | {number: event.payload}
        self.ended[number] = event.ts
        self._ends.append((number, event.ts))
        self.total_epochs = int(event.payload.get("epochs") or self.total_epochs)

    def _batch(self, event: Event) -> None:
        payload = event.payload
        steps = max(1, int(payload.get("steps") or 1))
        x = int(payload["epoch"]) - 1 + int(payload.get("step") or 0) / steps
        self.total_epochs = int(payload.get("epochs") or self.total_epochs)
        if self.batches and x <= self.batches[-1].x:
            self.batches = [b for b in self.batches if b.x < x]
        speed = payload.get("examples_per_second")
        point = Batch(x=x, loss=float(payload["loss"]), speed=float(speed) if speed else None, when=event.ts)
        self.batches.append(point)
        self._first = self._first or point
        self._steps += 1
        if len(self.batches) > MOST_BATCHES:
            self.batches = self.batches[::2]

    def _guess(self, event: Event) -> None:
        payload = event.payload
        steps = int(payload["steps"])
        self.guesses = Guesses(
            (int(payload["epoch"]) - 1) * steps + int(payload["step"]), int(payload["epochs"]) * steps,
            payload.get("loss"), payload.get("right"), payload.get("examples_per_second"), payload.get("learning_rate"), event.ts,
        )  # fmt: skip
        if steps and self._guessed is None:
            self._guessed = self.guesses  # the compilation lies before it

    def pretraining_left(self) -> float | None:
        """Seconds to the last step of pretraining at the pace so far; None while too little is known."""
        first, newest = self._guessed, self.guesses
        if first is None or newest is None or newest.step <= first.step:
            return None
        pace = (newest.when - first.when).total_seconds() / (newest.step - first.step)
        return (newest.steps - newest.step) * pace

    @property
    def table(self) -> list[Mapping[str, Any]]:
        """The epochs in order."""
        return [self.epochs[k] for k in sorted(self.epochs)]

    def picture(self) -> tuple[list[Mapping[str, Any]], list[Batch]]:
        """Epochs and batch points up to the last full step of some seconds, for charts of a run that goes on.

        The browser mounts a chart anew whenever its data change, so they change no more often than that.
        """
        if self.phases and self.phases[-1] in AFTER:
            return self.table, self.batches
        newest = max([*self.ended.values(), *(b.when for b in self.batches[-1:])], default=None)
        if newest is None:
            return [], []
        passed = (newest - (self.started or newest)).total_seconds()
        step = STEP * min(STEPS, 1 + int(passed / SLOWER))
        until = newest.timestamp() // step * step
        epochs = [self.epochs[k] for k in sorted(self.epochs) if self.ended[k].timestamp() <= until]
        return epochs, [b for b in self.batches if b.when.timestamp() <= until]

    @property
    def position(self) -> float:
        """Epochs done so far, the running one counted in part."""
        done = float(max(self.epochs, default=0))
        return max(done, self.batches[-1].x if self.batches else 0.0)

    @property
    def speed(self) -> float | None:
        """Examples a second, as last reported."""
        last = next((b for b in reversed(self.batches) if b.speed), None)
        newest = max(self.epochs, default=0)
        if newest and (last is None or last.x <= newest):  # of short epochs hardly one sends a batch event
            return self.epochs[newest].get("examples_per_second") or (last.speed if last else None)
        return last.speed if last else None

    def remaining(self) -> float | None:
        """Seconds to the last epoch at the pace so far; None while too little is known.

        Short epochs send few batch events: there the time between the ends of epochs of this attempt tells.
        """
        if len(self._ends) > 1 and self.total_epochs:
            (first, begun), (last, done) = self._ends[0], self._ends[-1]
            if done > begun and last > first:
                pace = (done - begun).total_seconds() / (last - first)
                return max(0.0, (self.total_epochs - self.position) * pace)
        if self._first is None or self._steps < FIRST_STEPS or not self.total_epochs:
            seconds = self.epochs[self._ends[0][0]].get("seconds") if len(self._ends) == 1 else None
            return max(0.0, (self.total_epochs - self.position) * float(seconds)) if seconds else None
        newest = self.batches[-1]
        passed = (newest.when - self._first.when).total_seconds()
        moved = newest.x - self._first.x
        if passed <= 0 or moved <= 0:
            return None
        return max(0.0, (self.total_epochs - self.position) * passed / moved)


def best_epoch(epochs: Iterable[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """The epoch whose weights are kept, as the training itself says; else the lowest validation loss, the earlier of equals."""
    known = [e for e in epochs if e.get("val_loss") is not None]
    if not known:
        return None
    said = known[-1].get("best_epoch")
    by_number = {int(e["epoch"]): e for e in known}
    if said in by_number:
        return by_number[said]
    return min(known, key=lambda e: (float(e["val_loss"]), int(e["epoch"])))


def by_heart_since(epochs: Iterable[Mapping[str, Any]]) -> int | None:
    """The epoch since which a network only learns its train rows by heart, None while it does not.

    After its lowest value the validation loss stayed above it for two epochs or more, while the training loss fell by a tenth and below it.
    """
    known = [e for e in epochs if e.get("val_loss") is not None and e.get("loss") is not None]
    if not known:
        return None
    lowest = min(known, key=lambda e: (float(e["val_loss"]), int(e["epoch"])))
    last = known[-1]
    if int(last["epoch"]) - int(lowest["epoch"]) < 2 or float(last["loss"]) > 0.9 * float(lowest["loss"]):
        return None
    if float(last["loss"]) > float(last["val_loss"]):  # it wavers far above: nothing was learnt by heart
        return None
    return int(lowest["epoch"])


def never_fell(epochs: Iterable[Mapping[str, Any]], batches: Sequence[Batch], *, over: bool) -> bool:
    """Whether no epoch's training loss is a twentieth below that of the very first step, after three epochs or at the end."""
    losses = [float(e["loss"]) for e in epochs if e.get("loss") is not None]
    if not batches or batches[0].x >= 1 or not losses or (len(losses) < 3 and not over):
        return False
    return min(losses) > 0.95 * batches[0].loss
