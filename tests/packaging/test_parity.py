"""Parity: asked in a clean process, on raw inputs, without TensorFlow."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from engine.errors import error_from_json
from engine.models.family import Fitted, families
from engine.packaging.bundle import write_bundle
from engine.packaging.parity import REQUIRED, ParityFailed, check_parity
from engine.prepare.steps import Cleaner
from engine.recipe import Part
from tests.models.toys import Line, texts_of, toy_data
from tests.packaging.conftest import RECIPE

RAW = [f"<b>{text}</b>" for text in texts_of(100, seed=4)[0]]


def trained_answers(fitted: Fitted) -> np.ndarray:
    return fitted.predict_proba(Cleaner(RECIPE.clean)(RAW))


def test_the_packaged_model_answers_raw_inputs_as_the_trained_one(bundle: Path, fitted: Fitted) -> None:
    parity = check_parity(bundle, RAW, trained_answers(fitted))
    assert parity.n == 100
    assert parity.agreement == 1.0
    assert parity.max_difference < 1e-5
    assert parity.ok
    assert parity.seconds > 0


def test_below_the_threshold_is_not_ok(bundle: Path, fitted: Fitted) -> None:
    expected = trained_answers(fitted)
    expected[:1] = expected[:1, ::-1]
    parity = check_parity(bundle, RAW, expected)
    assert parity.agreement == 0.99 < REQUIRED
    assert not parity.ok


def test_a_served_model_that_loads_tensorflow_fails(
    bundle: Path, fitted: Fitted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "heavy_plugin.py").write_text(
        "import sys, types\nsys.modules['tensorflow'] = types.ModuleType('tensorflow')\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setenv("BENTU_PLUGINS", "heavy_plugin")
    with pytest.raises(ParityFailed, match="tensorflow"):
        check_parity(bundle, RAW, trained_answers(fitted))


def test_a_damaged_bundle_fails_and_says_what(bundle: Path, fitted: Fitted) -> None:
    (bundle / "model/idf.npy").unlink()
    with pytest.raises(ParityFailed, match=r"idf\.npy") as caught:
        check_parity(bundle, RAW, trained_answers(fitted))
    assert isinstance(error_from_json(caught.value.to_json()), ParityFailed)


def test_answers_of_another_shape_fail(bundle: Path) -> None:
    with pytest.raises(ParityFailed, match="shape"):
        check_parity(bundle, RAW, np.zeros((100, 3)))


@pytest.mark.slow
def test_a_network_is_served_without_tensorflow(bundle: Path, tmp_path: Path) -> None:
    from engine.packaging.bundle import open_bundle

    family = families.get("case_network")
    values = {"epochs": 2, "batch_size": 16, "units": 8, "max_features": 300, "min_df": 1}
    fitted = family.fit(toy_data(), family.Params(**values), Line(tmp_path / "network").training)
    recipe = RECIPE.model_copy(update={"family": Part(name="case_network", params=values)})
    folder = tmp_path / "network-bundle"
    write_bundle(
        folder, recipe=recipe, schema=open_bundle(bundle).schema, family=family, fitted=fitted, metrics={}, environment={},
    )  # fmt: skip
    parity = check_parity(folder, RAW, trained_answers(fitted))
    assert parity.ok
    assert parity.max_difference < 1e-5
