"""Is the packaged model the one that was trained? Asked in a clean process, on raw inputs.

Stage 6a (packaging). `python -m engine.packaging.parity BUNDLE WORK` loads the bundle without TensorFlow, answers the rows in WORK (of a
slow model the first ones) and leaves its probabilities there, and meanwhile how far it is; the caller compares.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from engine.errors import N_, BundleError, saying
from engine.models.family import FloatArray

REQUIRED = 0.995
"""Share of rows on which the packaged model must give the trained model's class before it may be published."""

ENOUGH_ROWS, ENOUGH_SECONDS = 256, 10.0
"""A model that has answered so many rows and taken so long is asked no more: a foundation model takes a tenth of a second a text."""

MOST_SECONDS = 600

_AT_ONCE, _LOOK = 32, 0.5

_FORBIDDEN = ("tensorflow", "keras")


class ParityFailed(BundleError):
    code = "PARITY_FAILED"
    message = N_("The packaged model could not be checked: {problem}")
    remedy = N_("Look at the log of the run, and train it again.")


@dataclass(frozen=True)
class Parity:
    """Packaged against trained: `n` rows, share of equal classes, largest difference of a probability."""

    n: int
    agreement: float
    max_difference: float
    seconds: float
    ok: bool


Told = Callable[[float], None]


def packaged_answers(bundle: Path, inputs: Sequence[Any], told: Told = lambda _: None) -> FloatArray:
    """What the bundle answers to `inputs` in a process of its own, shape (n, classes): to all of them, or to the first if it is slow.

    Args:
        bundle: folder of the bundle.
        inputs: raw inputs, as text or what else JSON can hold.
        told: hears twice a second which share is done; what it raises ends the check.

    Raises:
        ParityFailed: the process failed, or it loaded TensorFlow.
    """
    # beside the bundle, so that the texts go with its folder where this process is killed
    with tempfile.TemporaryDirectory(dir=bundle.absolute().parent) as name:
        work = Path(name)
        (work / "inputs.json").write_text(json.dumps(list(inputs)), encoding="utf-8")
        with (work / "errors").open("wb") as errors:
            process = subprocess.Popen(
                [sys.executable, "-m", "engine.packaging.parity", str(bundle.absolute()), str(work)],
                cwd=Path(__file__).parents[2], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=errors,
            )  # fmt: skip
            try:
                _wait(process, work, told)
            finally:
                if process.poll() is None:
                    process.kill()
                    process.wait()
        if process.returncode != 0:
            lines = (work / "errors").read_text(encoding="utf-8", errors="replace").strip().splitlines()
            raise ParityFailed(problem=lines[-1] if lines else f"exit code {process.returncode}")
        found: FloatArray = np.load(work / "answers.npy", allow_pickle=False)
    return found


def _wait(process: subprocess.Popen[bytes], work: Path, told: Told) -> None:
    """Until it ends, telling what it leaves in `_share`."""
    until = time.monotonic() + MOST_SECONDS
    while True:
        try:
            process.wait(_LOOK)
            return
        except subprocess.TimeoutExpired:
            if time.monotonic() > until:
                raise ParityFailed(
                    problem=saying(N_("no answer within {n} seconds"), n=MOST_SECONDS)
                ) from None
        if (share := _share(work)).exists():
            told(float(share.read_text(encoding="ascii")))


def _share(work: Path) -> Path:
    return work / "share"


def compare(found: FloatArray, expected: FloatArray, seconds: float) -> Parity:
    """The packaged model's probabilities against the trained model's for the same rows, shape (n, classes) each.

    Raises:
        ParityFailed: they have not the same shape.
    """
    if found.shape != expected.shape:
        raise ParityFailed(problem=saying(N_("answers of the shape {expected} were expected, {found} came"), expected=str(expected.shape), found=str(found.shape)))  # fmt: skip
    same = found.argmax(axis=1) == expected.argmax(axis=1)
    agreement = float(same.mean()) if len(same) else 1.0
    difference = float(np.abs(found - expected).max(initial=0.0))
    return Parity(len(same), agreement, difference, seconds, ok=agreement >= REQUIRED)


def first_answers(
    predict: Callable[[Sequence[Any]], FloatArray], inputs: Sequence[Any], told: Told = lambda _: None
) -> FloatArray:
    """What `predict` answers to all inputs, or to the first ones if it is slow; `told` hears the share that is done.

    Raises:
        ValueError: it did not answer every row that it was asked.
    """
    start, found = time.monotonic(), []
    for at in range(0, max(len(inputs), 1), _AT_ONCE):
        seconds = time.monotonic() - start
        if at >= ENOUGH_ROWS and seconds > ENOUGH_SECONDS:
            break
        told(max(at / max(len(inputs), 1), min(at / ENOUGH_ROWS, seconds / ENOUGH_SECONDS, 1.0)))
        asked = inputs[at : at + _AT_ONCE]
        found.append(predict(asked))
        if len(found[-1]) != len(asked):
            raise ValueError(f"{len(asked)} rows were asked, {len(found[-1])} answered")
    return np.concatenate(found)


def _answer(bundle: Path, work: Path) -> None:
    from engine.serving.predictor import load_model

    inputs = json.loads((work / "inputs.json").read_text(encoding="utf-8"))

    def told(share: float) -> None:
        partial = work / "share.tmp"
        partial.write_text(f"{share:.3f}", encoding="ascii")
        partial.replace(_share(work))

    np.save(work / "answers.npy", first_answers(load_model(bundle).predict_proba, inputs, told))
    loaded = [module for module in _FORBIDDEN if module in sys.modules]
    if loaded:
        sys.exit(f"the served model loads {', '.join(loaded)}")


if __name__ == "__main__":
    _answer(Path(sys.argv[1]), Path(sys.argv[2]))
