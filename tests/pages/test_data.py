"""Data: bring a file in, say what its columns are, save a version, and see what is in it."""

from __future__ import annotations

import io
import lzma

import openpyxl
import pytest
from streamlit.testing.v1 import AppTest

from engine.services.inline import run_waiting
from engine.storage.home import folder
from engine.workspace import Workspace
from tests.pages.conftest import SMALL, OpenPage, Trained, import_text, texts
from tests.uploading import fields, refused, upload
from ui.state import UPLOAD

ODD = (
    "text,label\n"
    + "".join(f"text {i},{'a' if i % 2 else 'b'}\n" for i in range(30))
    + "text 1,b\ntext 1,a\n,a\n"
)
"""Repeated rows, a text with two labels, an empty text."""


@pytest.fixture
def project(workspace: Workspace) -> str:
    return workspace.projects.create("mine").id


def widget(at: AppTest, prefix: str) -> str:
    """The key of the widget that begins with `prefix`; keys of an upload end in its id."""
    return next(
        w.key
        for kind in ("selectbox", "toggle", "text_input", "button")
        for w in at.get(kind)
        if (w.key or "").startswith(prefix)
    )


@pytest.mark.parametrize("locale", ["en-US", "zh-CN"])
def test_an_empty_project_shows_the_way_in_and_a_template(
    open_page: OpenPage, project: str, locale: str
) -> None:
    at = open_page("data", locale=locale)
    assert not at.exception
    assert fields(at)
    assert at.download_button(key="upload_template")


def test_template_is_a_table_that_bentu_itself_reads(
    open_page: OpenPage, workspace: Workspace, project: str
) -> None:
    from ui.panels.upload import template_csv

    preview = workspace.datasets.preview(workspace.datasets.stage(template_csv(), "t.csv").id)
    assert preview.problem is None
    assert workspace.datasets.suggest_roles(preview) == {"text": "input", "label": "label", "region": "slice"}


@pytest.mark.parametrize("locale", ["en-US", "zh-CN"])
def test_a_file_becomes_a_version_with_profile(
    open_page: OpenPage, workspace: Workspace, project: str, locale: str
) -> None:
    at = upload(open_page("data", locale=locale), "评论 <b>.csv", SMALL.encode())
    assert not at.exception
    assert list(at.dataframe[0].value.columns) == ["text", "label", "region"]
    assert [b.key for b in at.button if b.proto.type == "primary"] == ["import_go"]
    at.button(key="import_go").click().run()
    assert at.progress, "the import is followed"
    assert "import_go" not in {b.key for b in at.button}, "and cannot be started twice"
    run_waiting(workspace.scope)
    at.run()
    assert not at.exception
    (dataset,) = workspace.datasets.list(project)
    assert dataset.name == "评论 <b>"
    assert at.metric[0].value == "60"
    assert at.get("plotly_chart")
    assert [b.key for b in at.button if b.proto.type == "primary"] == ["data_next"]
    assert at.session_state.get(UPLOAD) is None


def test_only_the_upload_id_stays_in_the_session(open_page: OpenPage, project: str) -> None:
    at = upload(open_page("data"), "a.csv", SMALL.encode())
    assert at.session_state[UPLOAD].upload_id.startswith("upl_")
    assert not any(isinstance(v, bytes) for v in at.session_state.to_dict().values())


def test_saving_needs_a_text_column(open_page: OpenPage, project: str) -> None:
    at = upload(open_page("data"), "a.csv", SMALL.encode())
    role = next(s for s in at.selectbox if (s.key or "").startswith("role_"))
    role.set_value("ignore").run()
    assert at.button(key="import_go").disabled
    assert "Needed: a column with the text" in texts(at)


def test_two_labels_are_refused_by_name(open_page: OpenPage, project: str) -> None:
    at = upload(open_page("data"), "a.csv", SMALL.encode())
    [s for s in at.selectbox if (s.key or "").startswith("role_")][2].set_value("label").run()
    assert at.button(key="import_go").disabled
    assert "Only one column can have this role: Label" in texts(at)


def test_without_a_label_one_may_save_and_is_told(open_page: OpenPage, project: str) -> None:
    at = upload(open_page("data"), "a.csv", SMALL.encode())
    [s for s in at.selectbox if (s.key or "").startswith("role_")][1].set_value("ignore").run()
    assert not at.button(key="import_go").disabled
    assert "a model needs labels" in texts(at)


def test_an_uncertain_encoding_is_asked_in_the_open_and_kept(
    open_page: OpenPage, workspace: Workspace, project: str
) -> None:
    table = "评论,标签\n" + "".join(
        f"味道{'很好' if i % 2 else '太差'} {i},{'好评' if i % 2 else '差评'}\n" for i in range(40)
    )
    at = upload(open_page("data"), "gbk.csv", table.encode("gb18030"))
    assert "is a guess" in texts(at)
    assert list(at.dataframe[0].value.columns) == ["评论", "标签"]
    encoding = at.selectbox(key=widget(at, "read_encoding"))
    assert encoding.value == "GB18030"
    at.button(key="import_go").click().run()
    run_waiting(workspace.scope)
    at.run()
    (dataset,) = workspace.datasets.list(project)
    assert dataset.versions[0].source["encoding"] == "GB18030"
    assert dataset.versions[0].schema.classes == ("好评", "差评")


