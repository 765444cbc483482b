"""Checkpoints: whole or not there, two generations, damage noticed (cases 1 and 2)."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from engine.models.family import families
from engine.models.network import fingerprint
from engine.training.checkpoint import Checkpoints
from tests.models.toys import toy_data

ROOT = Path(__file__).parents[2]


def state(number: int) -> dict[str, np.ndarray]:
    return {"model/0000": np.full((50, 20), number, dtype=np.float32), "model/0001": np.arange(number)}


def filled(folder: Path, *numbers: int) -> Checkpoints:
    checkpoints = Checkpoints(folder, "this")
    for number in numbers:
        checkpoints.save(number, state(number), {"history": [{"loss": 1 / number}], "best": number})
    return checkpoints


def test_gives_back_the_newest_exactly(tmp_path: Path) -> None:
    filled(tmp_path, 1, 2, 3)
    found = Checkpoints(tmp_path, "this").latest()
    assert found is not None
    assert found.meta == {"history": [{"loss": 1 / 3}], "best": 3}
    assert all(np.array_equal(found.arrays[name], value) for name, value in state(3).items())
    assert found.arrays["model/0000"].dtype == np.float32


def test_keeps_two_generations(tmp_path: Path) -> None:
    filled(tmp_path / "these", 1, 2, 3, 4)
    assert sorted(p.name for p in (tmp_path / "these").iterdir()) == [
        "generation-000003.npz",
        "generation-000004.npz",
    ]


def _truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def _flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(bytes(content))


def _empty(path: Path) -> None:
    path.write_bytes(b"")


def _of_another_format(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[content.index(b"PK\x01\x02") + 6] = 99  # the version of ZIP that it takes to read it
    path.write_bytes(bytes(content))


@pytest.mark.parametrize("damage", [_truncate, _flip, _empty, _of_another_format])
def test_a_damaged_generation_gives_way_to_the_one_before(tmp_path: Path, damage: object) -> None:
    filled(tmp_path, 1, 2)
    damage(tmp_path / "generation-000002.npz")  # type: ignore[operator]
    checkpoints = Checkpoints(tmp_path, "this")
    found = checkpoints.latest()
    assert found is not None
    assert found.meta["best"] == 1
    assert checkpoints.damaged == ["generation-000002.npz"]


def test_another_training_is_never_taken_up_nor_in_the_way(tmp_path: Path) -> None:
    filled(tmp_path, 7, 8)
    other = Checkpoints(tmp_path, "other")
    assert other.latest() is None
    other.save(1, state(1), {"best": 1})
    found = Checkpoints(tmp_path, "other").latest()
    assert found is not None and found.meta["best"] == 1


def test_the_same_rows_divided_otherwise_are_another_training() -> None:
    data = toy_data()
    moved = replace(
        data, train_inputs=data.train_inputs[:-1], train_labels=data.train_labels[:-1],
        validation_inputs=[data.train_inputs[-1], *data.validation_inputs],
        validation_labels=np.concatenate([data.train_labels[-1:], data.validation_labels]),
    )  # fmt: skip
    params = families.get("majority").Params()
    assert fingerprint("majority", 1, params, data) != fingerprint("majority", 1, params, moved)


def test_nothing_yet_and_half_a_file(tmp_path: Path) -> None:
    folder = tmp_path / "new"
    assert Checkpoints(folder, "this").latest() is None
    (folder / "generation-000009.tmp").write_bytes(b"half")
    assert Checkpoints(folder, "this").latest() is None
    assert list(folder.iterdir()) == []


def test_a_full_disk_leaves_the_earlier_generation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    checkpoints = filled(tmp_path, 1)

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(OSError, match="No space"):
            checkpoints.save(2, state(2), {"best": 2})
    assert not list(tmp_path.glob("*.tmp")), "half a file takes no room on it"
    found = Checkpoints(tmp_path, "this").latest()
    assert found is not None
    assert found.meta["best"] == 1


@pytest.mark.parametrize("after", [0.02, 0.05, 0.11])
def test_kill_while_writing_leaves_a_whole_generation(tmp_path: Path, after: float) -> None:
    code = f"""
import numpy as np
from pathlib import Path
from engine.training.checkpoint import Checkpoints
checkpoints = Checkpoints(Path({str(tmp_path)!r}), "this")
for number in range(1, 10**6):
    checkpoints.save(number, {{"a": np.full(500_000, number)}}, {{"number": number}})
    if number == 2:
        print("going", flush=True)
"""
    with subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"going\n"
        time.sleep(after)
        process.send_signal(signal.SIGKILL)
    checkpoints = Checkpoints(tmp_path, "this")
    found = checkpoints.latest()
    assert checkpoints.damaged == []
    assert found is not None
    assert (found.arrays["a"] == found.meta["number"]).all()
    assert not list(tmp_path.glob("*.tmp"))
