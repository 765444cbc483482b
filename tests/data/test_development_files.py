"""The real files, read as a person would upload them."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from engine.data.profile import profile_table
from engine.data.readers import ReadOptions, preview_file, read_table, suggest_roles
from engine.data.schema import make_schema
from engine.data.versions import check_table
from engine.modality import modalities

FILES = [
    ("zh-no-licence-stated/waimai_10k.csv", 11_987, ("0", "1"), {"train": 9578, "dev": 1197, "test": 1198, "excluded": 14}, "zh", "Han"),
    ("masakhanews/yor.tsv", 2_050, ("entertainment", "health", "politics", "religion", "sports"), {"train": 1433, "dev": 206, "test": 411}, "yo", "Latin"),
    ("afrisenti/hau.tsv", 22_152, ("negative", "neutral", "positive"), {"train": 14172, "dev": 2677, "test": 5303}, "ha", "Latin"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("file", "rows", "classes", "split", "language", "script"), FILES, ids=lambda v: str(v)[:24]
)
def test_real_files(
    shared_data: Path, tmp_path: Path, file: str, rows: int, classes: tuple[str, ...], split: dict[str, int],
    language: str, script: str,
) -> None:  # fmt: skip
    packed = shared_data / "text" / f"{file}.gz"
    if not packed.exists():
        pytest.skip(f"{file} is not among the development data")
    path = tmp_path / "upload"
    path.write_bytes(gzip.decompress(packed.read_bytes()))
    preview = preview_file(path, file)
    assert preview.problem is None and preview.encoding_certain and preview.separator_certain
    roles = suggest_roles(preview.rows, preview.columns)
    frame = read_table(path, file)
    assert len(frame) == rows and preview.rows.equals(frame.head(5))
    schema, _ = check_table(frame, make_schema(roles, preview.columns), modalities.get("text-classification"))
    assert schema.classes == classes
    found = profile_table(frame, schema, modalities.get(schema.task))
    assert found.split == split
    assert next(iter(found.details["languages"])) == language
    assert next(iter(found.details["scripts"])) == script


def test_a_real_file_in_gbk_comes_back_the_same(shared_data: Path, tmp_path: Path) -> None:
    packed = shared_data / "text/zh-no-licence-stated/waimai_10k.csv.gz"
    if not packed.exists():
        pytest.skip("waimai_10k is not among the development data")
    text = gzip.decompress(packed.read_bytes()).decode()
    (tmp_path / "utf8").write_text(text, encoding="utf-8", newline="")
    (tmp_path / "gb").write_bytes(text.encode("gb18030"))
    preview = preview_file(tmp_path / "gb", "waimai.csv")
    assert (preview.encoding, preview.encoding_certain) == ("GB18030", False)
    chosen = read_table(tmp_path / "gb", "waimai.csv", ReadOptions(encoding=preview.encoding))
    assert chosen.equals(read_table(tmp_path / "utf8", "waimai.csv"))
