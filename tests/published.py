"""A demo published without the studio: a small model in a signed bundle, and a signed document under a link."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from engine.data.schema import make_schema
from engine.models.family import Fitted, families
from engine.packaging.bundle import manifest_digest, sign_bundle, write_bundle
from engine.packaging.signing import SigningKey, load_or_make_key
from engine.recipe import Part, Recipe
from engine.serving.publication import BUNDLES, Publication, PublishedModel, token_digest, write_publication
from tests.models.toys import Line, toy_data

TOKEN = "link-of-the-test-0123456789abcdef"
GOOD, BAD = "味道 不错", "awful taste"


@cache
def _fitted(classes: int, family: str) -> Fitted:
    entry = families.get(family)
    with tempfile.TemporaryDirectory() as folder:
        line = Line(Path(folder))
        return entry.fit(toy_data(classes=classes), entry.Params(min_df=1), line.training)


def publish(
    home: Path,
    key: SigningKey,
    *,
    token: str = TOKEN,
    serial: int = 1,
    number: int = 1,
    former: PublishedModel | None = None,
    inputs: Sequence[str] = ("text",),
    classes: Sequence[str] = ("good", "bad"),
    examples: Sequence[Mapping[str, str]] = ({"text": GOOD}, {"text": BAD}),
    family: str = "tfidf_logreg",
    demo: str = "demo_of_the_test",
    **document: Any,
) -> PublishedModel:
    """Publish a demo in the demo home `home`; the same link with a higher serial replaces it."""
    entry = families.get(family)
    roles = {**dict.fromkeys(inputs, "input"), "label": "label"}
    schema = make_schema(roles, list(roles)).model_copy(update={"classes": tuple(classes)})
    folder = home / BUNDLES / "making"
    recipe = Recipe(data=f"version {number}", family=Part(name=entry.name))
    write_bundle(
        folder, recipe=recipe, schema=schema, family=entry, fitted=_fitted(len(classes), family), metrics={},
        environment={},
    )  # fmt: skip
    sign_bundle(folder, key)
    digest = manifest_digest(folder)
    shutil.rmtree(folder.with_name(digest), ignore_errors=True)
    folder.rename(folder.with_name(digest))
    model = PublishedModel(number=number, bundle=digest)
    values = {
        "state": "on", "title": "Tastes good?", "description": "Tells praise from complaint.",
        "consent": "I use your corrections to teach it.", "task": schema.task, "languages": ("en", "zh_CN"),
        "expires": None, "caveat": None, "synthetic": False, **document,
    }  # fmt: skip
    published = Publication(
        demo=demo, serial=serial, inputs=tuple(inputs), classes=tuple(classes), examples=tuple(examples),
        model=model, former=former, **values,
    )  # fmt: skip
    write_publication(home, token_digest(token), published, key)
    return model


def studio_key(folder: Path) -> SigningKey:
    """The studio's key of a test, made on the first call."""
    return load_or_make_key(folder / "keys" / "signing.key")
