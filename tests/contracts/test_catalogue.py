"""The Chinese catalogue is complete, keeps every placeholder, and the compiled file is the one that ships."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from io import BytesIO
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.mofile import read_mo, write_mo
from babel.messages.pofile import read_po

from engine.i18n.extract import extract

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "engine/i18n/zh_CN/LC_MESSAGES"
GAP = re.compile("(?<=[\u4e00-\u9fff]) +(?=[A-Za-z0-9{])|(?<=[A-Za-z0-9}%]) +(?=[\u4e00-\u9fff])")
BOLD_RUN_ON = re.compile(r"{(?:name|run|version|parent|reference|first|second|title)}\*\*\w")
"""A bold name that a letter follows: where the name ends in a bracket, Markdown leaves the stars as they are."""
PLACEHOLDER = re.compile(r"{([a-z_0-9]+)[^}]*}")


@cache
def sources() -> dict[str, str]:
    """Every message id in the code with the file that first uses it."""
    found: dict[str, str] = {}
    for folder in ("engine", "ui", "pages"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            with path.open("rb") as file:
                for _, _, message, _ in extract(file, (), (), {}):
                    for text in message if isinstance(message, tuple) else (message,):
                        found.setdefault(text, str(path.relative_to(ROOT)))
    return found


@cache
def catalogue() -> Catalog:
    with (FOLDER / "bentu.po").open("rb") as file:
        return read_po(file, locale="zh_CN", domain="bentu")


def translations() -> dict[str, str]:
    known: dict[str, str] = {}
    for message in catalogue():
        if isinstance(message.id, (tuple, list)):
            text = message.string[0] if message.string else ""
            known.update(dict.fromkeys(message.id, text))
        elif message.id:
            known[message.id] = message.string
    return known


def test_every_text_is_translated() -> None:
    known = translations()
    missing = {text: where for text, where in sources().items() if not known.get(text)}
    assert not missing, (
        f"{len(missing)} texts lack Chinese; run `make catalog` and translate: {list(missing.items())[:8]}"
    )


def test_no_text_is_left_over_or_fuzzy() -> None:
    assert not [m.id for m in catalogue() if m.fuzzy and m.id]
    assert not set(translations()) - set(sources())


def test_placeholders_survive_translation() -> None:
    for text, chinese in translations().items():
        wanted, found = set(PLACEHOLDER.findall(text)), set(PLACEHOLDER.findall(chinese))
        assert found <= wanted | {"n"}, f"{chinese!r} uses a placeholder that {text!r} does not fill"
        assert wanted - {"n"} <= found, f"{chinese!r} loses a placeholder of {text!r}"


def test_chinese_is_written_one_way() -> None:
    apart = [chinese for chinese in translations().values() if GAP.search(chinese)]
    assert not apart, f"no space between Chinese and letters, digits or placeholders: {apart[:8]}"


def test_a_bold_name_stays_bold_whatever_it_ends_in() -> None:
    torn = [chinese for chinese in translations().values() if BOLD_RUN_ON.search(chinese)]
    assert not torn, f"a sign or a quotation mark has to follow the name: {torn[:8]}"


def texts(found: Catalog) -> dict[str, object]:
    return {str(tuple(m.id) if isinstance(m.id, list) else m.id): m.string for m in found if m.id}


def test_compiled_catalogue_is_current() -> None:
    expected = BytesIO()
    write_mo(expected, catalogue())
    expected.seek(0)
    with (FOLDER / "bentu.mo").open("rb") as file:
        compiled = texts(read_mo(file))
    assert compiled == texts(read_mo(expected)), "run `make catalog`"


LABELLED = {
    "title", "header", "subheader", "caption", "button", "download_button", "form_submit_button", "text_input", "text_area",
    "selectbox", "multiselect", "slider", "select_slider", "number_input", "toggle", "checkbox", "radio", "segmented_control",
    "pills", "expander", "popover", "info", "warning", "error", "success", "toast", "metric", "dialog", "status",
}  # fmt: skip


def _labels(path: Path) -> Iterator[tuple[int, ast.expr]]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in LABELLED:
            yield from ((node.lineno, a) for a in node.args[:1])
            wanted = ("label", "help", "placeholder", "text", "alt", "body")
            yield from ((node.lineno, k.value) for k in node.keywords if k.arg in wanted)


@pytest.mark.parametrize(
    "path",
    sorted([*(ROOT / "pages").glob("*.py"), *(ROOT / "ui").rglob("*.py")]),
    ids=lambda p: str(p.relative_to(ROOT)),
)
def test_labels_pass_through_the_catalogue(path: Path) -> None:
    for line, label in _labels(path):
        if isinstance(label, ast.Constant) and isinstance(label.value, str):
            bare = re.sub(r":material/\w+:|[\W\d_]", "", label.value)
            assert not bare, f"{path.name}:{line}: {label.value!r} is shown without a translation"