def test_another_separator_divides_the_columns_anew(open_page: OpenPage, project: str) -> None:
    at = upload(open_page("data"), "a.csv", b"text;label\none, two;a\nthree, four;b\n")
    at.selectbox(key=widget(at, "read_separator")).set_value(",").run()
    assert not at.exception
    assert at.dataframe[0].value.columns[0].startswith("text;label")


def test_duplicate_names_are_repaired_by_a_form(open_page: OpenPage, project: str) -> None:
    at = upload(open_page("data"), "a.csv", b"text,label,label,\na,b,c,d\ne,f,g,h\n")
    assert at.error
    assert "import_go" not in {b.key for b in at.button}
    at.button(key=widget(at, "read_names")).click().run()
    assert not at.error
    assert list(at.dataframe[0].value.columns) == ["text", "label", "label_2", "column_4"]
    assert at.button(key="import_go")


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("header.csv", b"text,label\n", "no rows below it"),
        ("ragged.csv", b"text,label\na,b\nc,d,e\n", "Row 2 (line 3)"),
        ("quote.csv", b'text,label\n"never closed,a\nx,b\n', "opened on line 2"),
        ("nul.csv", b"text,label\na\x00b,c\n", "NUL byte"),
    ],
)
def test_bad_files_get_a_sentence_and_nothing_is_saved(
    open_page: OpenPage, workspace: Workspace, project: str, name: str, content: bytes, said: str
) -> None:
    at = upload(open_page("data"), name, content)
    assert not at.exception
    assert said in at.error[0].value.replace("\\", "")
    assert "import_go" not in {b.key for b in at.button}
    at.button(key="import_drop").click().run()
    assert fields(at)
    assert workspace.datasets.list(project) == []


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("hau.tsv.xz", lzma.compress(SMALL.encode()), "packed archive (xz)"),
        ("letter.pdf", b"%PDF-1.7\n", "is a document (PDF)"),
        ("zip.csv", b"PK\x03\x04 no table", "cannot be read"),
        ("empty.csv", b"", "is empty"),
    ],
)
def test_a_file_of_a_kind_that_is_not_read_is_refused_aloud_and_not_staged(
    open_page: OpenPage, workspace: Workspace, project: str, name: str, content: bytes, said: str
) -> None:
    at = open_page("data")
    assert said in refused(at, name, content)
    assert not at.run().exception
    assert at.session_state.get(UPLOAD) is None
    assert fields(at), "another file can be chosen at once"
    assert not list(folder("uploads").iterdir())


def test_a_bad_file_is_explained_in_chinese(open_page: OpenPage, project: str) -> None:
    at = upload(open_page("data", locale="zh-CN"), "ragged.csv", b"text,label\na,b\nc,d,e\n")
    assert "第2行" in at.error[0].value.replace(" ", "")


def test_an_import_that_fails_says_why_and_can_be_tried_again(
    open_page: OpenPage, workspace: Workspace, project: str
) -> None:
    at = upload(open_page("data"), "a.csv", b"text,label\n" + b"x,a\n" * 100_000 + b"y,b,c\n")
    at.button(key="import_go").click().run()
    run_waiting(workspace.scope)
    at.run()
    assert "Row 100001" in at.error[0].value.replace("\\", "").replace(",", "")
    assert workspace.datasets.list(project) == []
    assert not at.button(key="import_go").disabled
    at.button(key="import_drop").click().run()
    assert not at.error, "another file begins without the former one's error"


def test_the_same_file_again_is_the_same_version(
    open_page: OpenPage, workspace: Workspace, project: str
) -> None:
    first = import_text(workspace, project, SMALL)
    at = open_page("data")
    at.button(key="data_add").click().run()
    upload(at, "small.csv", SMALL.encode())
    assert "its version 2" in texts(at)
    at.button(key="import_go").click().run()
    run_waiting(workspace.scope)
    at.run()
    (dataset,) = workspace.datasets.list(project)
    assert [v.id for v in dataset.versions] == [first.id]


def test_imported_data_are_used_by_the_next_steps(
    open_page: OpenPage, workspace: Workspace, project: str
) -> None:
    import_text(workspace, project, SMALL)
    at = open_page("data")
    assert "Used by the next steps" in texts(at)
    at.button(key="data_add").click().run()
    upload(at, "odd.csv", ODD.encode())
    at.button(key="import_go").click().run()
    run_waiting(workspace.scope)
    at.run()
    recipe = workspace.recipes.draft(project)
    assert recipe is not None
    assert workspace.datasets.version(str(recipe.data)).dataset_name == "odd"
    assert "Used by the next steps" in texts(at)


