"""Whether a model that learns a local language forgets the language at large.

The loss of guessing hidden pieces of some general texts, which pretraining never reads, before it and after; the pieces are the same
both times, so the difference of each text is a pair.
"""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from engine.errors import N_
from engine.models.family import FloatArray, IntArray
from engine.models.features.tokens import TokenRows
from engine.models.hiding import Marks, hide

MOST_HELD, FEWEST_HELD = 200, 10
"""General texts that the check asks, at most, and without which it says nothing."""

_AT_ONCE = 32


class Guesses(Protocol):
    """What can guess, see `engine.training.pretraining.Guesser`."""

    def losses(
        self, shown: NDArray[np.int32], places: IntArray, hidden: NDArray[np.int32]
    ) -> NDArray[np.float32]: ...


def held_out(rows: IntArray, seed: int) -> tuple[IntArray, IntArray]:
    """A fifth of the general rows, at most `MOST_HELD`, for the check; the others may be read."""
    shuffled = np.random.default_rng([seed, 3]).permutation(rows)
    return np.split(shuffled, [min(len(rows) // 5, MOST_HELD)])  # type: ignore[return-value]


def general_losses(
    guesser: Guesses, marks: Marks, tokens: TokenRows, rows: IntArray, seed: int
) -> FloatArray:
    """The mean loss of a guess in each of the texts `rows` that has a piece to guess; the same pieces at every call."""
    found = [np.zeros(0)]
    for at in range(0, len(rows), _AT_ONCE):
        batch = tokens[rows[at : at + _AT_ONCE]]
        shown, places, hidden = hide(batch, marks, np.random.default_rng([seed, 4, at]))
        text, losses = places // batch.shape[1], guesser.losses(shown, places, hidden)
        counts = np.bincount(text, minlength=len(batch))
        found.append((np.bincount(text, losses, len(batch)) / np.maximum(counts, 1))[counts > 0])
    return np.concatenate(found)


def verdict(before: FloatArray, after: FloatArray, known: bool) -> dict[str, Any]:
    """What the check found, as a message and its placeholders.

    Args:
        before, after: of `general_losses`.
        known: whether the model has the head with which it guessed in its own training; with a new one, the loss from before
            says nothing.
    """
    if not known:
        return {"message": N_("The forgetting check says nothing here: this foundation model comes without the head that guessed hidden pieces in its own training."), "params": {}}  # fmt: skip
    if len(before) < FEWEST_HELD:
        return {"message": N_("The forgetting check needs at least {needed} general texts with something to guess; it had {n}. Bring five times as many."), "params": {"needed": FEWEST_HELD, "n": len(before)}}  # fmt: skip
    change = after - before
    mean, margin = float(change.mean()), 1.96 * float(change.std(ddof=1)) / len(change) ** 0.5
    if mean - margin > 0:
        message = N_(
            "Forgetting check on {n} general texts that were not read: the loss of guessing hidden pieces rose from {before} to {after}, by {change} (95 %: {low} to {high}). The model forgot some of the language at large; more general texts or a smaller learning rate of pretraining would keep it."
        )
    elif mean + margin < 0:
        message = N_(
            "Forgetting check on {n} general texts that were not read: the loss of guessing hidden pieces fell from {before} to {after}, by {change} (95 %: {low} to {high}). The model forgot nothing of the language at large, it guesses it better."
        )
    else:
        message = N_(
            "Forgetting check on {n} general texts that were not read: the loss of guessing hidden pieces went from {before} to {after}, by {change} (95 %: {low} to {high}). That may be chance: no forgetting is shown."
        )
    figures = {
        "before": before.mean(),
        "after": after.mean(),
        "change": mean,
        "low": mean - margin,
        "high": mean + margin,
    }
    return {
        "message": message,
        "params": {"n": len(before), **{name: f"{value:.3f}" for name, value in figures.items()}},
    }
