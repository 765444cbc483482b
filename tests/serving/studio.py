"""A studio small enough for tests: it makes, signs and publishes real bundles into a demo's home."""

from __future__ import annotations

import json
import shutil
import threading
from datetime import datetime
from pathlib import Path

from engine.data.schema import make_schema
from engine.models.family import families
from engine.models.text.majority import Shares
from engine.packaging.bundle import sign_bundle, write_bundle
from engine.packaging.signing import load_or_make_key
from engine.recipe import Part, Recipe, Step
from engine.serving.limits import Limits
from engine.serving.publication import (
    BUNDLES,
    PUBLISHED,
    Publication,
    PublishedModel,
    token_digest,
    withdraw_publication,
    write_publication,
)
from tests.models.toys import Line, toy_data

TOKEN = "T" * 32
TEXT = {"text": "好吃 很快"}


class Studio:
    """Publishes into `home`. Majority models answer one class always, so an answer tells which model gave it."""

    def __init__(self, folder: Path) -> None:
        self.home = folder / "demo"
        (self.home / BUNDLES).mkdir(parents=True)
        self.key = load_or_make_key(folder / "keys" / "signing.key")
        self._folder = folder
        self._serial = 0

    def majority(self, answer: str, classes: tuple[str, ...] = ("a", "b")) -> str:
        """A signed bundle that always answers `answer`; its digest."""
        shares = tuple(0.75 if c == answer else 0.25 / (len(classes) - 1) for c in classes)
        return self._bundle("majority", Shares(shares), classes)

    def svm(self) -> str:
        """A signed bundle that learnt from the toy texts; its digest."""
        family = families.get("tfidf_svm")
        training = Line(self._folder / "checkpoints").training
        return self._bundle(
            family.name, family.fit(toy_data(), family.Params(min_df=1), training), ("a", "b")
        )

    def _bundle(self, family: str, fitted: object, classes: tuple[str, ...]) -> str:
        made = self._folder / f"made-{threading.get_ident()}"
        schema = make_schema({"text": "input", "label": "label"}, ["text", "label"])
        write_bundle(
            made, recipe=Recipe(data="v", family=Part(name=family), clean=(Step(name="html"),)),
            schema=schema.model_copy(update={"classes": classes}), family=families.get(family), fitted=fitted,  # type: ignore[arg-type]
            metrics={}, environment={},
        )  # fmt: skip
        digest = sign_bundle(made, self.key)
        if (self.home / BUNDLES / digest).exists():
            shutil.rmtree(made)
        else:
            made.rename(self.home / BUNDLES / digest)
        return digest

    def bundle(self, digest: str) -> Path:
        return self.home / BUNDLES / digest

    def document(self, token: str = TOKEN) -> Path:
        """The file of a link."""
        return self.home / PUBLISHED / f"{token_digest(token)}.json"

    def publish(
        self, bundle: str, *, number: int = 1, former: tuple[int, str] | None = None, token: str = TOKEN,
        demo: str = "demo_1", state: str = "on", expires: datetime | None = None, serial: int | None = None,
        **more: object,
    ) -> Publication:  # fmt: skip
        """Write the signed document of a demo, with a serial number above the last one."""
        self._serial += 1
        schema = (
            json.loads((self.bundle(bundle) / "schema.json").read_text())
            if self.bundle(bundle).is_dir()
            else {}
        )
        values = {
            "link": token_digest(token), "demo": demo, "serial": serial or self._serial, "state": state, "title": "外卖评价", "description": "Reviews",
            "consent": "Kept for training.", "task": "text-classification", "inputs": ("text",),
            "classes": tuple(schema.get("classes", ("a", "b"))), "examples": (TEXT,), "languages": ("en", "zh_CN"),
            "expires": expires, "caveat": None, "synthetic": True, "model": PublishedModel(number=number, bundle=bundle),
            "former": PublishedModel(number=former[0], bundle=former[1]) if former else None,
        }  # fmt: skip
        document = Publication.model_validate(values | more)
        write_publication(self.home, token_digest(token), document, self.key)
        return document

    def revoke(self, token: str = TOKEN) -> None:
        withdraw_publication(self.home, token_digest(token))


def generous() -> Limits:
    """Limits that no test reaches."""
    return Limits(factor=1e6)


def flip(path: Path, at: int = -1) -> None:
    """Change one bit of one byte."""
    content = bytearray(path.read_bytes())
    content[at] ^= 1
    path.write_bytes(bytes(content))
