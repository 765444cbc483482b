"""A bundle: one packaged model, with all that answering needs and the proof that nothing in it was changed.

Stage 6a (packaging). A folder of `recipe.yaml`, `schema.json`, `metrics.json`, `environment.json`, `model/` (the family's
portable artefact: JSON, npy, LiteRT; never a pickle) and `manifest.json`, which names every file with its size and SHA-256
and may carry signatures over all of that.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.data.schema import Schema
from engine.errors import N_, BundleError, saying
from engine.models.family import Family, Fitted, families
from engine.packaging.signing import SigningKey, key_id, verified
from engine.prepare.steps import Cleaner
from engine.recipe import Recipe, read_recipe, recipe_yaml

FORMAT = 1
MANIFEST = "manifest.json"
MAX_BYTES = 4 * 2**30
MAX_FILES = 1000
"""A bundle that unpacks to more is refused."""

REFUSED = N_("the archive holds {file}, which is no plain file inside it or more than is allowed")


class BundleDamaged(BundleError):
    code = "BUNDLE_DAMAGED"
    message = N_("The packaged model is not what was packaged: {problem}.")
    remedy = N_("Use an earlier run, or train this one again.")


class BundleUnsigned(BundleError):
    code = "BUNDLE_UNSIGNED"
    message = N_("The packaged model does not carry a valid signature by the key {key}.")
    remedy = N_("Publish the run again from this studio, which signs what it publishes.")


class BundleVersionUnknown(BundleError):
    code = "BUNDLE_VERSION_UNKNOWN"
    message = N_("The packaged model was made by another version of Bentu: {what} {found}, known is {known}.")
    remedy = N_("Train the model again here, or use the version of Bentu that made it.")


@dataclass(frozen=True)
class Bundle:
    """A verified bundle. `family` is the registry's entry that loads `model`."""

    folder: Path
    recipe: Recipe
    schema: Schema
    family: Family

    @property
    def model(self) -> Path:
        """Folder of the family's artefact."""
        return self.folder / "model"


def write_bundle(
    folder: Path,
    *,
    recipe: Recipe,
    schema: Schema,
    family: Family,
    fitted: Fitted,
    metrics: Mapping[str, Any],
    environment: Mapping[str, Any],
) -> None:
    """Package a fitted model into `folder`: complete or not there at all; an earlier one is replaced."""
    part = folder.with_name(folder.name + ".part")
    shutil.rmtree(part, ignore_errors=True)
    (part / "model").mkdir(parents=True)
    fitted.save(part / "model")
    (part / "recipe.yaml").write_text(recipe_yaml(recipe), encoding="utf-8")
    (part / "schema.json").write_text(schema.model_dump_json(indent=2), encoding="utf-8")
    for name, value in (("metrics.json", metrics), ("environment.json", environment)):
        (part / name).write_text(json.dumps(dict(value), ensure_ascii=False, indent=2), encoding="utf-8")
    manifest = {
        "format": FORMAT,
        "family": {"name": family.name, "version": family.version},
        "files": {name: _fingerprint(part / name) for name in _files(part)},
        "signatures": [],
    }
    (part / MANIFEST).write_text(json.dumps(manifest, indent=2), encoding="utf-8")
    shutil.rmtree(folder, ignore_errors=True)
    part.rename(folder)


