"""Rows dropped by a rule, chosen on the map, or taken away as a file: what the page says and what comes of it."""

from __future__ import annotations

from typing import cast

import pytest
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import Selectbox

from engine.data.edits import Drop
from engine.services.inline import run_waiting
from engine.workspace import DatasetVersion, Workspace
from tests.conftest import Once
from tests.pages.conftest import OpenPage, import_text, texts
from ui import state
from ui.state import VERSION

TABLE = "text,label\n" + "".join(
    f"{'好' if i % 2 else '坏'}的菜 {i},{'praise' if i % 2 else 'complaint'}\n" for i in range(60)
)
FORMULA = TABLE + "=1+1,praise\n"


@pytest.fixture
def version(once: Once) -> DatasetVersion:
    return cast(DatasetVersion, once(_formula))


def _formula(ws: Workspace) -> DatasetVersion:
    return import_text(ws, ws.projects.create("mine").id, FORMULA, text="input", label="label")


def test_a_reload_keeps_the_version_that_is_looked_at(
    open_page: OpenPage, workspace: Workspace, version: DatasetVersion
) -> None:
    project = version.project_id
    other = import_text(workspace, project, TABLE, text="input", label="label")
    workspace.recipes.update(project, data=other.id)
    at = open_page("data", project=project)
    assert at.selectbox(key="version_pick").value == other.id
    assert VERSION not in at.query_params, "what the next steps use needs no name in the link"
    at.selectbox(key="version_pick").set_value(version.id).run()
    assert at.query_params[VERSION] in (version.id, [version.id])
    again = open_page("data", project=project, version=version.id)
    assert again.selectbox(key="version_pick").value == version.id
    assert (
        open_page("data", project=project, version="ver_gone").selectbox(key="version_pick").value == other.id
    )


def test_a_version_that_the_page_chose_is_not_taken_back_by_what_still_stands_on_the_screen(
    open_page: OpenPage, workspace: Workspace, version: DatasetVersion
) -> None:
    """A polling page tells the old value once more before it has drawn the new one; a box of another key cannot mean that."""
    project = version.project_id
    other = import_text(workspace, project, TABLE, text="input", label="label")
    workspace.recipes.update(project, data=other.id)
    at = open_page("data", project=project)
    assert _box(at).value == other.id
    before = _box(at).key
    at.session_state[VERSION] = version.id
    at.run()
    chosen = _box(at)
    assert chosen.value == version.id
    assert chosen.key != before
    chosen.set_value(other.id).run()
    assert at.session_state[VERSION] == other.id
    assert _box(at).key == chosen.key, "a choice keeps the box and its focus"


def test_what_an_earlier_box_tells_is_nobodys_choice(monkeypatch: pytest.MonkeyPatch) -> None:
    kept: dict[str, object] = {}
    monkeypatch.setattr(state.st, "session_state", kept)
    first = state.key_showing("pick", "v1")
    assert state.chosen_in("pick", first) is None
    kept[first] = "v0"
    assert state.chosen_in("pick", first) == "v0"
    assert state.key_showing("pick", "v0") == first
    second = state.key_showing("pick", "v2")
    kept[first] = "v1"
    assert state.chosen_in("pick", first) is None
    assert state.chosen_in("pick", second) is None
    kept[second] = "v3"
    assert state.chosen_in("pick", second) == "v3"


def _box(at: AppTest) -> Selectbox:
    return next(one for one in at.selectbox if one.label == "Dataset version")


@pytest.mark.parametrize(
    ("kind", "locale"), [("csv", "en-US"), ("csv", "zh-CN"), ("spreadsheet", "en-US"), ("parquet", "zh-CN")]
)
def test_a_file_is_written_and_offered(
    open_page: OpenPage, workspace: Workspace, version: DatasetVersion, locale: str, kind: str
) -> None:
    own = f"raw_{version.id}"
    at = open_page("data", locale=locale)
    at.session_state[VERSION] = version.id
    at.session_state[f"downloads_{own}"] = True
    at.session_state[f"download_form_{own}"] = kind
    at.run()
    at.button(key=f"download_go_{own}").click().run()
    assert not at.exception
    run_waiting(workspace.scope)
    at.run()
    assert not at.exception
    links = [e.proto for e in at.get("link_button")]
    [link] = [one for one in links if "/api/exports/" in one.url]
    found = workspace.exports.file(link.url.rsplit("/", 1)[1])
    content = found.path.read_bytes()
    if kind == "parquet":
        assert content[:4] == b"PAR1"
    else:
        assert (b"'=1+1,praise" in content) is (kind == "spreadsheet")
        assert b"=1+1,praise" in content


