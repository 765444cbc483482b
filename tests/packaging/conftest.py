from __future__ import annotations

from pathlib import Path

import pytest

from engine.data.schema import Schema, make_schema
from engine.models.family import Fitted, families
from engine.packaging.bundle import write_bundle
from engine.recipe import Part, Recipe, Step
from tests.models.toys import Line, toy_data

RECIPE = Recipe(
    data="version", family=Part(name="tfidf_svm", params={"min_df": 1}), clean=(Step(name="html"),)
)


@pytest.fixture
def schema() -> Schema:
    made = make_schema({"text": "input", "label": "label"}, ["text", "label"])
    return made.model_copy(update={"classes": ("a", "b")})


@pytest.fixture
def fitted(tmp_path: Path) -> Fitted:
    family = families.get("tfidf_svm")
    return family.fit(toy_data(), family.Params(min_df=1), Line(tmp_path / "checkpoints").training)


@pytest.fixture
def bundle(tmp_path: Path, schema: Schema, fitted: Fitted) -> Path:
    folder = tmp_path / "bundle"
    write_bundle(
        folder, recipe=RECIPE, schema=schema, family=families.get("tfidf_svm"), fitted=fitted,
        metrics={"accuracy": 0.9}, environment={"python": "3"},
    )  # fmt: skip
    return folder
