"""Case 1: kill -9 in the middle of an epoch or of a pretraining, and the resumed run ends like an uninterrupted one."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.errors import fill
from tests.training.resume_program import DAMAGED, FAMILIES, PRETRAINED, REDUCED

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("resume")
    done = subprocess.run(
        [sys.executable, "-m", "tests.training.resume_program", str(folder)],
        cwd=ROOT, capture_output=True, text=True, timeout=400, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    (folder / "stderr.txt").write_text(done.stderr)
    return folder


def read(folder: Path) -> tuple[dict[int, dict[str, float]], list[str], Any]:
    events = json.loads((folder / "events.json").read_text())
    epochs = {payload["epoch"]: payload for kind, payload in events if kind == "epoch"}
    return (
        epochs,
        [fill(payload["message"], payload["params"]) for kind, payload in events if kind == "log"],
        np.load(folder / "answers.npy"),
    )


@pytest.mark.parametrize(
    ("family", "name", "first"),
    [*((family, "killed", 3) for family in FAMILIES), (DAMAGED, "damaged", 2)],
)
def test_resumes_and_ends_with_the_same_figures(trained: Path, family: str, name: str, first: int) -> None:
    whole, _, expected = read(trained / family / "whole")
    resumed, log, said = read(trained / family / name)
    assert sorted(whole) == [1, 2, 3, 4, 5, 6]
    # The last checkpoint may still have been under way when the process died; then one more epoch is repeated.
    assert sorted(resumed) == list(range(min(resumed), 7))
    assert min(resumed) in (first, first + 1)
    assert any(text.startswith("Resumed after epoch") for text in log)
    assert any("is damaged" in text for text in log) == (name == "damaged")
    for epoch in resumed:
        for figure in ("loss", "accuracy", "val_loss", "val_accuracy", "val_macro_f1", "learning_rate"):
            assert resumed[epoch][figure] == pytest.approx(whole[epoch][figure], abs=1e-6)
    assert np.abs(said - expected).max() < 1e-6
    if family == REDUCED:
        assert resumed[6]["learning_rate"] <= 0.5 * whole[3]["learning_rate"]
    if FAMILIES[family].get("deterministic"):
        assert np.array_equal(said, expected)
        assert (trained / family / name / "deterministic").read_text() == "True"


def test_a_killed_pretraining_goes_on_and_ends_the_same(trained: Path) -> None:
    _, log, expected = read(trained / PRETRAINED / "whole")
    epochs, resumed, said = read(trained / PRETRAINED / "early")
    of = [int(text.split()[2]) for text in log if text.startswith("Pretraining, epoch")]
    repeated = [int(text.split()[2]) for text in resumed if text.startswith("Pretraining, epoch")]
    assert of == [1, 2, 3]
    # the second epoch's checkpoint may still have been under way
    assert repeated in ([3], [2, 3])
    assert sorted(epochs) == [1, 2, 3, 4, 5, 6]
    assert np.abs(said - expected).max() < 1e-6


def test_several_devices_learn_what_one_learns_and_resume(trained: Path) -> None:
    one, alone, expected = read(trained / "devices" / "one")
    together, log, said = read(trained / "devices" / "whole")
    resumed, _, again = read(trained / "devices" / "killed")
    assert "2 graphics cards learn together." in log
    assert not any("learn together" in text for text in alone)
    assert min(resumed) > 1
    for epoch, found in [*together.items(), *resumed.items()]:
        for figure in ("loss", "accuracy", "val_loss", "gradient_norm"):
            assert found[figure] == pytest.approx(one[epoch][figure], rel=1e-4)
    assert np.abs(said - expected).max() < 1e-4
    assert np.abs(again - said).max() < 1e-6


def test_preloading_runs_no_operation_and_says_nothing(trained: Path) -> None:
    assert json.loads((trained / "preload.json").read_text()) == {"no_operation_ran": True}
    assert "oneDNN" not in (trained / "stderr.txt").read_text()