@pytest.mark.parametrize("locale", ["en-US", "zh-CN"])
def test_the_map_keeps_the_column_that_gives_its_colours(
    open_page: OpenPage, workspace: Workspace, locale: str
) -> None:
    rows = "text,label,region\n" + "".join(
        f"text {i},{'a' if i % 2 else 'b'},{'*n*' if i % 3 else 's'}\n" for i in range(60)
    )
    project = workspace.projects.create("coloured").id
    version = import_text(workspace, project, rows, text="input", label="label", region="slice")
    workspace.maps.start(version.id)
    run_waiting(workspace.scope)
    at = open_page("data", locale=locale)
    at.session_state[VERSION] = version.id
    at.session_state[f"map_{version.id}"] = True
    at.run()
    own = f"map_colour_{version.id}"
    assert at.selectbox(key=own).value == ""
    at.selectbox(key=own).set_value("slice:region").run()
    assert not at.exception
    assert at.session_state["map_colour"] == "slice:region"
    again = open_page(
        "data", locale=locale
    )  # as when one comes back to the page: the widget's own key is gone
    again.session_state["map_colour"] = "slice:region"
    again.session_state[f"map_{version.id}"] = True
    again.run()
    assert not again.exception
    assert again.selectbox(key=own).value == "slice:region"


@pytest.mark.parametrize(("relabel", "locale"), [(False, "zh-CN"), (True, "en-US")])
def test_rows_chosen_on_the_map_are_dropped_or_relabelled(
    open_page: OpenPage, workspace: Workspace, version: DatasetVersion, locale: str, relabel: bool
) -> None:
    workspace.maps.start(version.id)
    run_waiting(workspace.scope)
    at = open_page("data", locale=locale)
    at.session_state[VERSION] = version.id
    at.session_state[f"map_{version.id}"] = True
    at.session_state[f"map_chosen_{version.id}"] = [1, 3]
    at.run()
    assert not at.exception
    at.button(key=f"map_{version.id}_{'label' if relabel else 'drop'}").click().run()
    assert not at.exception
    if relabel:
        assert at.button(key="rows_go").disabled, "no label is chosen yet"
        # AppTest runs whole pages, which closes a dialog: it is opened once more with the choice made
        at.session_state["rows_label"] = "complaint"
        at.button(key=f"map_{version.id}_label").click().run()
    at.button(key="rows_go").click().run()
    assert not at.exception
    run_waiting(workspace.scope)
    at.run()
    assert not at.exception
    child = workspace.datasets.version(at.session_state[VERSION])
    assert child.parent_id == version.id
    assert child.rows == (61 if relabel else 59)
    counts = child.source["counts"]
    assert (counts["rows_removed"], counts["relabelled"]) == ((0, 2) if relabel else (2, 0))


@pytest.mark.parametrize("locale", ["en-US", "zh-CN"])
def test_a_version_is_deleted_after_a_question(
    open_page: OpenPage, workspace: Workspace, version: DatasetVersion, locale: str
) -> None:
    job = workspace.datasets.start_edit(version.id, [Drop(rows=(1,))])
    run_waiting(workspace.scope)
    made = workspace.jobs.get(job.id).result
    assert made is not None
    at = open_page("data", locale=locale)
    at.session_state[VERSION] = version.id
    at.session_state[f"tree_{version.dataset_id}"] = True
    at.run()
    at.button(key=f"tree_delete_{made['version_id']}").click().run()
    assert not at.exception
    assert [v.id for d in workspace.datasets.list(version.project_id) for v in d.versions] != [version.id]
    at.button(key="tree_delete_go").click().run()
    assert not at.exception
    assert [v.id for d in workspace.datasets.list(version.project_id) for v in d.versions] == [version.id]


def test_a_rule_is_tried_before_it_makes_a_version(
    open_page: OpenPage, workspace: Workspace, version: DatasetVersion
) -> None:
    """In English only: AppTest asks for a chosen option's name outside the page, where it is English."""
    at = open_page("data")
    at.session_state[VERSION] = version.id
    at.session_state[f"filters_{version.id}"] = True
    at.session_state[f"filter_rule_{version.id}"] = "length"
    at.session_state[f"filter_values_{version.id}_length"] = {"least": 5, "most": 1000}
    at.run()
    at.button(key=f"filter_look_{version.id}").click().run()
    run_waiting(workspace.scope)
    at.run()
    assert not at.exception
    assert "1 row would go." in texts(at), "only =1+1 is that short"
    at.button(key=f"filter_go_{version.id}").click().run()
    run_waiting(workspace.scope)
    at.run()
    assert not at.exception
    child = workspace.datasets.version(at.session_state[VERSION])
    assert child.parent_id == version.id
    assert child.rows == version.rows - 1
