"""Parity: asked in a clean process, on raw inputs, without TensorFlow."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from engine.errors import error_from_json
from engine.models.family import Fitted, families
from engine.packaging import parity
from engine.packaging.bundle import write_bundle
from engine.packaging.parity import REQUIRED, Parity, ParityFailed, compare, first_answers, packaged_answers
from engine.prepare.steps import Cleaner
from engine.recipe import Part
from tests.models.toys import Line, texts_of, toy_data
from tests.packaging.conftest import RECIPE

RAW = [f"<b>{text}</b>" for text in texts_of(100, seed=4)[0]]


def check_parity(bundle: Path, expected: np.ndarray) -> Parity:
    return compare(packaged_answers(bundle, RAW), expected, 0.5)


class GivenUp(Exception):
    """By whoever watches."""


def trained_answers(fitted: Fitted) -> np.ndarray:
    return fitted.predict_proba(Cleaner(RECIPE.clean)(RAW))


def test_the_packaged_model_answers_raw_inputs_as_the_trained_one(bundle: Path, fitted: Fitted) -> None:
    checked = check_parity(bundle, trained_answers(fitted))
    assert checked.n == 100
    assert checked.agreement == 1.0
    assert checked.max_difference < 1e-5
    assert checked.ok


def test_below_the_threshold_is_not_ok(bundle: Path, fitted: Fitted) -> None:
    expected = trained_answers(fitted)
    expected[:1] = expected[:1, ::-1]
    checked = check_parity(bundle, expected)
    assert checked.agreement == 0.99 < REQUIRED
    assert not checked.ok


def test_a_served_model_that_loads_tensorflow_fails(
    bundle: Path, fitted: Fitted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "heavy_plugin.py").write_text(
        "import sys, types\nsys.modules['tensorflow'] = types.ModuleType('tensorflow')\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setenv("BENTU_PLUGINS", "heavy_plugin")
    with pytest.raises(ParityFailed, match="tensorflow"):
        check_parity(bundle, trained_answers(fitted))


def test_a_damaged_bundle_fails_and_says_what(bundle: Path, fitted: Fitted) -> None:
    (bundle / "model/idf.npy").unlink()
    with pytest.raises(ParityFailed, match=r"idf\.npy") as caught:
        check_parity(bundle, trained_answers(fitted))
    assert isinstance(error_from_json(caught.value.to_json()), ParityFailed)


def test_answers_of_another_shape_fail(bundle: Path) -> None:
    with pytest.raises(ParityFailed, match="shape"):
        check_parity(bundle, np.zeros((100, 3)))


def test_a_slow_model_is_asked_for_the_first_rows_only(monkeypatch: pytest.MonkeyPatch) -> None:
    def predict(rows: Sequence[int]) -> np.ndarray:
        return np.array([[row] for row in rows], dtype=float).reshape(len(rows), 1)

    rows = list(range(1000))
    heard: list[float] = []
    assert first_answers(predict, rows, heard.append)[:, 0].tolist() == rows
    assert heard == sorted(heard)
    assert heard[0] == 0
    assert 0.9 < heard[-1] < 1
    assert first_answers(predict, []).shape == (0, 1)
    monkeypatch.setattr(parity, "ENOUGH_SECONDS", -1.0)
    assert first_answers(predict, rows)[:, 0].tolist() == rows[: parity.ENOUGH_ROWS]
    assert first_answers(predict, rows[:100])[:, 0].tolist() == rows[:100]
    with pytest.raises(ValueError, match="32 rows were asked, 31 answered"):
        first_answers(lambda asked: predict(asked[1:]), rows)


def test_who_is_told_how_far_it_is_may_end_it(
    bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = tmp_path / "slow"
    slow.write_text(f'#!/bin/sh\necho $$ "$4" > {tmp_path}/process\necho 0.25 > "$4/share"\nexec sleep 60\n')
    slow.chmod(0o700)
    monkeypatch.setattr(sys, "executable", str(slow))
    heard: list[float] = []

    def told(share: float) -> None:
        heard.append(share)
        raise GivenUp

    with pytest.raises(GivenUp):
        packaged_answers(bundle, RAW, told)
    assert heard == [0.25]
    process, work = (tmp_path / "process").read_text().split()
    assert Path(work).parent == bundle.parent, "texts go with the folder of the run, however it ends"
    with pytest.raises(ProcessLookupError):
        os.kill(int(process), 0)


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
    checked = check_parity(folder, trained_answers(fitted))
    assert checked.ok
    assert checked.max_difference < 1e-5
