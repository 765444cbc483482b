"""The bundles that the demo process may read: unpacked, signed, named after their manifest, whole before any row names them.

They lie in the demo's home as copies: the studio's own archive in the artifact store is what they are made from and mended with.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Engine, select

from engine.errors import BentuError
from engine.packaging.bundle import open_bundle, sign_bundle, unpack
from engine.packaging.signing import SigningKey, load_or_make_key
from engine.serving.publication import BUNDLES
from engine.storage import artifacts
from engine.storage.database import read
from engine.storage.home import demo_home, home
from engine.storage.locks import lock
from engine.storage.sync import sync
from engine.storage.tables import model_version, new_id


def signing_key() -> SigningKey:
    """The studio's private key, made on the first call; it lies outside the demo process' home."""
    return load_or_make_key(home() / "keys" / "signing.key")


@contextmanager
def bundles_kept() -> Iterator[None]:
    """No bundle is removed while one is laid out and the row that names it is not written yet."""
    with lock(demo_home() / ".bundles.lock", shared=True):
        yield


def prepare_bundle(artifact: str, manifest: str | None = None) -> str:
    """Lay a packaged model out for the demo process, verified and signed; its `manifest_digest`. Within `bundles_kept`.

    Args:
        artifact: digest of the bundle's archive.
        manifest: what an earlier call returned for it: a folder that is still sound is used as it is.

    Raises:
        ArtifactMissing, ArtifactDamaged, BundleDamaged, BundleVersionUnknown: it cannot be served.
    """
    key, bundles = signing_key(), demo_home() / BUNDLES
    bundles.mkdir(mode=0o700, exist_ok=True)
    if manifest and _sound(bundles / manifest, key, manifest):
        return manifest
    part = bundles / f".{new_id('part')}"
    try:
        digest = sign_bundle(unpack(artifacts.verify(artifact), part), key)
        open_bundle(part, trusted=key.public, digest=digest)
        _sync_tree(part)
        target = bundles / digest
        if not _sound(target, key, digest):
            shutil.rmtree(target, ignore_errors=True)
            part.rename(target)
            sync(bundles)
        return digest
    finally:
        shutil.rmtree(part, ignore_errors=True)


def tidy(engine: Engine) -> None:
    """Remove bundles that no version of a demo names, and what a killed process left half-written."""
    with lock(demo_home() / ".bundles.lock"):
        with read(engine) as connection:
            used = set(connection.scalars(select(model_version.c.manifest)))
        for place in (demo_home() / BUNDLES).glob("*"):
            if place.name in used:
                continue
            if place.is_dir():
                shutil.rmtree(place, ignore_errors=True)
            else:
                place.unlink(missing_ok=True)


def _sound(place: Path, key: SigningKey, digest: str) -> bool:
    try:
        open_bundle(place, trusted=key.public, digest=digest)
    except BentuError:
        return False
    return True


def _sync_tree(place: Path) -> None:
    for path in (*place.rglob("*"), place):
        sync(path)