def open_bundle(folder: Path, *, trusted: str | None = None, digest: str | None = None) -> Bundle:
    """A bundle after every file was checked against the manifest.

    Args:
        folder: the unpacked bundle.
        trusted: public key whose signature the manifest must carry; without it a signature is not asked for.
        digest: the `manifest_digest` that it must have; without it any.

    Raises:
        BundleUnsigned: the trusted key did not sign it.
        BundleDamaged: a file is missing, changed or was added, or it is another bundle than `digest` says.
        BundleVersionUnknown, StepVersionUnknown, UnknownName: this code does not know how to answer with it.
    """
    family_name, family_version = _check_files(folder, trusted, digest)
    try:
        recipe = read_recipe((folder / "recipe.yaml").read_text(encoding="utf-8"))
        schema = Schema.model_validate_json((folder / "schema.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as problem:
        unread = saying(N_("{file} cannot be read"), file="recipe.yaml / schema.json")
        raise BundleDamaged(problem=unread) from problem
    Cleaner(recipe.clean)
    family = families.get(family_name)
    if family.version != family_version:
        raise BundleVersionUnknown(what=saying(family.title), found=family_version, known=family.version)
    return Bundle(folder, recipe, schema, family)


def sign_bundle(folder: Path, key: SigningKey) -> str:
    """Add `key`'s signature to the bundle and return its `manifest_digest`, which signing leaves as it is.

    The manifest is replaced in one step, durably; signing again changes nothing.

    Raises:
        BundleDamaged: a file does not agree with the manifest: such a bundle is not vouched for.
    """
    _check_files(folder)
    manifest = _read_manifest(folder)
    signed = _canonical(manifest)
    others = [s for s in manifest["signatures"] if s["key"] != key.public]
    manifest["signatures"] = [*others, {"key": key.public, "value": key.sign(signed)}]
    # beside the folder: inside, it would be a file that the manifest does not name
    partial = folder.with_name(f".{folder.name}.manifest.{os.getpid()}")
    with partial.open("w", encoding="utf-8") as file:
        json.dump(manifest, file, indent=2)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(folder / MANIFEST)
    return hashlib.sha256(signed).hexdigest()


def manifest_digest(folder: Path) -> str:
    """The SHA-256 of the manifest without its signatures: it names the bundle's whole content.

    Raises:
        BundleDamaged: the manifest cannot be read.
    """
    return hashlib.sha256(_canonical(_read_manifest(folder))).hexdigest()


def _read_manifest(folder: Path) -> dict[str, Any]:
    """The manifest as it stands, if it has the parts that it must have."""
    try:
        manifest: dict[str, Any] = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        if manifest["format"] != FORMAT:
            raise BundleVersionUnknown(what=saying(N_("format")), found=manifest["format"], known=FORMAT)
        family, signatures = manifest["family"], manifest["signatures"]
        texts = [family["name"], *(s[part] for s in signatures for part in ("key", "value"))]
        if not all(isinstance(text, str) for text in texts) or not isinstance(family["version"], int):
            raise TypeError
        if not isinstance(manifest["files"], dict):
            raise TypeError
        return manifest
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as problem:
        raise BundleDamaged(problem=saying(N_("{file} cannot be read"), file=MANIFEST)) from problem


def _canonical(manifest: Mapping[str, Any]) -> bytes:
    """What a signature stands for: the same bytes however the file is laid out."""
    plain = {name: value for name, value in manifest.items() if name != "signatures"}
    return json.dumps(plain, sort_keys=True, separators=(",", ":")).encode("ascii")


def _check_files(folder: Path, trusted: str | None = None, digest: str | None = None) -> tuple[str, int]:
    """Name and version of the family, after signature and digest, and then every file, were compared with the manifest."""
    manifest = _read_manifest(folder)
    canonical = _canonical(manifest)
    if trusted is not None:
        by_owner = [s["value"] for s in manifest["signatures"] if s["key"] == trusted]
        if not any(verified(trusted, canonical, value) for value in by_owner):
            raise BundleUnsigned(key=key_id(trusted))
    if digest is not None and hashlib.sha256(canonical).hexdigest() != digest:
        raise BundleDamaged(problem=saying(N_("it is another model than the one that was published")))
    expected, found = manifest["files"], _files(folder)
    for name in sorted({*expected, *found}):
        if name not in found or name not in expected or expected[name] != _fingerprint(folder / name):
            raise BundleDamaged(
                problem=saying(N_("the file {file} was added, removed or changed"), file=name)
            )
    return manifest["family"]["name"], manifest["family"]["version"]


def pack(folder: Path, target: Path) -> Path:
    """The bundle as one uncompressed tar, byte for byte the same for the same files."""
    with tarfile.open(target, "w", format=tarfile.PAX_FORMAT) as archive:
        for name in [*_files(folder), MANIFEST]:
            info = tarfile.TarInfo(name)
            info.size = (folder / name).stat().st_size
            with (folder / name).open("rb") as content:
                archive.addfile(info, content)
    return target


def unpack(archive: Path, folder: Path) -> Path:
    """The bundle back as a folder, made anew; refuses anything but plain files inside it, and then leaves nothing."""
    part = folder.with_name(folder.name + ".part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    try:
        _extract(archive, part)
    except BaseException:
        shutil.rmtree(part, ignore_errors=True)
        raise
    shutil.rmtree(folder, ignore_errors=True)
    return part.rename(folder)


def _extract(archive: Path, folder: Path) -> None:
    total = 0
    try:
        with tarfile.open(archive, "r:") as opened:
            for count, member in enumerate(opened, start=1):
                total += member.size
                if not member.isfile() or count > MAX_FILES or total > MAX_BYTES:
                    raise BundleDamaged(problem=saying(REFUSED, file=member.name))
                opened.extract(member, folder, filter="data")
    except tarfile.FilterError as problem:
        raise BundleDamaged(problem=saying(REFUSED, file=problem.tarinfo.name)) from problem
    except tarfile.TarError as problem:
        raise BundleDamaged(problem=saying(N_("the archive cannot be read"))) from problem


def _files(folder: Path) -> list[str]:
    files = (p for p in folder.rglob("*") if p.is_file() or p.is_symlink())
    return sorted(str(p.relative_to(folder).as_posix()) for p in files if p != folder / MANIFEST)


def _fingerprint(path: Path) -> dict[str, Any]:
    if path.is_symlink():  # what it points to could change after the check
        raise BundleDamaged(problem=saying(N_("{file} is a link"), file=path.name))
    with path.open("rb") as content:
        return {"sha256": hashlib.file_digest(content, "sha256").hexdigest(), "bytes": path.stat().st_size}
