"""Bundles: complete, checked to the byte, and safe to unpack."""

from __future__ import annotations

import io
import json
import os
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.data.schema import Schema
from engine.errors import BentuError
from engine.models.family import Fitted, families
from engine.packaging import bundle as module
from engine.packaging.bundle import (
    BundleDamaged,
    BundleVersionUnknown,
    open_bundle,
    pack,
    unpack,
    write_bundle,
)
from engine.prepare.steps import StepVersionUnknown
from engine.recipe import Step
from engine.registry import UnknownName
from tests.packaging.conftest import RECIPE


def seal(folder: Path, **changes: object) -> None:
    """Make the manifest agree with the files again, as somebody with bad intentions would."""
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["files"] = {name: module._fingerprint(folder / name) for name in module._files(folder)}
    (folder / "manifest.json").write_text(json.dumps(manifest | changes))


def test_holds_all_that_answering_needs(bundle: Path, schema: Schema) -> None:
    opened = open_bundle(bundle)
    assert (opened.recipe, opened.schema, opened.family.name) == (RECIPE, schema, "tfidf_svm")
    names = {str(p.relative_to(bundle)) for p in bundle.rglob("*") if p.is_file()}
    assert names == {
        "recipe.yaml", "schema.json", "metrics.json", "environment.json", "manifest.json", "model/model.json",
        "model/vocabulary.json", "model/idf.npy", "model/coefficients.npy", "model/intercepts.npy",
    }  # fmt: skip
    assert json.loads((bundle / "metrics.json").read_text()) == {"accuracy": 0.9}
    manifest = json.loads((bundle / "manifest.json").read_text())
    assert set(manifest["files"]) == names - {"manifest.json"}
    assert manifest["signatures"] == []


