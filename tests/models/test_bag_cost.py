"""The time that an embedding bag is said to take, held against trainings that were measured."""

from __future__ import annotations

import pytest

from engine.models.family import Dial, Facts, Machine, families

BAG = families.get("embedding_bag")
MACHINE = Machine(2, 16 * 2**30)
HAN = {"scripts": {"Han": 1.0}}


def seconds(dial: Dial, facts: Facts, **changes: object) -> float:
    params = BAG.defaults(dial, facts, MACHINE).model_copy(update=changes)
    return BAG.estimate(params, facts, MACHINE).seconds


@pytest.mark.parametrize(
    ("facts", "dial", "measured"),
    [
        (Facts(1810, 3, 191, 106.0, 226.0), "balanced", 3.4), (Facts(1810, 3, 191, 106.0, 226.0), "thorough", 4.3),
        (Facts(5984, 3, 1332, 71.0, 120.0), "balanced", 7.0), (Facts(5984, 3, 1332, 71.0, 120.0), "thorough", 14.0),
        (Facts(14172, 3, 4573, 60.0, 201.0), "balanced", 14.0), (Facts(1060, 5, 67, 1891.5, 4861.0), "quick", 6.2),
        (Facts(1060, 5, 67, 1891.5, 4861.0), "balanced", 44.8), (Facts(1021, 7, 51, 3340.0, 6869.0), "balanced", 27.2),
        (Facts(1433, 5, 221, 1744.0, 4917.0), "quick", 7.8), (Facts(9578, 2, 3194, 17.0, 69.0, HAN), "quick", 3.2),
        (Facts(9578, 2, 3194, 17.0, 69.0, HAN), "balanced", 4.6), (Facts(42165, 2, 20815, 32.0, 162.0, HAN), "quick", 26.6),
    ],
)  # fmt: skip
def test_the_estimate_is_within_a_factor_of_two(facts: Facts, dial: Dial, measured: float) -> None:
    """Processor seconds of fitting and saving on two cores: AfriSenti swa, amh, hau, MasakhaNEWS pcm, som, yor, waimai and online_shopping."""
    assert measured / 2 < seconds(dial, facts) < measured * 2


def test_without_patience_every_epoch_counts_and_long_vectors_cost_more() -> None:
    facts = Facts(1810, 3, 191, 106.0, 226.0)
    few, many = (seconds("balanced", facts, patience=0, epochs=epochs) for epochs in (10, 20))
    assert many - few == pytest.approx(few - seconds("balanced", facts, patience=0, epochs=0))
    assert seconds("balanced", facts, patience=3, epochs=20) < many
    assert seconds("balanced", facts, embedding_size=128) > 1.5 * seconds("balanced", facts)
