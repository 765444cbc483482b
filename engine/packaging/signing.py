"""Ed25519 signatures (RFC 8032) over what the studio hands to the demo process.

Stage 6a (packaging). The private key stays in the studio; the demo process is given the public key when it starts, so that
whoever can write the demo's folder still cannot make it serve anything the owner did not publish.
"""

from __future__ import annotations

import base64
import hashlib
import stat
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from engine.errors import N_, BundleError
from engine.packaging.secret_file import kept_secret


class SigningKeyDamaged(BundleError):
    code = "SIGNING_KEY_DAMAGED"
    message = N_(
        "The key that signs the demos ({path}) is damaged: it holds {found} bytes that are not a key."
    )
    remedy = N_(
        "Put it back from a backup. Without one, delete the file: the next start makes a new key and signs every demo with it; "
        "a demo process that you start yourself must be given the new public key."
    )


class SigningKeyOpen(BundleError):
    code = "SIGNING_KEY_OPEN"
    message = N_(
        "The key that signs the demos ({path}) can be read or changed by other users of this computer (mode {mode})."
    )
    remedy = N_(
        "Close it with: chmod 600 {path}. If others may have read it, delete it instead: the next start makes a new key and "
        "signs every demo with it."
    )


class SigningKey:
    """The studio's private key."""

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key

    @property
    def public(self) -> str:
        """The public key, 32 bytes in base64: what `verified` needs."""
        return base64.b64encode(self._key.public_key().public_bytes_raw()).decode("ascii")

    def sign(self, data: bytes) -> str:
        """The signature of `data`, in base64."""
        return base64.b64encode(self._key.sign(data)).decode("ascii")


def load_or_make_key(path: Path) -> SigningKey:
    """The key in the file `path`, made on the first call and readable by its user only.

    Two processes that start together end with the same key: the file appears whole or not at all.

    Raises:
        SigningKeyDamaged: the file holds no key. None is made in its place: a backup may hold the one that demos trust.
        SigningKeyOpen: others can read the key.
    """
    kept = kept_secret(path, lambda: base64.b64encode(Ed25519PrivateKey.generate().private_bytes_raw()), 0)
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o077:
        raise SigningKeyOpen(path=str(path), mode=f"{mode:03o}")
    try:
        return SigningKey(Ed25519PrivateKey.from_private_bytes(base64.b64decode(kept, validate=True)))
    except ValueError as problem:
        raise SigningKeyDamaged(path=str(path), found=len(kept)) from problem


def verified(public: str, data: bytes, signature: str) -> bool:
    """Whether `signature` (base64) of `data` was made by the private half of `public` (base64)."""
    try:
        key = Ed25519PublicKey.from_public_bytes(base64.b64decode(public, validate=True))
        key.verify(base64.b64decode(signature, validate=True), data)
    except (InvalidSignature, ValueError):
        return False
    return True


def key_id(public: str) -> str:
    """A short name of a public key, for messages: it does not replace the check."""
    return hashlib.sha256(public.encode("ascii")).hexdigest()[:16]
