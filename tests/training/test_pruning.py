"""Candidates are given up at the rungs of successive halving and Hyperband, and a search does give them up so."""

from __future__ import annotations

from collections import Counter

import pytest

from engine.params import Params, param
from engine.training.pruning import bracket, halved
from engine.training.search import Pruning, Trial, propose

CURVES = [{epoch: 0.5 + place / 100 + epoch / 100 for epoch in range(1, 28)} for place in range(8)]
"""Eight that went all the way; the last one is the best throughout."""


class Toy(Params):
    rate: float = param(0.5, "rate", "rate", low=1e-4, high=10.0, scale="log")
    epochs: int = param(27, "epochs", "epochs", low=1, high=100)


def test_at_a_rung_the_best_third_goes_on() -> None:
    assert halved(1, 0.3, CURVES, 27)
    assert halved(3, CURVES[5][3] - 0.001, CURVES, 27), "the sixth of nine is not in the best third"
    assert not halved(3, CURVES[6][3] - 0.001, CURVES, 27), "the third of nine is"
    assert not any(halved(epoch, 0.0, CURVES, 27) for epoch in (2, 4, 5, 8, 10, 26)), (
        "between rungs nobody is"
    )
    assert halved(9, 0.0, CURVES, 27)


def test_who_reached_the_last_rung_goes_to_the_end() -> None:
    assert not halved(27, 0.0, CURVES, 27), "it has cost all it can"
    assert not halved(9, 0.0, CURVES, 10), "one epoch would be saved"
    assert halved(3, 0.0, CURVES, 10)
    assert not halved(9, 0.0, CURVES, 26, first=9), "Hyperband's last bracket gives nobody up"


def test_until_three_got_to_a_rung_all_go_on() -> None:
    assert not halved(3, 0.0, CURVES[:1], 27)
    assert halved(3, 0.0, CURVES[:2], 27)
    assert not halved(9, 0.0, [{1: 0.5, 3: 0.5}] * 8, 27), "those that were given up before do not count"


def test_rungs_begin_where_the_bracket_says() -> None:
    assert not halved(3, 0.0, CURVES, 27, first=9)
    assert halved(9, 0.0, CURVES, 27, first=9)


def test_brackets_share_the_epochs() -> None:
    counts = Counter(bracket(number, 27) for number in range(2000))
    assert sorted(counts) == [0, 1, 2, 3]
    assert counts[0] > counts[1] > counts[2] > counts[3] > 50
    assert {bracket(number, 1) for number in range(50)} == {0}
    assert {bracket(number, 8) for number in range(200)} == {0, 1}


def test_a_candidate_keeps_the_bracket_of_its_number_whatever_was_left_aside_before_it() -> None:
    early, late = (next(n for n in range(50, 99) if bracket(n, 27) == one) for one in (0, 3))
    done = [Trial(n, "toy", Toy().model_dump(), "done", 0.9, curve) for n, curve in enumerate(CURVES * 4)]
    for number, first in ((early, True), (late, False)):
        found = propose(
            "toy", Toy, Toy().model_dump(), ["rate"], done, seed=0, pruning="hyperband", number=number
        )
        assert found.hopeless(1, 0.0) is first


@pytest.mark.parametrize("pruning", ["median", "halving", "hyperband"])
def test_every_way_gives_up_a_hopeless_candidate_of_a_search_and_keeps_the_best(pruning: Pruning) -> None:
    done = [Trial(n, "toy", Toy().model_dump(), "done", 0.9, curve) for n, curve in enumerate(CURVES * 6)]

    def given_up(score: float) -> list[int]:
        found = propose("toy", Toy, Toy().model_dump(), ["rate"], done, seed=0, pruning=pruning)
        return [epoch for epoch in range(1, 28) if found.hopeless(epoch, score)]

    assert given_up(0.01) and 27 not in given_up(0.01), "one that got to its end is measured"
    assert not given_up(0.99)
    assert not propose("toy", Toy, Toy().model_dump(), ["rate"], done, seed=0, pruning="none").hopeless(
        27, 0.0
    )
