from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from engine.data.schema import make_schema
from engine.models.family import families
from engine.packaging.bundle import BundleDamaged, write_bundle
from engine.recipe import Part, Recipe, Step
from engine.serving.predictor import load_model
from tests.models.toys import Line, texts_of, toy_data


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    family = families.get("tfidf_logreg")
    fitted = family.fit(toy_data(), family.Params(min_df=1), Line(tmp_path / "checkpoints").training)
    schema = make_schema({"text": "input", "label": "label"}, ["text", "label"]).model_copy(
        update={"classes": ("good", "bad")}
    )
    recipe = Recipe(
        data="v", family=Part(name=family.name), clean=(Step(name="html"), Step(name="case", enabled=False))
    )
    write_bundle(
        tmp_path / "b", recipe=recipe, schema=schema, family=family, fitted=fitted, metrics={}, environment={}
    )
    return tmp_path / "b"


def test_answers_raw_inputs_in_the_order_of_the_classes(bundle: Path) -> None:
    model = load_model(bundle)
    texts, labels = texts_of(50, seed=2)
    assert model.classes == ("good", "bad")
    assert model.predict(texts) == [model.classes[k] for k in labels]
    assert np.array_equal(model.predict_proba([f"<i>{t}</i>" for t in texts]), model.predict_proba(texts))
    assert model.predict_proba([]).shape == (0, 2)
    assert model.predict([]) == []


def test_answers_several_threads_at_once(bundle: Path) -> None:
    model = load_model(bundle)
    texts, _ = texts_of(50, seed=2)
    expected = model.predict_proba(texts)
    with ThreadPoolExecutor(4) as pool:
        for said in pool.map(model.predict_proba, [texts] * 8):
            assert np.array_equal(said, expected)


def test_a_changed_file_is_not_loaded(bundle: Path) -> None:
    (bundle / "model/model.json").write_text("{}")
    with pytest.raises(BundleDamaged):
        load_model(bundle)
