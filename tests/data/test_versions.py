from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from engine.data import errors, limits
from engine.data.labels import labels_of
from engine.data.schema import ROW_ID, Schema, make_schema
from engine.data.versions import check_table, read_stored, table_digest, write_table
from engine.modality import modalities

ROLES = {"text": "input", "label": "label"}


def table(labels: list[str], **more: list[str]) -> pd.DataFrame:
    return pd.DataFrame(
        {"text": [f"text {i}" for i in range(len(labels))], "label": labels, **more}, dtype="str"
    )


def checked(
    frame: pd.DataFrame, roles: dict[str, str] = ROLES
) -> tuple[Schema, dict[str, tuple[str, tuple[int, ...]]]]:
    schema = make_schema(roles, [c for c in frame.columns if c != ROW_ID])
    schema, findings = check_table(frame, schema, modalities.get(schema.task))
    return schema, {f.code: (f.severity, f.rows) for f in findings}


def test_classes_are_the_labels_as_text() -> None:
    schema, findings = checked(table(["NA", "007", "1e999", "null", "None", "True", "7", " 7 "] * 2))
    assert schema.classes == ("007", "1e999", "7", "NA", "None", "True", "null")
    assert findings == {}


def test_labels_of_strips_white_space_only() -> None:
    frame = table([" a", "b ", "", "  ", "\t", "NA"])
    assert labels_of(frame, make_schema(ROLES, list(frame.columns))).tolist() == ["a", "b", "", "", "", "NA"]


CASES: list[tuple[list[str], dict[str, tuple[str, tuple[int, ...]]]]] = [
    (["", " ", ""], {"no_labels": ("error", (0, 1, 2))}),
    (["a"], {"one_row": ("error", (0,))}),
    (["a", "a", "a"], {"one_class": ("error", (0, 1, 2))}),
    (["a", "", "a"], {"one_class": ("error", (0, 2))}),
    (["a", "a", "b", "b", "", "B"], {}),  # what only makes it hard is for the checks to say
]  # fmt: skip


@pytest.mark.parametrize(("labels", "expected"), CASES)
def test_what_keeps_labels_from_being_learned(
    labels: list[str], expected: dict[str, tuple[str, tuple[int, ...]]]
) -> None:
    assert checked(table(labels))[1] == expected


def test_no_label_column() -> None:
    schema, findings = checked(table(["a", "b"]), {"text": "input"})
    assert schema.classes == () and findings == {"no_label_column": ("error", ())}


def test_too_many_classes() -> None:
    frame = table([str(i) for i in range(limits.MAX_CLASSES + 1)])
    with pytest.raises(errors.TooManyClasses, match="10001 different"):
        checked(frame)
    assert len(checked(frame.head(limits.MAX_CLASSES))[0].classes) == limits.MAX_CLASSES


def test_obstacles_name_row_ids_and_hold_a_thousand() -> None:
    frame = table(["a"] * 1500 + [""])
    frame.insert(0, ROW_ID, np.arange(len(frame)) * 10)
    schema = make_schema(ROLES, ["text", "label"])
    _, findings = check_table(frame, schema, modalities.get(schema.task))
    (found,) = findings
    assert found.count == 1500 and found.params["count"] == 1500
    assert found.rows == tuple(range(0, 10 * limits.FINDING_ROWS, 10))


def test_columns_that_are_missing() -> None:
    schema = make_schema(ROLES, ["text", "label"])
    with pytest.raises(errors.ColumnsMissing, match="label"):
        check_table(table(["a"])[["text"]], schema, modalities.get(schema.task))


def test_a_stored_table_comes_back(tmp_path: Path) -> None:
    frame = table(["", "NA", "好\n\0", "x" * 1000] * 30_000, region=["n", "s", "", "w"] * 30_000)
    path = tmp_path / "t.parquet"
    write_table(frame, path)
    stored = read_stored(path)
    assert stored.columns.tolist() == [ROW_ID, "text", "label", "region"]
    assert stored[ROW_ID].dtype == np.int64 and stored[ROW_ID].tolist() == list(range(len(frame)))
    assert stored.drop(columns=ROW_ID).equals(frame)
    assert isinstance(stored.index, pd.RangeIndex)
    assert read_stored(path, ["label"]).columns.tolist() == [ROW_ID, "label"]
    assert list(tmp_path.glob("*.part")) == []


def test_row_ids_of_a_child_version_stay(tmp_path: Path) -> None:
    frame = table(["a", "b", "c"])
    frame.insert(0, ROW_ID, [5, 7, 9])
    write_table(frame, tmp_path / "t.parquet")
    assert read_stored(tmp_path / "t.parquet")[ROW_ID].tolist() == [5, 7, 9]


def test_nothing_is_left_of_a_failed_write(tmp_path: Path) -> None:
    target = tmp_path / "store" / "t.parquet"
    target.mkdir(parents=True)
    with pytest.raises(OSError, match=r"t\.parquet"):
        write_table(table(["a"]), target)
    assert list(target.parent.iterdir()) == [target]


def test_the_digest_is_of_content_and_roles(tmp_path: Path) -> None:
    frame = table(["a", "b", "", "c"] * 20_000)
    schema = make_schema(ROLES, list(frame.columns))
    digest = table_digest(frame, schema)
    write_table(frame, tmp_path / "t.parquet")
    assert table_digest(read_stored(tmp_path / "t.parquet"), schema) == digest
    pieces = pd.concat([frame.head(7), frame.iloc[7:60_000], frame.iloc[60_000:]], ignore_index=True)
    assert table_digest(pieces, schema) == digest
    assert table_digest(frame.astype(object), schema) == digest
    with_classes = schema.model_copy(update={"classes": ("a", "b", "c")})
    assert table_digest(frame, with_classes) == digest


def test_any_change_changes_the_digest() -> None:
    frame = table(["a", "b"], note=["", "x"])
    roles = {**ROLES, "note": "slice"}
    schema = make_schema(roles, list(frame.columns))
    moved = frame.copy()
    moved["label"], moved["note"] = ["ab", ""], ["", "x"]
    shifted = frame.assign(**{ROW_ID: [1, 2]})
    digests = [
        table_digest(frame, schema), table_digest(frame, make_schema(ROLES, list(frame.columns))),
        table_digest(frame.iloc[::-1], schema), table_digest(frame.head(1), schema), table_digest(moved, schema),
        table_digest(frame.replace("x", "y"), schema), table_digest(shifted, schema),
        table_digest(frame.rename(columns={"note": "n"}), make_schema({**ROLES, "n": "slice"}, ["text", "label", "n"])),
    ]  # fmt: skip
    assert len(set(digests)) == len(digests)
