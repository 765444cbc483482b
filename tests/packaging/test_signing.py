"""Signatures over bundles: who vouches for the content, and that nothing else passes."""

from __future__ import annotations

import json
import secrets
import stat
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from engine.i18n import render_error
from engine.packaging.bundle import (
    BundleDamaged,
    BundleUnsigned,
    manifest_digest,
    open_bundle,
    pack,
    sign_bundle,
    unpack,
)
from engine.packaging.secret_file import kept_secret
from engine.packaging.signing import SigningKey, SigningKeyDamaged, SigningKeyOpen, load_or_make_key, verified
from tests.packaging.conftest import RECIPE
from tests.packaging.test_bundle import seal
from tests.serving.studio import flip


@pytest.fixture
def key(tmp_path: Path) -> SigningKey:
    return load_or_make_key(tmp_path / "keys" / "signing.key")


@pytest.fixture
def other(tmp_path: Path) -> SigningKey:
    return load_or_make_key(tmp_path / "keys" / "other.key")


def manifest(folder: Path) -> dict[str, object]:
    found: dict[str, object] = json.loads((folder / "manifest.json").read_text())
    return found


def test_a_signed_bundle_opens_for_whoever_trusts_the_key(bundle: Path, key: SigningKey) -> None:
    before = manifest_digest(bundle)
    digest = sign_bundle(bundle, key)
    assert digest == before == manifest_digest(bundle)
    assert open_bundle(bundle, trusted=key.public, digest=digest).recipe == RECIPE
    assert [s["key"] for s in manifest(bundle)["signatures"]] == [key.public]  # type: ignore[attr-defined]
    assert [p.name for p in bundle.parent.iterdir() if "manifest" in p.name] == []


def test_signing_again_changes_nothing_and_keys_sign_beside_each_other(
    bundle: Path, key: SigningKey, other: SigningKey
) -> None:
    digest = sign_bundle(bundle, key)
    content = (bundle / "manifest.json").read_bytes()
    assert sign_bundle(bundle, key) == digest
    assert (bundle / "manifest.json").read_bytes() == content
    assert sign_bundle(bundle, other) == digest
    for trusted in (key, other):
        open_bundle(bundle, trusted=trusted.public, digest=digest)


def test_a_signature_survives_packing(bundle: Path, key: SigningKey, tmp_path: Path) -> None:
    digest = sign_bundle(bundle, key)
    there = unpack(pack(bundle, tmp_path / "a.tar"), tmp_path / "there")
    open_bundle(there, trusted=key.public, digest=digest)


def _unsigned(folder: Path) -> None:
    seal(folder, signatures=[])


def _signature_of_other_bytes(folder: Path) -> None:
    found = manifest(folder)
    (folder / "manifest.json").write_text(json.dumps(found | {"environment": "added"}))


def _signature_broken(folder: Path) -> None:
    found = manifest(folder)
    found["signatures"][0]["value"] = "no base64"  # type: ignore[index]
    (folder / "manifest.json").write_text(json.dumps(found))


def _labels_swapped_and_sealed(folder: Path) -> None:
    schema = json.loads((folder / "schema.json").read_text())
    schema["classes"].reverse()
    (folder / "schema.json").write_text(json.dumps(schema))
    seal(folder)


@pytest.mark.parametrize(
    "harm", [_unsigned, _signature_of_other_bytes, _signature_broken, _labels_swapped_and_sealed]
)
def test_what_the_owner_did_not_sign_is_refused(
    bundle: Path, key: SigningKey, harm: Callable[[Path], None]
) -> None:
    sign_bundle(bundle, key)
    harm(bundle)
    with pytest.raises(BundleUnsigned):
        open_bundle(bundle, trusted=key.public)


def test_another_key_and_another_bundle_are_refused(bundle: Path, key: SigningKey, other: SigningKey) -> None:
    sign_bundle(bundle, other)
    with pytest.raises(BundleUnsigned):
        open_bundle(bundle, trusted=key.public)
    with pytest.raises(BundleDamaged, match="another model"):
        open_bundle(bundle, digest="0" * 64)


def test_a_damaged_bundle_is_not_vouched_for(bundle: Path, key: SigningKey) -> None:
    flip(bundle / "model/coefficients.npy")
    with pytest.raises(BundleDamaged):
        sign_bundle(bundle, key)


