"""The machine searches: settings of one family, the ladder over families, budgets, limits, stops and deaths."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from engine.errors import NotFound
from engine.models.family import Discarded, Estimate, Family, families
from engine.params import Params
from engine.recipe import Recipe, Split
from engine.services import search_rungs, searching
from engine.services.costs import Load, cost_of
from engine.services.inline import run_waiting
from engine.services.search_more import SearchDividedAnew
from engine.services.search_records import Candidate, interrupted, trial_of
from engine.services.searches import SearchActive, SearchRival
from engine.storage.clock import now
from engine.training.ladder import ALIKE
from engine.training.search import NothingToSearch, propose, usual
from engine.workspace import DatasetVersion, Plan, Search, SearchDraft, Workspace


@pytest.fixture
def version(imported: Callable[..., DatasetVersion]) -> DatasetVersion:
    return imported(300)


def recipe_for(workspace: Workspace, version: DatasetVersion, family: str = "tfidf_svm") -> Recipe:
    return workspace.recipes.choose(version.project_id, family, "quick")


def searched(workspace: Workspace, version: DatasetVersion, family: str = "tfidf_svm", **plan: Any) -> Search:
    settings = {"minutes": 5, "most": 4, **plan}
    recipe = recipe_for(workspace, version, family)
    begun = workspace.searches.start(version.project_id, recipe, "settings", Plan(**settings), inline=True)
    assert begun.state == "queued"
    run_waiting(workspace.scope)
    return workspace.searches.get(begun.id)


def test_a_search_tries_the_form_first_and_ends_with_a_best_one(
    workspace: Workspace, version: DatasetVersion
) -> None:
    found = searched(workspace, version, most=6)
    assert found.state == "ended"
    assert [c.state for c in found.candidates] == ["done"] * 6
    assert found.candidates[0].params == found.recipe.family.params
    assert found.deadline is not None
    scores = {c.number: c.score for c in found.candidates}
    assert found.insight.best in scores
    assert scores[found.insight.best] == max(s for s in scores.values() if s is not None)
    for one in found.candidates:
        assert one.low is not None and one.score is not None and one.high is not None
        assert one.low <= one.score <= one.high
        assert one.size and one.latency and one.seconds > 0
    assert found.insight.recommended in found.insight.behind  # type: ignore[operator]
    assert set(found.insight.front) <= set(scores)
    (head,) = workspace.searches.list(version.project_id)
    assert (head.id, head.kind, head.family) == (found.id, "settings", "tfidf_svm")


def test_its_best_one_is_trained_as_any_recipe_and_scores_the_same(
    workspace: Workspace, version: DatasetVersion
) -> None:
    found = searched(workspace, version)
    best = found.candidate(found.insight.best or 0)
    run = workspace.runs.submit(
        version.project_id, workspace.searches.recipe_of(found.id, best.number), inline=True
    )
    run_waiting(workspace.scope)
    metrics = workspace.runs.get(run.id).metrics
    assert metrics is not None
    assert metrics["macro_f1"]["value"] == pytest.approx(best.score)


def test_the_test_part_is_never_looked_at(
    workspace: Workspace, version: DatasetVersion, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: set[str] = set()
    real = searching.measure

    def watched(recipe: Recipe, data: Any, training: Any, alike: Any) -> Any:
        seen.update(data.train_inputs)
        seen.update(data.validation_inputs)
        return real(recipe, data, training, alike)

    monkeypatch.setattr(searching, "measure", watched)
    searched(workspace, version, most=1)
    split = workspace.splits.current(version.id)
    assert split is not None
    assert len(seen) <= split.counts["train"] + split.counts["validation"]


def test_the_ladder_climbs_and_recommends_the_smallest_that_is_as_good(
    workspace: Workspace, version: DatasetVersion, monkeypatch: pytest.MonkeyPatch
) -> None:
    light = [family.name for family in families if not family.needs_tensorflow]
    real = searching.rungs
    monkeypatch.setattr(
        searching, "rungs", lambda *given: [rung for rung in real(*given) if rung.family in light]
    )
    recipe = recipe_for(workspace, version)
    begun = workspace.searches.start(version.project_id, recipe, "ladder", Plan(minutes=5), inline=True)
    run_waiting(workspace.scope)
    found = workspace.searches.get(begun.id)
    assert {"majority", "tfidf_svm", "tfidf_logreg"} <= {c.family for c in found.candidates}
    assert len({c.family for c in found.candidates}) == len(found.candidates)
    assert all(c.state == "done" for c in found.candidates), [c.note for c in found.candidates]
    recommended = found.candidate(found.insight.recommended or 0)
    assert recommended.family != "majority"
    assert found.insight.behind is not None
    inside = [n for n, (low, _) in found.insight.behind.items() if low <= 0]
    assert recommended.size <= ALIKE * min(found.candidate(n).size or 0 for n in inside)


def test_rungs_beyond_the_budget_are_named_and_climbed_with_more_minutes(
    workspace: Workspace, version: DatasetVersion, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slow(family: Family, params: Params, load: Load) -> Estimate:
        cost, seconds = cost_of(family, params, load), {"complement_nb": 600.0}
        return replace(
            cost, seconds=6e4 if family.needs_tensorflow else seconds.get(family.name, cost.seconds)
        )

    monkeypatch.setattr(search_rungs, "cost_of", slow)
    recipe = recipe_for(workspace, version)
    begun = workspace.searches.start(version.project_id, recipe, "ladder", Plan(minutes=5), inline=True)
    run_waiting(workspace.scope)
    found = workspace.searches.get(begun.id)
    skipped = [c for c in found.candidates if c.state == "skipped"]
    assert {c.family for c in skipped} >= {"complement_nb", "case_network", "transformer"}
    assert all(c.note and c.note["reason"] == "budget" for c in skipped)
    assert "article_listing" not in {c.family for c in found.candidates}
    left = workspace.searches.more(found.id).left
    assert left[0] == ("complement_nb", 600.0)
    assert {name for name, _ in left} == {c.family for c in skipped}
    workspace.searches.go_on(found.id, 11, found.goes, inline=True)
    run_waiting(workspace.scope)
    longer = workspace.searches.get(found.id)
    assert {c.family for c in skipped} - {c.family for c in longer.candidates if c.state == "skipped"} == {
        "complement_nb"
    }
    assert [(c.number, c.family) for c in longer.candidates] == [
        (c.number, c.family) for c in found.candidates
    ]
    assert [
        c for c in longer.candidates if c.id in {one.id for one in found.candidates if one.state == "done"}
    ] == [c for c in found.candidates if c.state == "done"]
    assert 11 < longer.plan.minutes < 12, "what it had not used of the five minutes it did not use"


def test_what_breaks_a_limit_is_not_recommended(workspace: Workspace, version: DatasetVersion) -> None:
    found = searched(workspace, version, most=3, largest=1)
    assert [c.state for c in found.candidates] == ["over"] * 3
    assert found.insight.best is None


def test_a_failing_candidate_does_not_end_the_search(
    workspace: Workspace, version: DatasetVersion, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, calls = searching.measure, iter(range(100))

    def second_fails(recipe: Recipe, data: Any, training: Any, alike: Any) -> Any:
        if next(calls) == 1:
            raise NothingToSearch(family="toy")
        return real(recipe, data, training, alike)

    monkeypatch.setattr(searching, "measure", second_fails)
    found = searched(workspace, version, most=3)
    assert [c.state for c in found.candidates] == ["done", "failed", "done"]
    assert found.candidates[1].note is not None
    assert found.candidates[1].note["error"]["code"] == "NOTHING_TO_SEARCH"


@pytest.mark.parametrize(("pruning", "after"), [("median", 2), ("halving", 1)])
def test_a_hopeless_candidate_is_pruned(
    workspace: Workspace, version: DatasetVersion, monkeypatch: pytest.MonkeyPatch, pruning: str, after: int
) -> None:
    real, calls = searching.measure, iter(range(100))

    def with_curves(recipe: Recipe, data: Any, training: Any, alike: Any) -> Any:
        good = next(calls) < 5
        for epoch in range(1, 6):
            training.report("epoch", epoch=epoch, val_macro_f1=0.5 + epoch / 10 if good else 0.1)
            if training.stop() == "discard":
                raise Discarded()
        return real(recipe, data, training, alike)

    monkeypatch.setattr(searching, "measure", with_curves)
    found = searched(workspace, version, most=6, pruning=pruning)
    assert [c.state for c in found.candidates] == [*["done"] * 5, "pruned"]
    assert dict(found.candidates[5].curve) == dict.fromkeys(range(1, after + 1), 0.1)


def test_a_double_click_makes_one_search_and_a_going_one_is_not_deleted(
    workspace: Workspace, version: DatasetVersion
) -> None:
    recipe, plan = recipe_for(workspace, version), Plan(most=1, workers=2)
    first, second = (
        workspace.searches.start(version.project_id, recipe, "settings", plan, click="one", inline=True)
        for _ in range(2)
    )
    assert first.id == second.id
    assert len(first.jobs) == 2
    with pytest.raises(SearchActive):
        workspace.searches.delete(first.id)
    workspace.searches.stop(first.id)
    assert workspace.searches.get(first.id).state == "ended"
    workspace.searches.delete(first.id)
    assert workspace.searches.list(version.project_id) == []


def test_what_goes_on_already_is_not_searched_a_second_time(
    workspace: Workspace, version: DatasetVersion
) -> None:
    recipe = recipe_for(workspace, version)
    other = recipe_for(workspace, version, "tfidf_logreg")

    def begin(asked: Recipe = recipe, kind: Any = "settings", minutes: float = 5) -> str:
        return workspace.searches.start(version.project_id, asked, kind, Plan(minutes=minutes, most=1)).id

    with ThreadPoolExecutor(4) as tabs:
        (first,) = set(tabs.map(lambda _: begin(), range(4)))
    with pytest.raises(SearchRival):
        begin(minutes=6)
    assert begin(other) != first
    ladder = begin(kind="ladder")
    assert ladder != first
    assert begin(other, kind="ladder") == ladder, "families are compared whatever the form's own is"
    assert len(workspace.searches.list(version.project_id)) == 3
    workspace.searches.stop(first)
    assert begin() != first, "one that is being stopped is not gone on with"


def test_the_form_goes_with_its_project_and_a_strange_one_is_passed_over(
    workspace: Workspace, version: DatasetVersion
) -> None:
    found = searched(workspace, version, most=1)
    left = SearchDraft(kind="settings", plan=Plan(minutes=45), varied={"tfidf_svm": ("C",)})
    workspace.searches.keep_draft(version.project_id, left)
    assert workspace.searches.draft(version.project_id) == left
    workspace.scope.cache("search_draft", version.project_id, {"of another": "release"})
    assert workspace.searches.draft(version.project_id) == SearchDraft()
    workspace.projects.delete(version.project_id)
    assert workspace.scope.cached("search_draft", version.project_id) is None
    assert workspace.scope.cached("search", found.id) is None
    with pytest.raises(NotFound):
        workspace.searches.keep_draft(version.project_id, left)


def test_a_search_goes_on_once_however_many_tabs_ask_for_it(
    workspace: Workspace, version: DatasetVersion, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, calls, late = searching.measure, iter(range(100)), [timedelta()]

    def second_is_cut(recipe: Recipe, data: Any, training: Any, alike: Any) -> Any:
        if next(calls) != 1:
            return real(recipe, data, training, alike)
        late[0] = timedelta(minutes=5)  # the budget ends while it learns
        return replace(real(recipe, data, training, alike), stopped_early=True)

    monkeypatch.setattr(searching, "measure", second_is_cut)
    monkeypatch.setattr(searching, "now", lambda: now() + late[0])
    first = searched(workspace, version, most=3)
    assert [(c.state, c.cut) for c in first.candidates] == [("done", False), ("done", True)]
    late[0] = timedelta()

    with ThreadPoolExecutor(4) as tabs:
        longer = list(tabs.map(lambda _: workspace.searches.go_on(first.id, 3, 1, inline=True), range(4)))
    assert {len(one.jobs) for one in longer} == {2}
    with pytest.raises(SearchRival):
        workspace.searches.start(version.project_id, first.recipe, "settings", Plan(minutes=9))
    run_waiting(workspace.scope)
    second = workspace.searches.get(first.id)
    assert [c.state for c in second.candidates] == ["done"] * 3
    assert second.candidates[:2] == first.candidates
    assert second.candidates[2].params == first.candidates[1].params, "what was cut short is tried once more"
    assert [c.number for c in second.done] == [0, 2]
    assert second.insight.behind is not None and set(second.insight.behind) == {0, 2}
    assert second.plan.minutes == pytest.approx(first.used + 3)
    assert second.used - first.used < 1
    assert len(workspace.searches.go_on(first.id, 3, 1).jobs) == 2, "a tab that has not seen that it went on"
    assert workspace.searches.more(first.id).most == 6, "as many as it was allowed were tried"

    workspace.splits.start(version.id, Split(seed=9))
    run_waiting(workspace.scope)
    with pytest.raises(SearchDividedAnew):
        workspace.searches.go_on(first.id, 3, 2)


def test_what_was_cut_short_is_tried_once_more_though_another_worker_went_on() -> None:
    params = families.get("tfidf_svm").Params
    known: list[Candidate] = []

    def begin(cut: bool = False) -> Candidate:
        again = interrupted(known)
        tried = [trial_of(one) for one in known if not one.cut]
        found = propose(
            "tfidf_svm", params, params().model_dump(mode="json"), usual(params), tried, seed=0, again=again.params if again else None,
        )  # fmt: skip
        note = {"reason": "cut"} if cut else None
        known.append(
            Candidate(
                "", len(known), "tfidf_svm", found.params, "done", 0.5, 0.4, 0.6, {}, 1.0, 1, 0.1, None, note, now(), now()
            )
        )  # fmt: skip
        return known[-1]

    for _ in range(5):
        begin()
    for number in (1, 3):  # each worker ends with one that is cut short
        known[number] = replace(known[number], note={"reason": "cut"})
    assert begin(cut=True).params == known[1].params
    assert [begin().params for _ in range(2)] == [known[1].params, known[3].params]
    assert begin().params not in [one.params for one in known[:-1]]


def test_two_workers_share_the_candidates(workspace: Workspace, version: DatasetVersion) -> None:
    found = searched(workspace, version, most=4, workers=2)
    assert [c.number for c in found.candidates] == [0, 1, 2, 3]
    assert len({tuple(sorted(map(str, c.params.items()))) for c in found.candidates}) == 4


def test_what_a_broken_worker_had_begun_is_lost(
    workspace: Workspace, version: DatasetVersion, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, calls = searching.measure, iter(range(100))

    def breaks(recipe: Recipe, data: Any, training: Any, alike: Any) -> Any:
        if next(calls) == 1:
            raise KeyError("a fault of ours")
        return real(recipe, data, training, alike)

    monkeypatch.setattr(searching, "measure", breaks)
    found = searched(workspace, version)
    assert found.state == "ended"
    assert [c.state for c in found.candidates] == ["done", "lost"]
    assert found.insight.best == 0


def test_a_family_without_such_settings_is_refused(workspace: Workspace, version: DatasetVersion) -> None:
    with pytest.raises(NothingToSearch):
        workspace.searches.start(
            version.project_id, recipe_for(workspace, version, "majority"), "settings", Plan()
        )


def test_deleting_the_data_takes_the_searches_along(workspace: Workspace, version: DatasetVersion) -> None:
    searched(workspace, version, most=1)
    workspace.projects.delete(version.project_id)
    from sqlalchemy import func, select

    from engine.storage.database import read
    from engine.storage.tables import candidate, search

    with read(workspace.scope.engine) as connection:
        assert connection.scalar(select(func.count()).select_from(search)) == 0
        assert connection.scalar(select(func.count()).select_from(candidate)) == 0