def test_a_sheet_of_a_workbook_is_chosen(open_page: OpenPage, project: str) -> None:
    book = openpyxl.Workbook()
    book.active.append(["other"])
    book.active.append(["x"])
    sheet = book.create_sheet("reviews")
    for row in (["text", "label"], ["good", "a"], ["bad", "b"]):
        sheet.append(row)
    out = io.BytesIO()
    book.save(out)
    at = upload(open_page("data"), "book.xlsx", out.getvalue())
    at.selectbox(key=widget(at, "read_sheet")).set_value("reviews").run()
    assert not at.exception
    assert list(at.dataframe[0].value.columns) == ["text", "label"]


def test_pasted_cells_are_read_like_a_file(open_page: OpenPage, project: str) -> None:
    at = open_page("data")
    at.text_area(key="upload_text").set_value("text\tlabel\ngood\ta\nbad\tb\n")
    at.button(key="upload_paste").click().run()
    assert not at.exception
    assert list(at.dataframe[0].value.columns) == ["text", "label"]


@pytest.mark.parametrize("locale", ["en-US", "zh-CN"])
def test_findings_open_the_rows_that_they_are_about(
    open_page: OpenPage, workspace: Workspace, project: str, locale: str
) -> None:
    import_text(workspace, project, ODD)
    at = open_page("data", locale=locale)
    assert not at.exception
    toggles = [x for x in at.toggle if (x.key or "").startswith("finding_")]
    assert len(toggles) >= 3
    conflict = next(x for x in toggles if "conflicting" in (x.key or ""))
    conflict.set_value(True).run()
    shown = next(d.value for d in at.dataframe if "row_id" in d.value)
    assert set(shown["text"]) == {"text 1"}
    assert list(shown["row_id"]) == sorted(shown["row_id"])
    assert min(shown["row_id"]) == 2, "rows are counted from 1"


def test_rows_come_fifty_a_page(open_page: OpenPage, workspace: Workspace, project: str) -> None:
    version = import_text(workspace, project, SMALL)
    at = open_page("data")
    assert [len(d.value) for d in at.dataframe if "row_id" in d.value] == [50]
    at.pagination(key=f"rows_{version.id}_page").set_value(2).run()
    (last,) = (d.value for d in at.dataframe if "row_id" in d.value)
    assert list(last["row_id"]) == list(range(51, 61))


def test_a_version_without_a_profile_gets_one(
    open_page: OpenPage, workspace: Workspace, project: str
) -> None:
    version = import_text(workspace, project, SMALL)
    from engine.storage.database import write
    from engine.storage.tables import result

    with write(workspace.scope.engine) as connection:
        connection.execute(result.delete().where(result.c.kind == "profile"))
    at = open_page("data")
    (job,) = workspace.jobs.active(project)
    assert (job.kind, job.spec["version"]) == ("profile", version.id)
    at.run()
    assert len(workspace.jobs.active(project)) == 1, "a rerun starts no second one"
    run_waiting(workspace.scope)
    at.run()
    assert at.get("plotly_chart")


def test_continuing_uses_the_version_that_is_shown(
    open_page: OpenPage, workspace: Workspace, project: str
) -> None:
    first = import_text(workspace, project, SMALL)
    import_text(workspace, project, ODD, "odd")
    at = open_page("data")
    at.selectbox(key="version_pick").set_value(first.id).run()
    at.button(key="data_next").click().run()
    assert not at.exception
    assert at.title[0].value == "Prepare"
    recipe = workspace.recipes.draft(project)
    assert recipe is not None
    assert recipe.data == first.id


def test_a_dataset_is_deleted_after_saying_what_goes(
    open_page: OpenPage, workspace: Workspace, project: str
) -> None:
    import_text(workspace, project, SMALL)
    at = open_page("data")
    at.menu_button(key="data_more").click("delete").run()
    assert "1 version" in texts(at)
    at.button(key="dataset_delete_go").click().run()
    assert not at.exception
    assert workspace.datasets.list(project) == []
    assert fields(at)


def test_deleting_a_dataset_says_that_its_openings_are_remembered(
    trained: Trained, open_page: OpenPage, workspace: Workspace
) -> None:
    workspace.evaluations.open_test(trained.svm, "a look")
    run_waiting(workspace.scope)
    for run in workspace.runs.list(trained.project):
        workspace.runs.delete(run.id)
    at = open_page("data", project=trained.project)
    at.menu_button(key="data_more").click("delete").run()
    assert "What stays is that a test part of these rows was opened 1 time" in texts(at)
    at.button(key="dataset_delete_go").click().run()
    assert not at.exception


def test_a_dataset_with_runs_stays(trained: Trained, open_page: OpenPage) -> None:
    at = open_page("data", project=trained.project)
    at.menu_button(key="data_more").click("delete").run()
    assert at.button(key="dataset_delete_go").disabled
    assert any("2 runs were trained on it" in one.value for one in at.warning)
