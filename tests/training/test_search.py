"""What is tried next: searches over declared fields, their pruning and importances, and the ladder of families."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from engine.models.family import Estimate
from engine.models.text.case_network import CaseNetworkParams
from engine.models.text.tfidf_svm import TfidfSvm
from engine.params import Params, param, read_params
from engine.training.ladder import Climbed, Rung, order, recommended, skip
from engine.training.search import (
    NothingToSearch,
    Trial,
    front,
    importances,
    propose,
    searchable,
    usual,
)


class Toy(Params):
    rate: float = param(0.5, "rate", "rate", low=1e-4, high=10.0, scale="log")
    depth: int = param(3, "depth", "depth", low=1, high=12)
    kind: str = param("plain", "kind", "kind")
    extra: bool = param(False, "extra", "extra")
    idle: float = param(0.5, "idle", "idle", low=0.0, high=1.0)


BASE = Toy().model_dump()
NAMES = ["rate", "depth", "extra", "idle"]


def value(params: Any) -> float:
    return float(1 - abs(math.log10(params["rate"]) + 2) / 4 - 0.02 * abs(params["depth"] - 8))


def search(trials: int, seed: int = 1) -> list[Trial]:
    done: list[Trial] = []
    for number in range(trials):
        found = propose("toy", Toy, BASE, NAMES, done, seed=seed)
        done.append(
            Trial(number, "toy", found.params, "done", value(found.params), size=100 + number, latency=0.1)
        )
    return done


def test_the_first_trial_is_what_stands_in_the_form() -> None:
    assert propose("toy", Toy, BASE, NAMES, [], seed=0).params == BASE


def test_it_finds_better_than_chance() -> None:
    best = [max(t.score or 0 for t in search(40, seed)) for seed in range(3)]
    random = np.random.default_rng(0)
    drawn = [
        max(value({"rate": 10 ** random.uniform(-4, 1), "depth": random.integers(1, 13)}) for _ in range(40))
        for _ in range(30)
    ]
    assert np.mean(best) > np.mean(drawn)
    assert min(best) > 0.9


def test_the_same_trials_give_the_same_proposal_and_a_running_one_is_seen() -> None:
    done = search(12)
    first, second = (propose("toy", Toy, BASE, NAMES, done, seed=1).params for _ in range(2))
    assert first == second
    running = [*done, Trial(12, "toy", first, "running")]
    assert propose("toy", Toy, BASE, NAMES, running, seed=1).params != first


def test_every_proposal_is_valid_and_dependents_move_only_where_they_apply() -> None:
    base = CaseNetworkParams().model_dump()
    names = [spec.name for spec in searchable(CaseNetworkParams)]
    done: list[Trial] = []
    for number in range(15):
        params = propose("case_network", CaseNetworkParams, base, names, done, seed=3).params
        assert read_params(CaseNetworkParams, params, "case_network")
        if params["input"] == "tfidf":
            assert params["embedding_size"] == base["embedding_size"]
        done.append(Trial(number, "case_network", params, "done", number / 20))


def test_what_is_searched_by_default() -> None:
    assert "learning_rate" in usual(CaseNetworkParams)
    assert not {"epochs", "patience", "watch", "optimizer"} & set(usual(CaseNetworkParams))
    assert usual(TfidfSvm().Params)


def test_nothing_to_search_is_said() -> None:
    with pytest.raises(NothingToSearch):
        propose("toy", Toy, BASE, ["kind", "no such field"], [], seed=0)


def test_a_hopeless_trial_is_given_up_and_a_good_one_is_not() -> None:
    done = [
        Trial(i, "toy", BASE, "done", 0.8, {epoch: 0.5 + epoch / 20 for epoch in range(1, 7)})
        for i in range(5)
    ]
    bad = propose("toy", Toy, BASE, NAMES, done, seed=0)
    assert not bad.hopeless(1, 0.1)
    assert bad.hopeless(2, 0.1)
    good = propose("toy", Toy, BASE, NAMES, done, seed=0)
    assert not any(good.hopeless(epoch, 0.6 + epoch / 20) for epoch in range(1, 7))
    never = propose("toy", Toy, BASE, NAMES, done, seed=0, pruning="none")
    assert not any(never.hopeless(epoch, 0.0) for epoch in range(1, 7))


def test_importances_name_what_decided() -> None:
    assert importances(Toy, NAMES, search(5)) == {}
    found = importances(Toy, NAMES, search(60))
    assert sum(found.values()) == pytest.approx(1)
    assert max(found, key=lambda name: found[name]) == "rate"


def test_the_front_holds_what_nothing_beats() -> None:
    def trial(number: int, score: float, size: int, latency: float) -> Trial:
        return Trial(number, "toy", BASE, "done", score, size=size, latency=latency)

    trials = [
        trial(0, 0.9, 100, 1.0),
        trial(1, 0.8, 10, 1.0),
        trial(2, 0.7, 10, 2.0),
        trial(3, 0.9, 100, 1.0),
    ]
    assert front([*trials, Trial(4, "toy", BASE, "failed")]) == [0, 1, 3]


def rung(name: str, seconds: float, tensorflow: bool = True, pretrained: bool = False) -> Rung:
    return Rung(name, Estimate(1, 1, seconds), tensorflow, pretrained)


def test_the_ladder_climbs_from_cheap_to_dear_and_pretrained_last() -> None:
    rungs = [rung("bert", 5, pretrained=True), rung("cnn", 30), rung("svm", 2, False), rung("bag", 10)]
    assert [r.family for r in order(rungs)] == ["svm", "bag", "cnn", "bert"]


def test_the_ladder_stops_where_it_does_not_pay() -> None:
    svm = Climbed("svm", 0.9, 1000, 0.1, (-0.01, 0.0))
    bag, cnn = Climbed("bag", 0.8, 10, 0.1, (0.05, 0.15)), Climbed("cnn", 0.85, 500, 0.1, (0.01, 0.08))
    scratch = ["bag", "cnn", "rnn"]
    assert skip(rung("rnn", 100), [svm, bag], scratch, 99) == "budget"
    assert skip(rung("rnn", 100), [svm, bag], scratch, 101) is None
    assert skip(rung("rnn", 100), [svm, bag, cnn], scratch, 101) == "hopeless"
    assert skip(rung("bert", 100, pretrained=True), [svm, bag, cnn], scratch, 101) is None


def test_the_smallest_inside_the_interval_of_the_best_is_recommended() -> None:
    best = Climbed("bert", 0.91, 90_000, 0.5, (0.0, 0.0))
    near, far = Climbed("svm", 0.90, 2000, 0.1, (-0.005, 0.02)), Climbed("nb", 0.85, 100, 0.1, (0.03, 0.08))
    assert recommended([far, near, best]) == "svm"
    assert recommended([far, Climbed("svm", 0.88, 2000, 0.1, (0.01, 0.05)), best]) == "bert"
    assert (
        recommended([far, near, Climbed("blend", 0.905, near.size * 21 // 20, 0.1, near.behind), best])
        == "blend"
    )
    assert recommended([]) is None
