"""The forgetting check: which texts it asks, the same guesses twice, and what it says of the difference."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from engine.models.features.tokens import TokenRows
from engine.models.hiding import Marks
from engine.training.forgetting import MOST_HELD, general_losses, held_out, verdict

MARKS = Marks(4, np.arange(5, 100, dtype=np.int32))


class Guesser:
    """Its loss is the number of the token that it was to guess."""

    def losses(self, shown: Any, places: Any, hidden: Any) -> Any:
        return hidden.astype(np.float32)


def test_a_fifth_of_the_general_texts_is_held_out_and_never_more_than_needed() -> None:
    for count, expected in ((0, 0), (40, 8), (5000, MOST_HELD)):
        held, others = held_out(np.arange(count) + 7, seed=1)
        assert len(held) == expected
        assert sorted([*held, *others]) == list(range(7, count + 7))


def test_each_text_has_the_mean_loss_of_its_guesses_the_same_every_time() -> None:
    same = [[2, *[10 + number] * 30, 3] for number in range(50)]  # whatever is hidden of a text is one token
    tokens = TokenRows.of([[2, 3], *same])
    found = general_losses(Guesser(), MARKS, tokens, np.arange(51), seed=3)
    assert set(found) <= set(range(10, 60)), "a text without a word has nothing to guess"
    assert len(found) > 45
    assert np.array_equal(found, general_losses(Guesser(), MARKS, tokens, np.arange(51), seed=3))


@pytest.mark.parametrize(
    ("change", "said"), [(0.5, "forgot some"), (-0.5, "forgot nothing"), (0.0, "may be chance")]
)
def test_a_change_is_called_one_only_outside_its_interval(change: float, said: str) -> None:
    random = np.random.default_rng(0)
    before = random.normal(3, 1, 100)
    after = before + change + random.normal(0, 0.5, 100)
    found = verdict(before, after, known=True)
    assert said in found["message"]
    figures = {name: float(value) for name, value in found["params"].items()}
    assert figures["n"] == 100
    assert figures["low"] < figures["change"] < figures["high"]
    assert (figures["low"] <= 0 <= figures["high"]) == ("chance" in said)
    assert "{" not in found["message"].format_map(found["params"])


def test_nothing_is_said_without_the_old_head_or_with_too_few_texts() -> None:
    few, many = np.ones(5), np.ones(50)
    assert "without the head" in verdict(many, many, known=False)["message"]
    assert verdict(few, few, known=True)["params"] == {"needed": 10, "n": 5}
