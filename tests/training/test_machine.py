from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.training import machine as module
from engine.training.machine import environment, machine, threads

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    machine.cache_clear()
    environment.cache_clear()
    yield
    machine.cache_clear()  # what a test pretended is not the machine of the others
    environment.cache_clear()


def test_says_what_a_run_may_use() -> None:
    here = machine()
    assert here.cores >= 1
    assert here.memory_bytes > 2**28


def test_a_container_s_limits_win(monkeypatch: pytest.MonkeyPatch) -> None:
    files = {"/sys/fs/cgroup/cpu.max": "100000 100000", "/sys/fs/cgroup/memory.max": str(2**30)}
    monkeypatch.setattr(module, "_read", lambda path: files.get(str(path), ""))
    assert machine().cores == threads() == 1
    assert machine().memory_bytes == 2**30
    files["/sys/fs/cgroup/cpu.max"] = "400000 100000"
    monkeypatch.setattr(module.os, "sched_getaffinity", lambda pid: set(range(64)))
    machine.cache_clear()
    assert [threads(), threads(2), threads(8)] == [3, 2, 1], (
        "of the four that the container gives, not the 64 of the machine"
    )


def test_no_limit_is_no_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    files = {"/sys/fs/cgroup/cpu.max": "max 100000", "/sys/fs/cgroup/memory.max": "max"}
    monkeypatch.setattr(module, "_read", lambda path: files.get(str(path), ""))
    assert machine().memory_bytes > 2**28


def test_the_environment_is_plain_data_and_names_what_counts() -> None:
    said = json.loads(json.dumps(environment()))
    assert said["python"].startswith("3.")
    assert {"tensorflow", "keras", "scikit-learn", "numpy"} <= set(said["packages"])
    assert said["processor"]
    assert said["revision"]


def test_the_revision_can_be_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BENTU_REVISION", "release-7")
    assert environment()["revision"] == "release-7"


def test_looking_at_the_machine_loads_nothing_heavy() -> None:
    code = "import sys; from engine.training.machine import environment; environment(); print([m for m in ('tensorflow', 'keras', 'sklearn') if m in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.strip() == "[]"


def test_cards_are_those_that_this_process_may_use(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "nvidia-smi"
    program.write_text(
        "#!/bin/sh\necho '0, GPU-aa, 81559, NVIDIA H100 80GB HBM3'\necho '1, GPU-bb, 24576, Another, smaller'\n"
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    both = machine()
    assert (both.accelerator, both.cards, both.card_memory_bytes) == (
        "NVIDIA H100 80GB HBM3",
        2,
        81559 * 2**20,
    )
    assert environment()["cards"] == 2
    for visible, name in (("1", "Another, smaller"), ("GPU-bb", "Another, smaller"), ("", None)):
        machine.cache_clear()
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
        assert machine().accelerator == name
    program.write_text("#!/bin/sh\necho '1, GPU-bb, [N/A], NVIDIA GB10'\n")
    machine.cache_clear()
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "1")
    assert machine().card_memory_bytes == machine().memory_bytes, "it computes in the memory of the machine"