@pytest.mark.parametrize(
    "signatures", [None, {}, "x", [1], [{"key": 1, "value": "x"}], [{"key": "x"}], [[]]], ids=str
)
def test_signatures_of_another_shape_are_refused(bundle: Path, key: SigningKey, signatures: object) -> None:
    seal(bundle, signatures=signatures)
    with pytest.raises((BundleDamaged, BundleUnsigned)):
        open_bundle(bundle, trusted=key.public)


def test_a_manifest_nested_without_end_is_refused(bundle: Path) -> None:
    (bundle / "manifest.json").write_text('{"format":' + "[" * 100_000)
    with pytest.raises(BundleDamaged):
        open_bundle(bundle)


def test_a_key_is_made_once_and_is_its_users_alone(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "k"
    with ThreadPoolExecutor(8) as pool:
        keys = {key.public for key in pool.map(load_or_make_key, [path] * 32)}
    assert len(keys) == 1
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert [p.name for p in path.parent.iterdir()] == ["k"]
    key = load_or_make_key(path)
    assert verified(key.public, b"data", key.sign(b"data"))
    assert not verified(key.public, b"date", key.sign(b"data"))
    assert not verified("x", b"data", key.sign(b"data"))


def test_a_secret_that_is_there_stays(tmp_path: Path) -> None:
    (tmp_path / "s").write_bytes(b"kept" * 8)
    assert kept_secret(tmp_path / "s", lambda: b"new") == b"kept" * 8
    (tmp_path / "t").write_bytes(b"kept")
    assert kept_secret(tmp_path / "t", lambda: b"new", 0) == b"kept"


@pytest.mark.parametrize("left", [b"", b"x" * 31], ids=["empty", "short"])
def test_what_is_left_of_a_secret_is_made_anew_once(tmp_path: Path, left: bytes) -> None:
    path = tmp_path / "s"
    path.write_bytes(left)
    with ThreadPoolExecutor(8) as pool:
        found = set(pool.map(lambda _: kept_secret(path, lambda: secrets.token_bytes(32)), range(32)))
    assert found == {path.read_bytes()}
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert not list(tmp_path.glob(".s.*"))


@pytest.mark.parametrize("left", [b"", b"x", b"AAAA", b"\xff" * 44, b"A" * 43, b"A" * 88], ids=len)
def test_a_damaged_key_is_an_error_in_words_and_stays(tmp_path: Path, left: bytes) -> None:
    path = tmp_path / "k"
    path.write_bytes(left)
    path.chmod(0o600)
    with pytest.raises(SigningKeyDamaged) as caught:
        load_or_make_key(path)
    assert path.read_bytes() == left
    assert render_error(caught.value, "en") == (
        f"The key that signs the demos ({path}) is damaged: it holds {len(left)} bytes that are not a key.",
        "Put it back from a backup. Without one, delete the file: the next start makes a new key and signs every demo with "
        "it; a demo process that you start yourself must be given the new public key.",
    )
    assert render_error(caught.value, "zh_CN") == (
        f"用于给演示签名的密钥（{path}）已损坏：其中的{len(left)}个字节不是密钥。",
        "请从备份恢复该文件。如果没有备份，请删除该文件：下次启动时会生成新的密钥，并用它重新为所有演示签名；您自行启动的演示进程需要改用新的公钥。",
    )


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o666], ids=oct)
def test_a_key_that_others_can_read_is_refused(tmp_path: Path, key: SigningKey, mode: int) -> None:
    path = tmp_path / "keys" / "signing.key"
    path.chmod(mode)
    with pytest.raises(SigningKeyOpen) as caught:
        load_or_make_key(path)
    assert render_error(caught.value, "en") == (
        f"The key that signs the demos ({path}) can be read or changed by other users of this computer (mode {mode:o}).",
        f"Close it with: chmod 600 {path}. If others may have read it, delete it instead: the next start makes a new key and "
        "signs every demo with it.",
    )
    assert render_error(caught.value, "zh_CN") == (
        f"用于给演示签名的密钥（{path}）可以被这台计算机的其他用户读取或修改（权限为{mode:o}）。",
        f"请运行chmod 600 {path}收回权限。如果其他人可能已经读过它，请改为删除该文件：下次启动时会生成新的密钥，并用它重新为所有演示签名。",
    )
    path.chmod(0o600)
    assert load_or_make_key(path).public == key.public
