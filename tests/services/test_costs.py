"""What a recipe is said to cost, and the way out where this machine's memory is too small."""

from __future__ import annotations

import pytest

from engine.models.family import Machine, families
from engine.services import costs
from engine.services.costs import Load, cost_of, too_large
from tests.models.toys import toy_facts

LOAD = Load(toy_facts(20_000), guessed=0, copying=0.0)


def test_batches_that_fit_learn_the_same_way(monkeypatch: pytest.MonkeyPatch) -> None:
    family = families.get("transformer")
    params = family.Params(batch_size=1024, max_length=512, embedding_size=256)
    needed = cost_of(family, params, LOAD).memory_bytes
    assert too_large(family, params, LOAD) is None or needed > costs.machine().memory_bytes
    monkeypatch.setattr(costs, "machine", lambda: Machine(2, needed // 3))
    found = too_large(family, params, LOAD)
    assert found is not None and found.smaller is not None
    smaller = family.Params(**found.smaller)
    assert smaller.batch_size * smaller.accumulate == 1024  # type: ignore[attr-defined]
    assert cost_of(family, smaller, LOAD).memory_bytes <= found.available == needed // 3
    assert too_large(family, smaller, LOAD) is None


@pytest.mark.parametrize("name", ["transformer", "tfidf_svm"])
def test_where_no_batch_helps_none_is_offered(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(costs, "machine", lambda: Machine(2, 10_000_000))
    found = too_large(families.get(name), families.get(name).Params(), LOAD)
    assert found is not None and found.smaller is None


def test_copies_that_a_model_makes_take_their_time() -> None:
    family = families.get("tfidf_svm")
    alone, copied = (
        cost_of(family, family.Params(), Load(LOAD.facts, guessed, copying))
        for guessed, copying in ((0, 0.0), (500, 90.0))
    )
    assert copied.seconds > 90 + 2 * alone.seconds
