"""The check of a packaged model without a process of its own, for tests that are about something else.

The process costs more than the training of a small run. `tests/packaging/test_parity.py`, one test of `tests/services/test_runs.py`
and `tests/services/test_kill.py` keep it, and so do the homes that are trained once a session.
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.packaging import parity
from engine.serving.predictor import load_model


class _Here:
    """Stands for `subprocess`: the bundle is loaded from its folder and answers the same rows, in this process."""

    DEVNULL, TimeoutExpired = subprocess.DEVNULL, subprocess.TimeoutExpired

    class Popen:
        """A process that has answered as soon as it is begun."""

        returncode = 0

        def __init__(self, command: list[str], **_: Any) -> None:
            bundle, work = Path(command[-2]), Path(command[-1])
            inputs = json.loads((work / "inputs.json").read_text(encoding="utf-8"))
            np.save(work / "answers.npy", load_model(bundle).predict_proba(inputs))

        def wait(self, timeout: float) -> int:
            return self.returncode

        def poll(self) -> int:
            return self.returncode


@pytest.fixture(autouse=True)
def parity_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Packaged models are checked in the test's process; a test that wants the real one has a parameter of this name."""
    monkeypatch.setattr(parity, "subprocess", _Here)
