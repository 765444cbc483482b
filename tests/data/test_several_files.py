from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.data import errors, limits
from engine.data.readers import ReadOptions, Source, read_several
from engine.i18n import render_error

Put = Callable[..., Path]


def test_columns_are_united_by_name_and_rows_know_their_file(put: Put) -> None:
    first = Source(put("text,label\ngood,1\nbad,0\n", "a"), "north.csv")
    second = Source(put("label;text\n1;fine\n", "b"), "south.csv")
    frame, notes = read_several([first, second])
    assert frame.to_dict("list") == {
        "text": ["good", "bad", "fine"],
        "label": ["1", "0", "1"],
        "source_file": ["north.csv", "north.csv", "south.csv"],
    }
    assert notes == () and list(frame.index) == [0, 1, 2]


def test_each_file_keeps_its_own_options(put: Put) -> None:
    gbk = Source(put("text,label\n好吃,1\n".encode("gbk"), "a"), "a.csv", ReadOptions(encoding="GB18030"))
    big5 = Source(put("text\tlabel\n便宜\t0\n".encode("big5"), "b"), "b.tsv", ReadOptions(encoding="Big5"))
    frame, _ = read_several([gbk, big5])
    assert frame["text"].tolist() == ["好吃", "便宜"]


def test_files_of_different_columns_need_consent(put: Put) -> None:
    sources = [
        Source(put("text,label\ngood,1\n", "a"), "a.csv"),
        Source(put("text,region\nbad,north\nworse,south\n", "b"), "b.csv"),
    ]
    with pytest.raises(errors.ColumnsDiffer) as caught:
        read_several(sources)
    what, _ = render_error(caught.value, "en")
    assert "“b.csv” differs from “a.csv”: it lacks “label” and has “region” instead" in what
    frame, notes = read_several(sources, differing=True)
    assert frame["label"].tolist() == ["1", "", ""] and frame["region"].tolist() == ["", "north", "south"]
    assert [(n.code, n.severity, n.count) for n in notes] == [("columns_differ", "warning", 3)]


def test_a_problem_names_the_file(put: Put) -> None:
    good, bad = put("text,label\na,1\n", "a"), put("text,label\na,1,2\n", "b")
    with pytest.raises(errors.ProblemInFile) as caught:
        read_several([Source(good, "good.csv"), Source(bad, "bad.csv")])
    for locale in ("en", "zh_CN"):
        what, remedy = render_error(caught.value, locale)
        assert "bad.csv" in what and "2" in what and "{" not in what + remedy and len(remedy) > 10
    assert caught.value.params["reason"] == "RAGGED_ROWS"


def test_notes_name_the_file(put: Put) -> None:
    sources = [Source(put("text\na\n\nb\n", "a"), "one.csv"), Source(put("text\nc\n", "b"), "two.csv")]
    _, (note,) = read_several(sources)
    assert (note.code, note.params["name"], note.count) == ("blank_lines", "one.csv", 1)


def test_names_are_told_apart(put: Put) -> None:
    path = put("text,source_file\na,x\n")
    frame, _ = read_several([Source(path, "same.csv"), Source(path, "same.csv")])
    assert frame["source_file"].tolist() == ["x", "x"]
    assert frame["source_file_2"].tolist() == ["same.csv", "same.csv (2)"]


def test_files_of_an_archive(put: Put, tmp_path: Path) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("data/北.csv", "text,label\n好,1\n")
        archive.writestr("data/south.tsv", "text\tlabel\nbad\t0\n")
    path = put(out.getvalue())
    room = tmp_path / "room"
    room.mkdir()
    sources = [
        Source(path, "all.zip", ReadOptions(member=m), room) for m in ("data/北.csv", "data/south.tsv")
    ]
    frame, _ = read_several(sources)
    assert frame["source_file"].tolist() == ["data/北.csv", "data/south.tsv"]
    assert frame["text"].tolist() == ["好", "bad"]
    assert len(list(room.iterdir())) == 2


def test_limits_hold_for_the_whole(put: Put, monkeypatch: pytest.MonkeyPatch) -> None:
    source = Source(put("text\na\nb\n"), "a.csv")
    monkeypatch.setattr(limits, "MAX_ROWS", 3)
    with pytest.raises(errors.TooManyRows):
        read_several([source, source])
    monkeypatch.setattr(limits, "MAX_FILES", 1)
    with pytest.raises(errors.TooManyFiles):
        read_several([source, source])
