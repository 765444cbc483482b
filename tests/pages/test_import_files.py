"""Several files, packed files, more rows for a dataset, encodings that are guessed wrong, draft types."""

from __future__ import annotations

import gzip
import io
import json
import zipfile
from collections import Counter

import pytest

from engine.services.inline import run_waiting
from engine.workspace import Workspace
from tests.pages.conftest import SMALL, OpenPage, import_text, texts
from tests.uploading import upload, upload_all
from ui.state import UPLOAD, VERSION

NORTH = "text,label\n" + "".join(f"good soup {i},praise\n" for i in range(20))
SOUTH = "label;text\n" + "".join(f"blame;cold soup {i}\n" for i in range(20))


@pytest.fixture
def project(workspace: Workspace) -> str:
    return workspace.projects.create("mine").id


def packed(files: dict[str, str]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, body in files.items():
            archive.writestr(name, body)
    return out.getvalue()


@pytest.mark.parametrize("locale", ["en-US", "zh-CN"])
def test_several_files_become_one_dataset_with_their_names(
    open_page: OpenPage, workspace: Workspace, project: str, locale: str
) -> None:
    at = upload_all(
        open_page("data", locale=locale), {"north.csv": NORTH.encode(), "south.csv": SOUTH.encode()}
    )
    assert not at.exception
    assert at.dataframe[0].value.iloc[:, 0].tolist() == ["north.csv", "south.csv"]
    at.button(key="import_go").click().run()
    run_waiting(workspace.scope)
    at.run()
    assert not at.exception and not at.error
    ((version,),) = [d.versions for d in workspace.datasets.list(project)]
    assert version.rows == 40 and version.schema.names("slice") == ("source_file",)
    rows, _ = workspace.datasets.rows(version.id)
    assert Counter(rows["source_file"]) == {"north.csv": 20, "south.csv": 20}
    assert version.source["files"][1]["separator"] == ";"


def test_files_of_other_columns_wait_for_consent(
    open_page: OpenPage, workspace: Workspace, project: str
) -> None:
    other = SOUTH.replace("label;text", "mood;text").encode()
    at = upload_all(open_page("data"), {"north.csv": NORTH.encode(), "south.csv": other})
    assert at.button(key="import_go").disabled
    assert "south.csv has no label" in texts(at).replace("\\", "")
    next(w for w in at.toggle if w.key.startswith("differ_go_")).set_value(True).run()
    at.button(key="import_go").click().run()
    run_waiting(workspace.scope)
    at.run()
    ((version,),) = [d.versions for d in workspace.datasets.list(project)]
    assert "columns_differ" in {f.code for f in workspace.datasets.findings(version.id)}


def test_a_file_that_cannot_be_read_is_named_and_can_be_left_out(open_page: OpenPage, project: str) -> None:
    at = upload_all(
        open_page("data"), {"north.csv": NORTH.encode(), "ragged.csv": b"text,label\na,b\nc,d,e\n"}
    )
    assert "import_go" not in {b.key for b in at.button}
    chosen = next(s for s in at.selectbox if s.key.startswith("file_"))
    assert chosen.value == 1, "the one with the problem is shown"
    assert "Row 2" in at.error[0].value
    next(b for b in at.button if b.key.startswith("file_out_")).click().run()
    assert not at.exception and not at.error
    assert not at.button(key="import_go").disabled


def test_the_first_file_can_be_left_out_too(open_page: OpenPage, workspace: Workspace, project: str) -> None:
    at = upload_all(
        open_page("data"), {"ragged.csv": b"text,label\na,b\nc,d,e\n", "north.csv": NORTH.encode()}
    )
    next(b for b in at.button if b.key.startswith("file_out_")).click().run()
    assert not at.exception and not at.error
    draft = at.session_state[UPLOAD]
    assert workspace.datasets.upload(draft.upload_id).name == "north.csv" and draft.more == []


def test_another_file_joins_the_first(open_page: OpenPage, project: str) -> None:
    at = upload(open_page("data"), "north.csv", NORTH.encode(), "upload_file")
    at = upload(at, "south.csv", SOUTH.encode(), "upload_more_file")
    assert not at.exception
    assert len(at.session_state[UPLOAD].files) == 2
    assert "".join(at.query_params["upload"]).count(",") == 1


@pytest.mark.parametrize("locale", ["en-US", "zh-CN"])
def test_the_files_of_an_archive_are_chosen(
    open_page: OpenPage, workspace: Workspace, project: str, locale: str
) -> None:
    files = {"北/a.csv": NORTH, "south.csv": SOUTH, "README.md": "no table"}
    at = upload(open_page("data", locale=locale), "all.zip", packed(files))
    assert not at.exception
    chooser = next(m for m in at.multiselect if m.key.startswith("members_"))
    assert chooser.value == ["北/a.csv"] and len(chooser.options) == 2
    chooser.set_value(["北/a.csv", "south.csv"]).run()
    assert not at.exception
    at.button(key="import_go").click().run()
    run_waiting(workspace.scope)
    at.run()
    ((version,),) = [d.versions for d in workspace.datasets.list(project)]
    rows, _ = workspace.datasets.rows(version.id)
    assert set(rows["source_file"]) == {"北/a.csv", "south.csv"}


def test_one_file_of_an_archive_alone(open_page: OpenPage, workspace: Workspace, project: str) -> None:
    at = upload(open_page("data"), "all.zip", packed({"a.csv": NORTH, "b.csv": SOUTH}))
    chooser = next(m for m in at.multiselect if m.key.startswith("members_"))
    chooser.set_value(["b.csv"]).run()
    assert not at.exception
    assert list(at.dataframe[0].value.columns) == ["label", "text"]
    at.button(key="import_go").click().run()
    run_waiting(workspace.scope)
    at.run()
    ((version,),) = [d.versions for d in workspace.datasets.list(project)]
    assert version.rows == 20 and [c.name for c in version.schema.columns] == ["label", "text"]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv.gz", gzip.compress(NORTH.encode())),
        (
            "a.json",
            json.dumps({"data": [{"text": f"good {i}", "label": "x"} for i in range(20)]}, indent=1).encode(),
        ),
    ],
)
def test_packed_and_json_files_are_read(
    open_page: OpenPage, workspace: Workspace, project: str, name: str, content: bytes
) -> None:
    at = upload(open_page("data"), name, content)
    assert not at.exception and not at.error
    at.button(key="import_go").click().run()
    run_waiting(workspace.scope)
    at.run()
    ((version,),) = [d.versions for d in workspace.datasets.list(project)]
    assert version.rows == 20


