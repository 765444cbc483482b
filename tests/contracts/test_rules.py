"""Rules that a reader of the code can check line by line: keys, markup, machine paths, secrets."""

from __future__ import annotations

import ast
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = sorted([*(ROOT / "pages").glob("*.py"), *(ROOT / "ui").rglob("*.py")])
WIDGETS = {
    "button", "download_button", "text_input", "text_area", "selectbox", "multiselect", "slider", "select_slider",
    "number_input", "toggle", "checkbox", "radio", "segmented_control", "pills", "data_editor",
    "plotly_chart", "pagination", "date_input", "menu_button",
}  # fmt: skip


@pytest.mark.parametrize("path", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_every_widget_has_a_key(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in WIDGETS:
            names = {k.arg for k in node.keywords}
            assert "key" in names or None in names, (
                f"{path.name}:{node.lineno}: {node.func.attr} without a key"
            )


@pytest.mark.parametrize("path", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_a_choice_of_several_says_nothing_in_streamlits_english(path: Path) -> None:
    """Without these two arguments it shows "Choose options" and "Select all" in every language."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr == "multiselect"
        ):
            names = {k.arg for k in node.keywords}
            assert {"placeholder", "select_all"} <= names, f"{path.name}:{node.lineno}"


@pytest.mark.parametrize("path", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_files_enter_by_our_own_field_only(path: Path) -> None:
    """Streamlit's widgets for files keep them in memory, and the studio's door refuses what they send."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Attribute):
            assert node.attr not in ("file_uploader", "camera_input", "audio_input"), (
                f"{path.name}:{node.lineno}"
            )
        if isinstance(node, ast.Call):
            assert not {k.arg for k in node.keywords} & {"accept_file", "accept_audio"}, (
                f"{path.name}:{node.lineno}"
            )


@pytest.mark.parametrize("path", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_no_markup_from_variables(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    assert "unsafe_allow_html" not in source
    assert "st.html(" not in source


def test_tracked_files_name_no_machine_and_no_registry() -> None:
    tracked = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
    forbidden = re.compile("/" + r"(work|farm|root)/|py" + r"pi\.org|python" + r"hosted|deb\." + r"debian")
    for name in tracked:
        path = ROOT / name
        if path.suffix in (".mo", ".png", ".parquet") or not path.is_file():
            continue
        found = forbidden.search(path.read_text(encoding="utf-8", errors="replace"))
        assert found is None, f"{name} names {found.group() if found else ''}"


def test_no_pickle_and_no_code_from_models() -> None:
    for path in (ROOT / "engine").rglob("*.py"):
        source = path.read_text(encoding="utf-8")
        assert not re.search(r"^\s*(import|from) (pickle|joblib|dill|cloudpickle)\b", source, re.M), path
        assert "allow_pickle=True" not in source, path
