"""What is wrong with a document is said in the reader's own language, and nothing of a library's English with it."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import pytest

from engine.data.readers import preview_file
from engine.data.schema import RolesInvalid, make_schema
from engine.errors import BentuError, error_from_json
from engine.i18n import render_error
from engine.models.family import Family, families
from engine.packaging.bundle import BundleDamaged, open_bundle, unpack
from engine.params import InvalidParameter, Params, param, read_params
from engine.recipe import RecipeUnreadable, read_recipe


class Toy(Params):
    depth: int = param(2, "Depth", "", low=1, high=8)
    rate: float = param(0.1, "Rate", "", low=0.0, high=1.0)
    sparse: bool = param(True, "Sparse", "")
    kind: Literal["one", "two"] = param("one", "Kind", "")
    note: str = param("", "Note", "", max_length=5)


def said(error: BentuError, *names: str) -> str:
    """The error in English, after its Chinese was checked: besides `names`, which stand in the document, no Latin word."""
    restored = error_from_json(error.to_json())
    what, remedy = render_error(restored, "zh_CN")
    for sentence in (what, remedy):
        left = re.sub("|".join(map(re.escape, (*names, "Bentu", "YAML", "JSON", "Excel", "WPS", "LibreOffice", "XLSX", "CSV", "UTF-8", "Lines", "lines", "Parquet"))), "", sentence)  # fmt: skip
        assert not re.search(r"[A-Za-z]{2,}", left), sentence
    return render_error(restored, "en")[0]


@pytest.mark.parametrize(
    ("values", "english"),
    [
        ({"depth": 0}, "“depth” of toy must be at least 1; it is 0."),
        ({"depth": 9}, "“depth” of toy must be at most 8; it is 9."),
        ({"depth": 2.5}, "“depth” of toy must be a whole number; it is 2.5."),
        ({"depth": "2x"}, "“depth” of toy must be a whole number; it is 2x."),
        ({"depth": None}, "“depth” of toy must be a whole number; it is empty."),
        ({"rate": "x"}, "“rate” of toy must be a number; it is x."),
        ({"rate": float("nan")}, "“rate” of toy must be a number; it is nan."),
        ({"rate": [1]}, "“rate” of toy must be a number; it is a list."),
        ({"sparse": "perhaps"}, "“sparse” of toy must be true or false; it is perhaps."),
        ({"kind": "three"}, "“kind” of toy must be one of one, two; it is three."),
        ({"kind": True}, "“kind” of toy must be one of one, two; it is true."),
        ({"note": {"a": 1}}, "“note” of toy must be a text; it is a mapping."),
        ({"note": "too long"}, "“note” of toy must have at most 5 characters."),
        ({"typo": 1}, "“typo” of toy is not a name that is known here."),
    ],
)
def test_a_wrong_parameter(values: dict[str, Any], english: str) -> None:
    with pytest.raises(InvalidParameter) as caught:
        read_params(Toy, values, "toy")
    names = ("toy", *values, "one", "two", "three", "true", "false", "nan", "2x", "perhaps")
    assert said(caught.value, *names) == english


WRONG: tuple[Any, ...] = (None, [], {}, "nothing like it", -1e9, 1e9, float("inf"))


@pytest.mark.parametrize("family", list(families), ids=lambda family: family.name)
def test_every_declared_parameter_refuses_in_both_languages(family: Family) -> None:
    refused = 0
    for name, field in family.Params.model_fields.items():
        for value in WRONG:
            try:
                read_params(family.Params, {name: value}, family.name)
            except InvalidParameter as caught:
                error = caught
            else:
                continue
            refused += 1
            choices = re.findall(r"\w+", str(field.annotation))
            english = said(error, family.name, name, *choices, "inf", "true", "false", str(value))
            assert "cannot be used as it is" not in english
    assert refused >= 4 * len(family.Params.model_fields)


FAMILY = "family: {name: x}\n"


@pytest.mark.parametrize(
    ("text", "english"),
    [
        ("data: a\nfamily: [\n", "the document cannot be read as YAML at line 3, column 1."),
        ("data: a: b\n", "the document cannot be read as YAML at line 1, column 8."),
        ("data: a\nseed: \x07\n", "the document cannot be read as YAML at line 2, column 7."),
        ("seed: 2026-13-01\n", "the document cannot be read as YAML."),
        ("[" * 3000, "the document cannot be read as YAML."),
        ("- a\n", "the document must be a mapping of names to values; it is a list."),
        ("", "the document must be a mapping of names to values; it is empty."),
        (f"data: a\nformat: x\n{FAMILY}", "format must be a whole number; it is x."),
        (f"data: a\nformat: -3\n{FAMILY}", "format is -3, which never was one."),
        ("data: a\n", "family is missing."),
        (FAMILY, "data is missing."),
        ("data: a\nfamily: {}\n", "family.name is missing."),
        ("data: a\nfamily: linear\n", "family must be a mapping of names to values; it is linear."),
        (f"data: a\n{FAMILY}colour: red\n", "colour is not a name that is known here."),
        (f"data: a\n{FAMILY}clean: html\n", "clean must be a list; it is html."),
        (f"data: a\n{FAMILY}clean: [{{}}]\n", "clean.0.name is missing."),
        (f"data: a\n{FAMILY}seed: -1\n", "seed must be at least 0; it is -1."),
        (f"data: a\n{FAMILY}split: {{train: 1}}\n", "split.train must be less than 1; it is 1."),
        (f"data: a\n{FAMILY}split: {{validation: 0}}\n", "split.validation must be more than 0; it is 0."),
        (f"data: a\n{FAMILY}split: {{train: 0.3}}\n", "split must have shares of train, validation and test that sum to 1."),
        (f"data: a\n{FAMILY}split: {{kind: given}}\n", "split must name its column, because it is a given one."),
        (f"data: a\n{FAMILY}dial: fast\n", "dial must be one of quick, balanced, thorough; it is fast."),
        (f"data: 5\n{FAMILY}", "data must be a text; it is 5."),
        (f"data: {{file: a.csv}}\n{FAMILY}", "data.roles is missing."),
        (f"data: {{file: a.csv, roles: {{a: 1}}}}\n{FAMILY}", "data.roles.a must be a text; it is 1."),
        (f"data: {{file: a.csv, roles: {{}}, seperator: x}}\n{FAMILY}", "data.seperator is not a name that is known here."),
    ],
)  # fmt: skip
def test_an_unreadable_recipe(text: str, english: str) -> None:
    with pytest.raises(RecipeUnreadable) as caught:
        read_recipe(text)
    assert said(caught.value, *re.findall(r"[\w.]*\w", english)) == f"This is not a recipe: {english}"


@pytest.mark.parametrize(
    ("roles", "english"),
    [
        ({"nowhere": "input"}, "there is no column “nowhere”."),
        ({"a": "nothing"}, "“nothing” is no role; roles are input, label, slice, group, time, id, split, ignore."),
        ({"a": "label"}, "no column has the role “Text”."),
        ({"a": "input", "b": "label", "c": "label"}, "more than one column has the role “Label”."),
    ],
)  # fmt: skip
def test_roles_that_do_not_fit_together(roles: dict[str, str], english: str) -> None:
    with pytest.raises(RolesInvalid) as caught:
        make_schema(roles, ["a", "b", "c"])
    names = ("nowhere", "nothing", "input", "label", "slice", "group", "time", "id", "split", "ignore")
    assert said(caught.value, *names) == f"The column roles do not fit together: {english}"


def _no_bundle(folder: Path) -> None:
    open_bundle(folder)


def _no_archive(folder: Path) -> None:
    (folder / "bundle.tar").write_bytes(b"no archive at all" * 100)
    unpack(folder / "bundle.tar", folder / "there")


def _changed_bundle(folder: Path) -> None:
    (folder / "manifest.json").write_text(
        '{"format": 1, "family": {"name": "x", "version": 1}, "files": {"a.npy": {}}}'
    )
    open_bundle(folder)


@pytest.mark.parametrize("harm", [_no_bundle, _no_archive, _changed_bundle])
def test_a_damaged_bundle(harm: Callable[[Path], None], tmp_path: Path) -> None:
    with pytest.raises(BundleDamaged) as caught:
        harm(tmp_path)
    assert said(caught.value, "manifest.json", "a.npy").endswith(".")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.jsonl", b'{"a": }\n'), ("a.jsonl", b'{"a": 1, "a": 2}\n'), ("a.jsonl", b"[1]\n"), ("a.jsonl", b'{"a": ' + b"[" * 100_000),
        ("a.xlsx", b"PK\x03\x04 and no more"), ("a.parquet", b"PAR1 and no more PAR1"),
    ],
    ids=["no value", "a key twice", "a list", "too deep", "workbook", "parquet"],
)  # fmt: skip
def test_a_file_that_cannot_be_read(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    problem = preview_file(tmp_path / name, name).problem
    assert problem is not None
    assert said(problem, name).endswith(".")


def test_a_name_that_is_unknown() -> None:
    with pytest.raises(BentuError) as caught:
        families.get("nothing")
    assert said(caught.value, "nothing", *(f.name for f in families)).startswith("There is no family called")
