"""Prepare: an ordered list of cleaning steps with what each does, and the division of the rows."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from engine.recipe import Recipe, Split, Step
from engine.services.inline import run_waiting
from engine.workspace import Workspace
from tests.conftest import Once
from tests.pages.conftest import SMALL, OpenPage, Trained, import_text, texts
from tests.uploading import fields

GROUPED = "text,label,customer,part\n" + "".join(
    f"Text  number {i},{'a' if i % 2 else 'b'},c{i % 12},{('train', 'train', 'dev', 'test', 'excluded')[i % 5]}\n"
    for i in range(60)
)
"""Double spaces, twelve customers, a part for every row and one value that leaves a row out."""


@pytest.fixture
def project(once: Once) -> str:
    return str(once(_grouped))


def _grouped(ws: Workspace) -> str:
    made = ws.projects.create("mine").id
    import_text(
        ws, made, GROUPED, "grouped", text="input", label="label", customer="group", part="split",
    )  # fmt: skip
    return made


def draft(workspace: Workspace, project: str) -> Recipe:
    found = workspace.recipes.draft(project)
    assert found is not None
    return found


def steps(workspace: Workspace, project: str) -> list[tuple[str, bool]]:
    return [(s.name, s.enabled) for s in draft(workspace, project).clean]


def add(at: AppTest, *names: str) -> AppTest:
    for name in names:
        at.menu_button(key="clean_add").click(name).run()
    return at


@pytest.mark.parametrize("locale", ["en-US", "zh-CN"])
def test_without_data_the_page_leads_to_them(open_page: OpenPage, workspace: Workspace, locale: str) -> None:
    workspace.projects.create("empty")
    at = open_page("prepare", locale=locale)
    assert not at.exception
    assert [b.key for b in at.button if b.proto.type == "primary"] == ["prepare_to_data"]
    at.button(key="prepare_to_data").click().run()
    assert fields(at)


@pytest.mark.parametrize("locale", ["en-US", "zh-CN"])
def test_one_primary_button_and_nothing_divided_yet(open_page: OpenPage, project: str, locale: str) -> None:
    at = open_page("prepare", locale=locale)
    assert not at.exception
    assert [b.key for b in at.button if b.proto.type == "primary"] == ["split_go"]
    assert not at.get("plotly_chart")


def test_every_step_of_the_registry_can_be_added(
    open_page: OpenPage, workspace: Workspace, project: str
) -> None:
    names = [s.name for s in workspace.recipes.steps()]
    workspace.recipes.update(project, clean=tuple(Step(name=name) for name in names[:-1]))
    at = open_page("prepare")
    assert at.menu_button(key="clean_add").options == [s.title for s in workspace.recipes.steps()]
    add(at, names[-1])
    assert not at.exception
    assert steps(workspace, project) == [(name, True) for name in names]


def test_steps_are_ordered_switched_removed_and_taken_back(
    open_page: OpenPage, workspace: Workspace, project: str
) -> None:
    at = add(open_page("prepare"), "whitespace", "case")
    at.button(key="clean_1_case_up").click().run()
    assert steps(workspace, project) == [("case", True), ("whitespace", True)]
    at.toggle(key="clean_0_case_on").set_value(False).run()
    assert steps(workspace, project) == [("case", False), ("whitespace", True)]
    at.button(key="clean_0_case_remove").click().run()
    assert steps(workspace, project) == [("whitespace", True)]
    at.button(key="clean_back").click().run()
    assert steps(workspace, project) == [("case", False), ("whitespace", True)]
    at.button(key="clean_back").click().run()
    assert steps(workspace, project) == [("case", True), ("whitespace", True)]
    assert not at.exception


def test_the_ends_of_the_list_cannot_be_moved_further(open_page: OpenPage, project: str) -> None:
    at = add(open_page("prepare"), "whitespace", "case")
    assert at.button(key="clean_0_whitespace_up").disabled
    assert at.button(key="clean_1_case_down").disabled


@pytest.mark.parametrize("locale", ["en-US", "zh-CN"])
def test_a_step_says_how_many_rows_it_changes_and_shows_some(
    open_page: OpenPage, workspace: Workspace, project: str, locale: str
) -> None:
    at = add(open_page("prepare", locale=locale), "whitespace")
    assert at.progress, "the count is followed as a job"
    run_waiting(workspace.scope)
    at.run()
    assert not at.exception
    assert any("60" in m.value for m in at.markdown if "badge" in m.value)
    at.session_state["clean_0_whitespace_samples"] = True
    at.run()
    table = at.table[0].value
    assert len(table) == 5
    assert ":red-background[␣]" in table.iloc[0, 1]


def test_a_changed_list_gives_up_the_former_count(
    open_page: OpenPage, workspace: Workspace, project: str
) -> None:
    at = add(open_page("prepare"), "whitespace")
    (first,) = workspace.jobs.active(project)
    add(at, "case")
    (second,) = workspace.jobs.active(project)
    assert first.id != second.id
    assert workspace.jobs.get(first.id).state == "cancelled"
    assert [s["name"] for s in second.spec["steps"]] == ["whitespace", "case"]


def test_a_parameter_is_saved_at_once_and_marked(
    open_page: OpenPage, workspace: Workspace, project: str
) -> None:
    at = add(open_page("prepare"), "whitespace")
    (toggle,) = (
        x for x in at.toggle if (x.key or "").startswith("clean_0_whitespace_") and not x.key.endswith("_on")
    )
    toggle.set_value(True).run()
    assert list(draft(workspace, project).clean[0].params.values()) == [True]
    assert "changed" in at.toggle(key=toggle.key).label
    at.button(key=toggle.key.replace("whitespace_", "whitespace_reset_")).click().run()
    assert list(draft(workspace, project).clean[0].params.values()) == [False]


def test_texts_that_become_empty_are_warned_of(open_page: OpenPage, workspace: Workspace) -> None:
    made = workspace.projects.create("links").id
    rows = "".join(f"http://example.org/{i},{'a' if i % 2 else 'b'}\n" for i in range(20))
    import_text(workspace, made, "text,label\n" + rows, text="input", label="label")
    at = add(open_page("prepare", project=made), "links")
    (action,) = (s for s in at.selectbox if (s.key or "").startswith("clean_0_links_"))
    action.set_value("remove").run()
    run_waiting(workspace.scope)
    at.run()
    assert not at.exception
    assert any("become" in w.value for w in at.warning)


def test_dividing_shows_parts_leaks_and_the_seal(
    open_page: OpenPage, workspace: Workspace, project: str
) -> None:
    at = open_page("prepare")
    at.radio(key=split_key(at)).set_value("stratified").run()
    at.button(key="split_go").click().run()
    assert at.progress
    run_waiting(workspace.scope)
    at.run()
    assert not at.exception
    parts = {m.label: int(m.value) for m in at.metric}
    assert list(parts) == ["train", "validation", "test"]
    assert sum(parts.values()) == 60
    assert len(at.get("plotly_chart")) == 1
    assert "No text stands in two parts." in texts(at)
    assert "never opened" in texts(at)
    assert [b.key for b in at.button if b.proto.type == "primary"] == ["prepare_next"]
    assert draft(workspace, project).split.kind == "stratified"
    at.button(key="prepare_next").click().run()
    assert at.title[0].value == "Model"


def split_key(at: AppTest) -> str:
    return next(r.key for r in at.radio if (r.key or "").startswith("split_kind_"))


def test_shares_always_sum_to_one(open_page: OpenPage, workspace: Workspace, project: str) -> None:
    at = open_page("prepare")
    at.radio(key=split_key(at)).set_value("random").run()
    validation, test = at.slider
    validation.set_value(40)
    test.set_value(40)
    at.run()
    assert "20 %" in texts(at).replace("\\", "")
    at.button(key="split_go").click().run()
    split = draft(workspace, project).split
    assert (split.train, split.validation, split.test) == pytest.approx((0.2, 0.4, 0.4))


def test_a_given_split_is_offered_first_and_rows_left_out_are_counted(
    open_page: OpenPage, workspace: Workspace, project: str
) -> None:
    at = open_page("prepare")
    assert at.radio(key=split_key(at)).value == "given"
    assert not at.slider
    at.button(key="split_go").click().run()
    run_waiting(workspace.scope)
    at.run()
    assert {m.label: m.value for m in at.metric} == {
        "train": "24",
        "validation": "12",
        "test": "12",
        "left out": "12",
    }


def test_impossible_kinds_are_explained(open_page: OpenPage, workspace: Workspace) -> None:
    made = workspace.projects.create("plain").id
    import_text(workspace, made, SMALL)
    at = open_page("prepare", project=made)
    assert list(at.radio(key=split_key(at)).options) == ["Balanced by class", "At random", "Leave one out"]
    assert "needs a column with the role “group”" in texts(at)


def test_another_division_is_offered_only_when_asked_for(
    open_page: OpenPage, workspace: Workspace, project: str
) -> None:
    version = draft(workspace, project).data
    workspace.recipes.update(project, split=Split(kind="random"))
    workspace.splits.start(str(version), Split(kind="random"))
    run_waiting(workspace.scope)
    at = open_page("prepare")
    assert "split_go" not in {b.key for b in at.button}
    at.slider[0].set_value(20).run()
    assert at.button(key="split_go").label == "Divide anew"
    assert "ask for another one" in texts(at)
    assert [b.key for b in at.button if b.proto.type == "primary"] == ["split_go"]


def test_an_opened_test_part_freezes_the_division(
    trained: Trained, open_page: OpenPage, workspace: Workspace
) -> None:
    workspace.evaluations.open_test(trained.svm, "final check")
    run_waiting(workspace.scope)
    at = open_page("prepare", project=trained.project)
    assert not at.exception
    assert "frozen" in at.info[0].value
    assert not [r for r in at.radio if (r.key or "").startswith("split_kind_")], (
        "no controls that cannot be used"
    )
    assert "balanced by class: train" in texts(at)
    assert "split_go" not in {b.key for b in at.button}
    assert "opened 1 time" in texts(at)


def test_leaks_of_a_given_split_are_counted_in_words(open_page: OpenPage, workspace: Workspace) -> None:
    made = workspace.projects.create("leaky").id
    rows = "".join(
        f"text {i % 20},{'a' if i % 2 else 'b'},{('train', 'train', 'dev', 'test')[i // 10]}\n"
        for i in range(40)
    )
    import_text(workspace, made, "text,label,part\n" + rows, text="input", label="label", part="split")
    at = open_page("prepare", project=made)
    at.button(key="split_go").click().run()
    run_waiting(workspace.scope)
    at.run()
    assert not at.exception
    assert {m.label: m.value for m in at.metric}["test rows also in train"] == "10"
    assert any("more than one part" in w.value for w in at.warning)
    assert "10 test rows also stand in train" in texts(at)
