"""What a training cost is measured, and its energy is an estimate by a named method."""

from __future__ import annotations

import time

import numpy as np
import pytest

from engine.training.cost import METHOD, energy, measured


def test_time_processor_and_memory_are_measured() -> None:
    with measured() as cost:
        held = np.ones(60_000_000)  # 480 MB
        started = time.process_time()
        while time.process_time() - started < 0.5:
            held[:1000].sum()
        time.sleep(0.3)
        del held
    assert 0.45 < cost["processor_seconds"] < 5
    assert cost["training_seconds"] >= 0.8
    assert cost["peak_memory_bytes"] > 480e6
    assert cost["energy_method"] == METHOD
    assert cost["energy_wh"] == pytest.approx(
        energy(cost["processor_seconds"], cost["training_seconds"], cost["peak_memory_bytes"])
    )


def test_it_is_measured_when_the_training_fails_too() -> None:
    with pytest.raises(ZeroDivisionError), measured() as cost:
        _ = 1 / 0
    assert cost["training_seconds"] >= 0


def test_an_hour_of_a_core_and_ten_gigabytes() -> None:
    assert energy(3600, 3600, 10e9) == pytest.approx(12.0 + 3.725)
