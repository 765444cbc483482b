"""What the structural checks say of real sets: leaks between their given parts, files sorted by label, and nothing more."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from engine.data.checks import checks
from engine.data.findings import Found, handle
from engine.data.readers import preview_file, read_table, suggest_roles
from engine.data.schema import make_schema
from engine.data.table_view import TableView
from engine.modality import modalities

STRUCTURAL = (
    "obstacles", "unlabelled_rows", "small_classes", "similar_classes", "class_imbalance", "sorted_by_label", "label_leakage", "duplicates",
    "conflicting_labels", "split_overlap", "missing_values", "not_a_number", "unreadable_dates", "small_slices", "similar_slices",
    "constant_columns", "id_like_columns", "class_drift", "word_drift",
)  # fmt: skip

SAID = {
    "afrisenti/hau.tsv": {"sorted_by_label", "duplicates", "conflicting_labels", "split_overlap:train:dev"},
    "afrisenti/amh.tsv": {"duplicates"},
    "masakhanews/yor.tsv": set(),
    "masakhanews/som.tsv": set(),
    "masakhanews/pcm.tsv": {"duplicates", "split_overlap:train:test"},
    "zh-no-licence-stated/waimai_10k.csv": {"sorted_by_label", "duplicates", "conflicting_labels"},
    "zh-no-licence-stated/online_shopping_9_cats.csv": {
        "sorted_by_label",
        "duplicates",
        "conflicting_labels",
    },
}


@pytest.mark.parametrize("file", SAID)
def test_real_sets(shared_data: Path, tmp_path: Path, file: str) -> None:
    found = {handle(one.finding): one for one in _found(shared_data, tmp_path, file)}
    assert set(found) == SAID[file]
    if file == "afrisenti/hau.tsv":
        shared = found["split_overlap:train:dev"]
        assert shared.finding.params["inputs"] == 215
        assert len(shared.rows) == 430, "each of them once in train and once in dev"


def _found(shared_data: Path, tmp_path: Path, file: str) -> list[Found]:
    packed = shared_data / "text" / f"{file}.gz"
    if not packed.exists():
        pytest.skip(f"{file} is not among the development data")
    path = tmp_path / "upload"
    path.write_bytes(gzip.decompress(packed.read_bytes()))
    preview = preview_file(path, file)
    schema = make_schema(suggest_roles(preview.rows, preview.columns), preview.columns)
    table = TableView(read_table(path, file), schema, modalities.get(schema.task))
    return [one for name in STRUCTURAL for one in checks.get(name).run(table)]
