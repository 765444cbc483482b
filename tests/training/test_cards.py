"""Graphics cards are measured while a training goes on, by what the driver's program says; here a stand-in for it says it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.training import cards
from engine.training.cards import Meter, cards_measured
from engine.training.cost import measured
from engine.training.machine import machine


@pytest.fixture(autouse=True)
def forgotten() -> Iterator[None]:
    machine.cache_clear()
    yield
    machine.cache_clear()


def driver(folder: Path, monkeypatch: pytest.MonkeyPatch, *rows: str) -> Path:
    """A program that answers as NVIDIA's, and the file with the figures that it will give."""
    figures = folder / "figures"
    figures.write_text("\n".join(rows) + "\n")
    program = folder / "nvidia-smi"
    program.write_text(
        f"#!/bin/sh\ncase $1 in *utilization*) cat {figures} ;; *) echo '0, GPU-a, 81559, A'; echo '1, GPU-b, 81559, A' ;; esac\n"
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    return figures


def test_work_memory_and_energy_are_summed_over_the_cards(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    figures = driver(tmp_path, monkeypatch, "0, GPU-a, 0, 70.00, 500", "1, GPU-b, 0, 70.00, 100")
    meter = Meter()
    meter.look(0.0)
    figures.write_text("0, GPU-a, 100, 300.00, 2500\n1, GPU-b, 50, 200.00, 900\n")
    meter.look(10.0)
    figures.write_text("0, GPU-a, 0, 80.00, 600\n1, GPU-b, 0, 80.00, 100\n")
    meter.look(5.0)
    assert meter.figures() == {
        "card_seconds": pytest.approx(15.0),
        "card_peak_bytes": 2000 * 2**20,
        "card_energy_wh": pytest.approx((500 * 10 + 160 * 5) / 3600),
    }


def test_a_training_on_a_card_says_what_the_card_did(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    driver(tmp_path, monkeypatch, "0, GPU-a, 50, 360.00, 500", "1, GPU-b, 0, 0.00, 100")
    monkeypatch.setattr(cards, "_BETWEEN_LOOKS", 0.05)
    with measured() as cost:
        time.sleep(0.5)
    assert cost["card_seconds"] == pytest.approx(0.5 * cost["training_seconds"], rel=0.3)
    assert cost["card_energy_wh"] == pytest.approx(0.1 * cost["training_seconds"], rel=0.3)
    assert cost["card_peak_bytes"] == 0


def test_only_cards_of_this_process_count_and_what_is_not_said_is_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    driver(tmp_path, monkeypatch, "0, GPU-a, 100, 300.00, 500", "1, GPU-b, 40, [N/A], 100")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "1")
    meter = Meter()
    meter.look(10.0)
    assert meter.figures() == {"card_seconds": pytest.approx(4.0), "card_peak_bytes": 0}


def test_without_a_card_nothing_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert machine().cards == 0
    monkeypatch.setattr(cards, "card_figures", None)  # asking would fail
    with cards_measured() as found:
        pass
    assert found == {}
