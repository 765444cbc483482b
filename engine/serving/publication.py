"""What the studio tells the demo process about one demo: a signed document, one file a link.

Stage 6b (serving). The file is named after the SHA-256 of the link's token, so the folder tells nobody a link. The document
pins the bundle by the digest of its manifest and carries a serial number that only grows: an older document or an
exchanged bundle is recognised. It also names its link, so that a copy under another name is worth nothing. A demo that was revoked has no file.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict

from engine.errors import N_, saying
from engine.packaging.signing import SigningKey, verified
from engine.serving.errors import PublicationInvalid

PUBLISHED, BUNDLES = "published", "bundles"
"""Folders of the demo's home: documents by token digest, unpacked bundles by manifest digest."""


class Plain(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class PublishedModel(Plain):
    """A version of a demo's model: `bundle` is the SHA-256 of its manifest and the name of its folder."""

    number: int
    bundle: str


class Publication(Plain):
    """A demo as strangers may know it.

    `inputs` are the names of the input columns; each example gives a text for each of them. `former` is the version that served before
    `model`: what a freshly started process falls back to when `model` does not verify. `caveat` is the owner's reason for
    publishing a model whose package did not pass the parity check. `link` is the token digest that it was published under;
    `write_publication` puts it there.
    """

    format: Literal[1] = 1
    link: str = ""
    demo: str
    serial: int
    state: Literal["on", "off"]
    title: str
    description: str
    consent: str
    task: str
    inputs: tuple[str, ...]
    classes: tuple[str, ...]
    examples: tuple[Mapping[str, str], ...]
    languages: tuple[str, ...]
    expires: AwareDatetime | None
    caveat: str | None
    synthetic: bool
    model: PublishedModel
    former: PublishedModel | None


def token_digest(token: str) -> str:
    """The SHA-256 of a link's token in hex: all that is stored of it."""
    return hashlib.sha256(token.encode(errors="surrogatepass")).hexdigest()


def write_publication(home: Path, digest: str, document: Publication, key: SigningKey) -> None:
    """Publish `document` under the token digest `digest`: the former one is replaced in one step, durably."""
    text = document.model_copy(update={"link": digest}).model_dump_json()
    folder = home / PUBLISHED
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    partial = folder / f".{digest}.{os.getpid()}"
    with partial.open("w", encoding="utf-8") as file:
        json.dump({"document": text, "signature": key.sign(text.encode())}, file)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(folder / f"{digest}.json")


def withdraw_publication(home: Path, digest: str) -> None:
    """Revoke a link: the next request finds nothing. One that is not there is no error."""
    (home / PUBLISHED / f"{digest}.json").unlink(missing_ok=True)


def read_publication(home: Path, digest: str, public: str) -> Publication | None:
    """The document under a token digest, or None where there is none: the link is revoked, or was never made.

    Raises:
        PublicationInvalid: a document is there, but the owner's key did not sign it or it cannot be read.
    """
    try:
        text = (home / PUBLISHED / f"{digest}.json").read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as problem:
        raise PublicationInvalid(problem=saying(N_("it cannot be read"))) from problem
    return opened_publication(text, public)


def opened_publication(envelope: str, public: str) -> Publication:
    """The document in a signed envelope, which is what the file holds; raises `PublicationInvalid`."""
    try:
        parts = json.loads(envelope)
        text, signature = str(parts["document"]), str(parts["signature"])
        if not verified(public, text.encode(), signature):
            raise PublicationInvalid(problem=saying(N_("the owner's key did not sign it")))
        return Publication.model_validate_json(text)
    except (ValueError, KeyError, TypeError, RecursionError) as problem:
        raise PublicationInvalid(problem=saying(N_("it cannot be read"))) from problem
