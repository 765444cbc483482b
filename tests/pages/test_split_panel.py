"""Prepare: every kind of division through its form, the leak guard, regrouping, and new test sets."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

import pytest
from streamlit.testing.v1 import AppTest

from engine.recipe import Split
from engine.services import splits
from engine.services.inline import run_waiting
from engine.workspace import DatasetVersion, Workspace
from tests.conftest import Once
from tests.data.checks.planted_texts import topics
from tests.pages.conftest import OpenPage, Trained, import_text, texts
from tests.services.test_splits import rows

CITIES = ("Beijing & *more*", "上海", "Lagos", "")


@pytest.fixture
def dated(once: Once) -> DatasetVersion:
    """Rows with a region and a date, of which one cannot be read."""
    return cast(DatasetVersion, once(_dated))


def _dated(workspace: Workspace) -> DatasetVersion:
    made = workspace.projects.create("dated").id
    table = "text,label,city,day\n" + "".join(
        f"a text about the number {i * 7919},{'ab'[i // 4 % 2]},{CITIES[i % 4]},{'soon' if i == 9 else f'2024-{1 + i // 28:02d}-{1 + i % 28:02d}'}\n"
        for i in range(200)
    )
    return import_text(workspace, made, table, "dated", text="input", label="label", city="slice", day="time")


@pytest.fixture
def leaky(once: Once) -> DatasetVersion:
    return cast(DatasetVersion, once(_leaky))


def _leaky(workspace: Workspace) -> DatasetVersion:
    made = workspace.projects.create("leaky").id
    roles = {"text": "input", "label": "label", "region": "slice", "part": "split"}
    return import_text(workspace, made, rows().decode(), "leaky", **roles)


def choose(at: AppTest, kind: str) -> AppTest:
    radio = next(r for r in at.radio if (r.key or "").startswith("split_kind_"))
    return radio.set_value(kind).run()


def divide(at: AppTest, workspace: Workspace) -> AppTest:
    at.button(key="split_go").click().run()
    run_waiting(workspace.scope)
    at.run()
    assert not at.exception
    return at


def shown(at: AppTest) -> dict[str, str]:
    return {m.label: m.value for m in at.metric}


def control(at: AppTest, kind: str, start: str) -> object:
    return next(w for w in at.get(kind) if (w.key or "").startswith(start))


@pytest.mark.parametrize("locale", ["en-US", "zh-CN"])
def test_by_time_from_the_form(
    open_page: OpenPage, workspace: Workspace, dated: DatasetVersion, locale: str
) -> None:
    at = choose(open_page("prepare", locale=locale, project=dated.project_id), "time")
    divide(at, workspace)
    view = workspace.splits.current(dated.id)
    assert view is not None
    assert view.spec.kind == "time"
    assert view.counts["excluded"] == 1
    assert sum(view.leaks.values()) == 0
    said = texts(at)
    assert ("no date in the column" if locale == "en-US" else "没有可读的日期") in said
    assert "split_go" not in {b.key for b in at.button}


@pytest.mark.parametrize("locale", ["en-US", "zh-CN"])
def test_a_value_is_left_out_of_train(
    open_page: OpenPage, workspace: Workspace, dated: DatasetVersion, locale: str
) -> None:
    at = choose(open_page("prepare", locale=locale, project=dated.project_id), "slice")
    assert "split_go" not in {b.key for b in at.button}, "nothing chosen yet"
    tested = at.multiselect[0]
    assert len(tested.options) == 4
    tested.set_value([CITIES[0]]).run()
    at.multiselect[1].set_value(["Lagos"]).run()
    divide(at, workspace)
    view = workspace.splits.current(dated.id)
    assert view is not None
    assert (view.spec.values, view.spec.validation_values) == ((CITIES[0],), ("Lagos",))
    assert view.counts == {"train": 100, "validation": 50, "test": 50, "excluded": 0}
    again = open_page("prepare", locale=locale, project=dated.project_id)
    assert "split_go" not in {b.key for b in again.button}, "the form says what there is"


def test_folds_from_the_form_and_their_start(
    open_page: OpenPage, workspace: Workspace, dated: DatasetVersion
) -> None:
    at = choose(open_page("prepare", project=dated.project_id), "stratified")
    control(at, "button_group", "split_folds_").set_value(5).run()  # type: ignore[attr-defined]
    assert len(at.slider) == 1, "the share of validation follows from the folds"
    divide(at, workspace)
    view = workspace.splits.current(dated.id)
    assert view is not None
    assert view.spec.folds == 5
    assert view.counts == {"train": 144, "validation": 36, "test": 20, "excluded": 0}
    at = open_page("model", project=dated.project_id)
    assert not at.exception
    assert [b.key for b in at.button if b.proto.type == "primary"] == ["model_start_folds"]
    at.button(key="model_start_folds").click().run()
    assert not at.exception
    assert {r.recipe.split.fold for r in workspace.runs.list(dated.project_id)} == set(range(5))


def test_values_of_a_split_column_get_a_meaning(open_page: OpenPage, workspace: Workspace) -> None:
    made = workspace.projects.create("mapped").id
    table = "text,label,part\n" + "".join(
        f"number {i * 31},{'ab'[i // 4 % 2]},{('训练', '训练', '训练', '考试')[i % 4]}\n" for i in range(120)
    )
    version = import_text(workspace, made, table, "mapped", text="input", label="label", part="split")
    at = open_page("prepare", project=made)
    meaning = {s.label.split(" · ")[0]: s for s in at.selectbox if (s.key or "").startswith("split_means_")}
    assert set(meaning) == {"训练", "考试"}
    meaning["训练"].set_value("train")
    meaning["考试"].set_value("test").run()
    divide(at, workspace)
    view = workspace.splits.current(version.id)
    assert view is not None
    assert dict(view.spec.mapping) == {"训练": "train", "考试": "test"}
    assert (view.counts["test"], view.counts["excluded"]) == (30, 0)


@pytest.mark.parametrize("locale", ["en-US", "zh-CN"])
def test_the_guard_looks_and_one_click_regroups(
    open_page: OpenPage, workspace: Workspace, leaky: DatasetVersion, locale: str
) -> None:
    at = divide(open_page("prepare", locale=locale, project=leaky.project_id), workspace)
    assert at.warning
    at.button(key="split_guard").click().run()
    run_waiting(workspace.scope)
    at.run()
    assert not at.exception
    before = workspace.splits.current(leaky.id)
    assert before is not None
    assert before.leaks["near_validation_in_train"] == 10
    assert "split_guard" not in {b.key for b in at.button}
    assert len(shown(at)) == 5
    at.button(key="split_regroup_now").click().run()
    # A popped key leaves the toggle where it was in a browser, which AppTest does not show: its state has to be set.
    assert at.session_state[f"split_regroup_{leaky.id}"] is True
    assert at.toggle(key=f"split_regroup_{leaky.id}").proto.set_value, "the browser is told"
    run_waiting(workspace.scope)
    at.run()
    assert not at.exception
    after = workspace.splits.current(leaky.id)
    assert after is not None
    assert after.id != before.id
    assert sum(after.leaks.values()) == 0
    assert at.success
    draft = workspace.recipes.draft(leaky.project_id)
    assert draft is not None
    assert draft.split == after.spec == Split(kind="given", column="part", regroup=True, near_duplicates=True)
    assert "split_go" not in {b.key for b in at.button}, "the form says so too"


def test_who_comes_before_the_deep_checks_still_divides_with_what_they_found(
    open_page: OpenPage, workspace: Workspace
) -> None:
    about, labels = topics(200)
    about[100:110] = [f"{text} !" for text in about[:10]]
    labels[100:110] = labels[:10]
    table = "text,label\n" + "".join(f"{text},{label}\n" for text, label in zip(about, labels, strict=True))
    version = import_text(
        workspace, workspace.projects.create("early").id, table, text="input", label="label"
    )
    at = open_page("prepare", project=version.project_id)
    assert control(at, "toggle", "split_near_").value is False  # type: ignore[attr-defined]
    workspace.findings.start_deep(version.id)
    run_waiting(workspace.scope)
    at.run()
    toggle = control(at, "toggle", "split_near_")
    assert toggle.value is True  # type: ignore[attr-defined]
    assert toggle.proto.set_value, "the browser is told"  # type: ignore[attr-defined]
    divide(at, workspace)
    view = workspace.splits.current(version.id)
    assert view is not None and view.spec.near_duplicates and view.near_known
    assert sum(view.leaks.values()) == 0


def test_an_opened_test_part_is_not_regrouped_and_a_new_one_is_made(
    trained: Trained, open_page: OpenPage, workspace: Workspace
) -> None:
    workspace.evaluations.open_test(trained.svm, "final check")
    run_waiting(workspace.scope)
    at = open_page("prepare", project=trained.project)
    assert "split_regroup_now" not in {b.key for b in at.button}
    name = control(at, "text_input", "new_test_name_")
    assert name.value == "test 2"  # type: ignore[attr-defined]
    name.set_value("*spring* <b>").run()  # type: ignore[attr-defined]
    at.button(key="new_test_go").click().run()
    run_waiting(workspace.scope)
    at.run()
    assert not at.exception
    view = workspace.splits.current(trained.version)
    assert view is not None
    assert (view.spec.test_name, view.openings) == ("*spring* <b>", 0)
    said = texts(at)
    marked = "\n".join(
        str(e.value) for kind in ("markdown", "caption", "info", "warning") for e in at.get(kind)
    )
    assert "*spring*" not in marked.replace("\\*", ""), "user text is never markup"
    assert "never opened" in said
    old = workspace.runs.get(trained.svm)
    assert (splits.assignment(workspace.scope, str(old.split_id)) == "test").sum() == workspace.splits.get(
        str(old.split_id)
    ).counts["test"]
    at.button(key="new_test_go")


@pytest.fixture
def leaky_run(workspace: Workspace, leaky: DatasetVersion) -> Callable[[], str]:
    def make() -> str:
        recipe = workspace.recipes.choose(leaky.project_id, "tfidf_svm", "quick")
        run = workspace.runs.submit(leaky.project_id, recipe)
        run_waiting(workspace.scope)
        return run.id

    return make


@pytest.mark.parametrize("locale", ["en-US", "zh-CN"])
def test_the_evaluate_page_says_what_the_leak_did(
    open_page: OpenPage,
    workspace: Workspace,
    leaky: DatasetVersion,
    leaky_run: Callable[[], str],
    locale: str,
) -> None:
    run = leaky_run()
    at = open_page("evaluate", locale=locale, project=leaky.project_id, run=run)
    assert not at.exception
    at.button(key="leak_effect_validation").click().run()
    run_waiting(workspace.scope)
    at.run()
    assert not at.exception
    assert any("n = 38" in c.value.replace(" ", " ") for c in at.caption)
    assert "leak_effect_validation" not in {b.key for b in at.button}


def test_the_evaluate_page_shows_all_folds(
    open_page: OpenPage, workspace: Workspace, dated: DatasetVersion
) -> None:
    recipe = workspace.recipes.choose(dated.project_id, "majority", "quick")
    recipe = recipe.model_copy(update={"split": Split(folds=3)})
    first = workspace.runs.submit(dated.project_id, recipe, name="Majority · 1/3")
    run_waiting(workspace.scope)
    at = open_page("evaluate", project=dated.project_id, run=first.id)
    assert not at.exception
    at.button(key=f"folds_rest_{first.id}").click().run()
    run_waiting(workspace.scope)
    at.run()
    assert not at.exception
    assert "Mean of 3 folds" in shown(at)
    assert f"folds_rest_{first.id}" not in {b.key for b in at.button}
