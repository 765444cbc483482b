"""The name of an answer: it holds what was answered, and only this demo process could have made it.

Stage 6b (serving). Feedback names the answer that it is about. The process remembers no answers, so that killing it loses
none: the name itself carries version, class, confidence and a digest of the inputs, under an HMAC-SHA-256 (RFC 2104) with a
secret of the demo's home.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from engine.packaging.secret_file import kept_secret
from engine.serving.errors import AnswerInvalid

SECRET = "answer.key"
"""File of the secret in the demo's home."""

MAX_ID = 65_536
"""Longest name of an answer that is looked at, in characters."""


@dataclass(frozen=True)
class Answer:
    """What a model said. `id` names it in feedback; probabilities are rounded, most probable first, at most ten."""

    id: str
    label: str
    confidence: float
    probabilities: tuple[tuple[str, float], ...]
    version: int


@dataclass(frozen=True)
class Given:
    """What the name of an answer says: `nonce` is unique to it, `inputs` is their digest."""

    nonce: str
    demo: str
    version: int
    label: str
    confidence: float
    inputs: str


class Answers:
    """Makes and reads names of answers.

    Args:
        secret: at least 32 random bytes.
    """

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def name(self, demo: str, inputs: Mapping[str, str], version: int, label: str, confidence: float) -> str:
        """A new name for an answer to `inputs`."""
        parts = [secrets.token_hex(16), demo, version, label, confidence, inputs_digest(inputs)]
        body = _pack(json.dumps(parts, ensure_ascii=True, separators=(",", ":")).encode("ascii"))
        return f"{body}.{self._seal(body)}"

    def read(self, name: str) -> Given:
        """What `name` says; raises `AnswerInvalid` for one that was not made here."""
        body, _, seal = name.partition(".")
        if len(name) > MAX_ID or not name.isascii() or not hmac.compare_digest(seal, self._seal(body)):
            raise AnswerInvalid()
        nonce, demo, version, label, confidence, inputs = json.loads(_unpack(body))
        return Given(nonce, demo, version, label, confidence, inputs)

    def _seal(self, body: str) -> str:
        return _pack(hmac.digest(self._secret, body.encode("ascii"), "sha256"))


def inputs_digest(inputs: Mapping[str, str]) -> str:
    """SHA-256 of inputs by name, whatever their order."""
    return hashlib.sha256(json.dumps(dict(inputs), sort_keys=True).encode("ascii")).hexdigest()


def load_or_make_secret(home: Path) -> bytes:
    """The secret in the demo's home, made on the first call; two processes that start together end with the same."""
    return kept_secret(home / SECRET, lambda: secrets.token_bytes(32))


def _pack(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def _unpack(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
