"""What a recipe is said to cost, and the way out where this machine's memory is too small."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from engine.models.family import Estimate, Machine, families
from engine.services import costs
from engine.services.costs import Load, cost_of, too_large, with_energy
from engine.services.inline import run_waiting
from engine.workspace import DatasetVersion, Workspace
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


def test_the_energy_is_that_of_a_busy_core_and_of_the_memory() -> None:
    hour = with_energy(Estimate(parameters=7, memory_bytes=10_000_000_000, seconds=3600.0))
    assert (hour.parameters, hour.memory_bytes, hour.seconds) == (7, 10_000_000_000, 3600.0)
    assert (hour.energy_wh, hour.energy_method) == (pytest.approx(12.0 + 3.725), "Green Algorithms")


def test_energy_before_and_after_are_counted_alike(
    workspace: Workspace, imported: Callable[..., DatasetVersion]
) -> None:
    version = imported(300)
    recipe = workspace.recipes.choose(version.project_id, "tfidf_svm", "quick")
    before = workspace.recipes.estimate(version.project_id, recipe)
    run = workspace.runs.submit(version.project_id, recipe)
    run_waiting(workspace.scope)
    after = workspace.runs.get(run.id).environment
    assert after is not None
    assert after["processor_seconds"] > 0
    assert after["peak_memory_bytes"] > 1e7
    assert after["energy_method"] == "Green Algorithms"
    assert after["energy_method"] == before.energy_method
    ratio = before.seconds / after["processor_seconds"]
    assert before.energy_wh / after["energy_wh"] == pytest.approx(ratio, rel=0.7), "as far off as the time is"