@pytest.mark.parametrize(
    ("codec", "wrong", "right"),
    [
        ("gb18030", "Big5", "GB18030"), ("big5", "GB18030", "Big5"), ("shift_jis", "EUC-KR", "Shift-JIS"),
        ("euc_kr", "GB18030", "EUC-KR"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("locale", ["en-US", "zh-CN"])
def test_a_wrong_encoding_is_seen_in_the_rows_and_put_right(
    open_page: OpenPage, workspace: Workspace, project: str, codec: str, wrong: str, right: str, locale: str
) -> None:
    text = {"gb18030": "菜很好吃", "big5": "東西便宜", "shift_jis": "とても良い", "euc_kr": "맛있어요"}[codec]
    table = "text,label\n" + "".join(f"{text} {i},{'a' if i % 2 else 'b'}\n" for i in range(40))
    at = upload(open_page("data", locale=locale), "local.csv", table.encode(codec))

    def encoding() -> str:
        return next(s.key for s in at.selectbox if s.key.startswith("read_encoding_"))

    at.selectbox(key=encoding()).set_value(wrong).run()
    assert not at.exception
    if len(at.dataframe):
        assert text not in at.dataframe[0].value.iloc[0].tolist()[0]
    at.selectbox(key=encoding()).set_value(right).run()
    assert at.dataframe[0].value.iloc[0, 0] == f"{text} 0"
    at.button(key="import_go").click().run()
    run_waiting(workspace.scope)
    at.run()
    ((version,),) = [d.versions for d in workspace.datasets.list(project)]
    assert workspace.datasets.rows(version.id)[0]["text"][0] == f"{text} 0"
    assert version.source["encoding"] == right


def test_types_are_drafted_beside_the_roles(open_page: OpenPage, project: str) -> None:
    table = "text,label,when,stars\n" + "".join(
        f"a text of its own {i},{'yes' if i % 2 else 'no'},2024-01-{i + 1:02},{i + 2}\n" for i in range(20)
    )
    at = upload(open_page("data"), "a.csv", table.encode())
    captions = [c.value for c in at.caption]
    assert [c for c in captions if c in ("text", "yes/no", "date", "number")] == [
        "text",
        "yes/no",
        "date",
        "number",
    ]
    assert "文本" in [
        c.value for c in upload(open_page("data", locale="zh-CN"), "b.csv", table.encode()).caption
    ]


@pytest.mark.parametrize("locale", ["en-US", "zh-CN"])
def test_rows_are_added_to_a_dataset_as_a_child_version(
    open_page: OpenPage, workspace: Workspace, project: str, locale: str
) -> None:
    parent = import_text(workspace, project, SMALL).id
    at = open_page("data", locale=locale)
    at.button(key="data_add").click().run()
    at = upload(
        at, "more.csv", b"text,label,extra\nquite new one,good,x\nquite new two,bad,y\n", "upload_file"
    )
    into = next(s for s in at.selectbox if s.key.startswith("import_into_"))
    into.set_value(parent).run()
    assert not at.exception
    assert "extra" in texts(at)
    assert not [s for s in at.selectbox if s.key.startswith("role_")], "the dataset's roles hold"
    at.button(key="import_go").click().run()
    run_waiting(workspace.scope)
    at.run()
    assert not at.exception and not at.error
    child = workspace.datasets.version(at.session_state[VERSION])
    assert child.parent_id == parent
    before = workspace.datasets.version(parent).rows
    assert child.rows == before + 2
    rows, _ = workspace.datasets.rows(child.id, offset=before)
    assert rows["row_id"].tolist() == [before, before + 1]


def test_a_file_without_the_text_column_cannot_be_added(
    open_page: OpenPage, workspace: Workspace, project: str
) -> None:
    parent = import_text(workspace, project, SMALL).id
    at = open_page("data")
    at.button(key="data_add").click().run()
    at = upload(at, "more.csv", b"review,label\nquite new one,good\nanother,bad\n", "upload_file")
    next(s for s in at.selectbox if s.key.startswith("import_into_")).set_value(parent).run()
    assert at.button(key="import_go").disabled
    assert "none of the text columns" in texts(at)