def test_is_complete_or_not_there(
    tmp_path: Path, schema: Schema, fitted: Fitted, monkeypatch: pytest.MonkeyPatch
) -> None:
    def write() -> None:
        write_bundle(
            tmp_path / "made", recipe=RECIPE, schema=schema, family=families.get("tfidf_svm"), fitted=fitted,
            metrics={}, environment={},
        )  # fmt: skip

    with monkeypatch.context() as patch:
        patch.setattr(module, "recipe_yaml", lambda recipe: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            write()
    assert not (tmp_path / "made").exists()
    write()
    write()
    open_bundle(tmp_path / "made")
    assert not (tmp_path / "made.part").exists()


def _change(folder: Path) -> None:
    path = folder / "model/coefficients.npy"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(bytes(content))


def _remove(folder: Path) -> None:
    (folder / "model/idf.npy").unlink()


def _add(folder: Path) -> None:
    (folder / "model/more.txt").write_text("more")


def _link(folder: Path) -> None:
    path = folder / "model/idf.npy"
    target = folder.parent / "elsewhere.npy"
    path.replace(target)
    path.symlink_to(target)


def _no_manifest(folder: Path) -> None:
    (folder / "manifest.json").unlink()


def _broken_manifest(folder: Path) -> None:
    (folder / "manifest.json").write_text("[]")


def _no_recipe(folder: Path) -> None:
    (folder / "recipe.yaml").unlink()
    seal(folder)


def _broken_schema(folder: Path) -> None:
    (folder / "schema.json").write_text("{}")
    seal(folder)


@pytest.mark.parametrize(
    "harm", [_change, _remove, _add, _link, _no_manifest, _broken_manifest, _no_recipe, _broken_schema]
)
def test_refuses_what_is_not_what_was_packaged(bundle: Path, harm: Callable[[Path], None]) -> None:
    harm(bundle)
    with pytest.raises(BundleDamaged):
        open_bundle(bundle)


def _newer_format(folder: Path) -> None:
    seal(folder, format=2, family="unknown shape")


def _other_family_version(folder: Path) -> None:
    seal(folder, family={"name": "tfidf_svm", "version": 99})


def _unknown_family(folder: Path) -> None:
    seal(folder, family={"name": "from_the_future", "version": 1})


def _unknown_step_version(folder: Path) -> None:
    recipe = RECIPE.model_copy(update={"clean": (Step(name="html", version=99, enabled=False),)})
    (folder / "recipe.yaml").write_text(module.recipe_yaml(recipe))
    seal(folder)


@pytest.mark.parametrize(
    ("harm", "error"),
    [(_newer_format, BundleVersionUnknown), (_other_family_version, BundleVersionUnknown),
     (_unknown_family, UnknownName), (_unknown_step_version, StepVersionUnknown)],
)  # fmt: skip
def test_refuses_what_this_code_cannot_answer_with(
    bundle: Path, harm: Callable[[Path], None], error: type[BentuError]
) -> None:
    harm(bundle)
    with pytest.raises(error):
        open_bundle(bundle)


def test_packs_to_the_same_bytes_and_back(bundle: Path, tmp_path: Path) -> None:
    first = pack(bundle, tmp_path / "a.tar").read_bytes()
    for path in bundle.rglob("*"):
        os.utime(path, (1, 1))
    assert pack(bundle, tmp_path / "b.tar").read_bytes() == first
    there = unpack(tmp_path / "a.tar", tmp_path / "there")
    assert open_bundle(there).recipe == RECIPE
    assert pack(there, tmp_path / "c.tar").read_bytes() == first


def _hostile(path: Path, **fields: object) -> None:
    with tarfile.open(path, "w") as archive:
        fine = tarfile.TarInfo("recipe.yaml")
        fine.size = 4
        archive.addfile(fine, io.BytesIO(b"fine"))
        bad = tarfile.TarInfo("x")
        bad.size = 4
        for name, value in fields.items():
            setattr(bad, name, value)
        archive.addfile(bad, io.BytesIO(b"evil") if bad.isfile() else None)


@pytest.mark.parametrize(
    "fields",
    [{"name": "../escape"}, {"name": "model/../../escape"}, {"type": tarfile.SYMTYPE, "linkname": "/etc/passwd", "size": 0},
     {"type": tarfile.LNKTYPE, "linkname": "recipe.yaml", "size": 0}, {"type": tarfile.FIFOTYPE, "size": 0},
     {"type": tarfile.CHRTYPE, "size": 0}, {"type": tarfile.DIRTYPE, "size": 0}],
)  # fmt: skip
def test_a_hostile_archive_leaves_nothing(tmp_path: Path, fields: dict[str, object]) -> None:
    _hostile(tmp_path / "bad.tar", **fields)
    with pytest.raises(BundleDamaged):
        unpack(tmp_path / "bad.tar", tmp_path / "sub" / "there")
    assert not (tmp_path / "escape").exists()
    assert list((tmp_path / "sub").iterdir()) == []


def test_an_absolute_name_stays_inside(tmp_path: Path) -> None:
    _hostile(tmp_path / "bad.tar", name=str(tmp_path / "outside"))
    there = unpack(tmp_path / "bad.tar", tmp_path / "there")
    assert not (tmp_path / "outside").exists()
    with pytest.raises(BundleDamaged):
        open_bundle(there)


def test_too_much_and_no_archive_are_refused(
    bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = pack(bundle, tmp_path / "a.tar")
    for limit in ("MAX_BYTES", "MAX_FILES"):
        with monkeypatch.context() as patch:
            patch.setattr(module, limit, 5)
            with pytest.raises(BundleDamaged):
                unpack(archive, tmp_path / "there")
    (tmp_path / "no.tar").write_bytes(b"no archive at all" * 100)
    with pytest.raises(BundleDamaged):
        unpack(tmp_path / "no.tar", tmp_path / "there")
    assert not (tmp_path / "there").exists()


def test_a_file_that_calls_itself_manifest_is_noticed_too(bundle: Path) -> None:
    (bundle / "model" / "manifest.json").write_text("{}")
    with pytest.raises(BundleDamaged):
        open_bundle(bundle)
