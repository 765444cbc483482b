"""Bundles: nothing changed goes unnoticed, nothing unsafe is unpacked, and parity is asked in a clean process."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path

import numpy as np
import pytest

from engine.data.schema import Column, Schema
from engine.models.family import Training, TrainingData, families
from engine.packaging.bundle import (
    MANIFEST,
    BundleDamaged,
    BundleVersionUnknown,
    open_bundle,
    pack,
    unpack,
    write_bundle,
)
from engine.packaging.parity import ParityFailed, check_parity
from engine.params import read_params
from engine.prepare.steps import StepVersionUnknown
from engine.recipe import Part, Recipe, Step
from engine.serving.predictor import load_model

TEXTS = [f"{word} number {i}" for i in range(30) for word in ("good", "bad")]
CLASSES = ("bad", "good")


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small real model, packaged."""
    labels = np.array([int(t.startswith("good")) for t in TEXTS], dtype=np.int64)
    family = families.get("tfidf_logreg")
    params = read_params(family.Params, {"min_df": 1}, family.name)
    folder = tmp_path_factory.mktemp("bundle")
    data = TrainingData(TEXTS[:40], labels[:40], TEXTS[40:], labels[40:], CLASSES, seed=0)
    training = Training(lambda kind, **payload: None, lambda: None, folder / "checkpoints")
    recipe = Recipe(
        data="ver_x", clean=(Step(name="case"),),
        family=Part(name=family.name, version=family.version, params=params.model_dump(mode="json")),
    )  # fmt: skip
    schema = Schema(
        columns=(Column(name="text", role="input"), Column(name="label", role="label")), classes=CLASSES
    )
    write_bundle(
        folder / "bundle", recipe=recipe, schema=schema, family=family, fitted=family.fit(data, params, training),
        metrics={"n": 20}, environment={"python": "3"},
    )  # fmt: skip
    return folder / "bundle"


@pytest.fixture
def copy(bundle: Path, tmp_path: Path) -> Path:
    return unpack(pack(bundle, tmp_path / "b.tar"), tmp_path / "copy")


def test_a_bundle_answers_after_its_journey(bundle: Path, copy: Path) -> None:
    model = load_model(copy)
    assert model.classes == CLASSES
    assert model.predict(["GOOD number 3", "bad number 5"]) == ["good", "bad"]
    proba = model.predict_proba(TEXTS)
    assert proba.shape == (60, 2)
    assert np.allclose(proba.sum(axis=1), 1)
    assert np.array_equal(proba, load_model(bundle).predict_proba(TEXTS))


def test_the_archive_is_the_same_byte_for_byte(bundle: Path, tmp_path: Path) -> None:
    assert pack(bundle, tmp_path / "1.tar").read_bytes() == pack(bundle, tmp_path / "2.tar").read_bytes()


def test_no_file_is_a_pickle(bundle: Path) -> None:
    for file in bundle.rglob("*"):
        assert file.is_dir() or file.suffix in (".json", ".yaml", ".npy", ".tflite"), file.name


@pytest.mark.parametrize("place", ["first", "middle", "last"])
def test_one_changed_byte_in_any_file_is_refused(copy: Path, place: str) -> None:
    for file in sorted(p for p in copy.rglob("*") if p.is_file() and p.name != MANIFEST):
        original = file.read_bytes()
        at = {"first": 0, "middle": len(original) // 2, "last": len(original) - 1}[place]
        file.write_bytes(original[:at] + bytes([original[at] ^ 1]) + original[at + 1 :])
        with pytest.raises(BundleDamaged):
            open_bundle(copy)
        file.write_bytes(original)
    open_bundle(copy)


def test_missing_added_and_swapped_files_are_refused(copy: Path) -> None:
    (copy / "model" / "extra.json").write_text("{}")
    with pytest.raises(BundleDamaged):
        open_bundle(copy)
    (copy / "model" / "extra.json").unlink()
    (copy / "schema.json").rename(copy / "schema.txt")
    with pytest.raises(BundleDamaged):
        open_bundle(copy)
    (copy / "schema.txt").unlink()
    (copy / "schema.json").symlink_to("metrics.json")
    with pytest.raises(BundleDamaged):
        open_bundle(copy)


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"files": 3}'])
def test_a_broken_manifest_is_refused(copy: Path, content: str) -> None:
    (copy / MANIFEST).write_text(content)
    with pytest.raises(BundleDamaged):
        open_bundle(copy)


def _rewrite(copy: Path, name: str, text: str) -> None:
    """Change a file and its entry in the manifest, as another version of Bentu would have written both."""
    import hashlib

    (copy / name).write_text(text, encoding="utf-8")
    manifest = json.loads((copy / MANIFEST).read_text())
    manifest["files"][name] = {
        "sha256": hashlib.sha256(text.encode()).hexdigest(),
        "bytes": len(text.encode()),
    }
    (copy / MANIFEST).write_text(json.dumps(manifest))


def test_unknown_versions_are_refused(copy: Path) -> None:
    manifest = json.loads((copy / MANIFEST).read_text())
    for change in ({"format": 99}, {"family": {"name": "tfidf_logreg", "version": 99}}):
        (copy / MANIFEST).write_text(json.dumps({**manifest, **change}))
        with pytest.raises(BundleVersionUnknown):
            open_bundle(copy)
    (copy / MANIFEST).write_text(json.dumps(manifest))
    text = (copy / "recipe.yaml").read_text(encoding="utf-8")
    _rewrite(copy, "recipe.yaml", text.replace("name: case\n  version: 1", "name: case\n  version: 99"))
    with pytest.raises(StepVersionUnknown):
        open_bundle(copy)


@pytest.mark.parametrize("kind", ["traversal", "absolute", "symlink", "device", "not a tar"])
def test_unsafe_archives_are_refused(tmp_path: Path, kind: str) -> None:
    archive = tmp_path / "bad.tar"
    if kind == "not a tar":
        archive.write_bytes(b"x" * 5000)
    else:
        with tarfile.open(archive, "w") as opened:
            info = tarfile.TarInfo({"traversal": "../../x", "absolute": "/tmp/bentu-x"}.get(kind, "x"))
            if kind == "symlink":
                info.type, info.linkname = tarfile.SYMTYPE, "/etc/passwd"
            elif kind == "device":
                info.type = tarfile.CHRTYPE
            info.size = 3 if info.isfile() else 0
            opened.addfile(info, io.BytesIO(b"abc"))
    if kind == "absolute":
        # the leading slash is taken off, so the file lands inside the folder
        unpack(archive, tmp_path / "out")
        assert not Path("/tmp/bentu-x").exists()
        return
    with pytest.raises(BundleDamaged):
        unpack(archive, tmp_path / "out")
    assert not (tmp_path.parent / "x").exists()


def test_parity_is_full_for_the_same_model_and_low_for_another(bundle: Path) -> None:
    expected = load_model(bundle).predict_proba(TEXTS)
    same = check_parity(bundle, TEXTS, expected)
    assert (same.n, same.agreement, same.ok) == (60, 1.0, True)
    assert same.max_difference < 1e-9
    other = check_parity(bundle, TEXTS, expected[:, ::-1])
    assert other.agreement < 0.5
    assert not other.ok


def test_parity_says_why_it_could_not_be_checked(copy: Path) -> None:
    (copy / "metrics.json").write_text("{}")
    with pytest.raises(ParityFailed) as caught:
        check_parity(copy, TEXTS[:2], np.zeros((2, 2)))
    assert "metrics.json" in caught.value.params["problem"]
