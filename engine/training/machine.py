"""The machine that a run may use, and the environment that is recorded with it.

Stage 4 (training). Light: looks at files and package metadata, imports nothing heavy.
"""

from __future__ import annotations

import os
import platform
import subprocess
from functools import lru_cache
from importlib import metadata
from pathlib import Path
from typing import Any

import psutil  # type: ignore[import-untyped]

from engine.models.family import Machine

PACKAGES = ("tensorflow", "keras", "scikit-learn", "numpy", "scipy", "pandas", "ai-edge-litert", "streamlit")
_ROOT = Path(__file__).parents[2]


@lru_cache(maxsize=1)
def machine() -> Machine:
    """Cores and memory that this process may use (its container's limit, if lower), and its graphics cards."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    memory = int(psutil.virtual_memory().total)
    quota, _, period = _read(Path("/sys/fs/cgroup/cpu.max")).partition(" ")
    if quota.isdigit() and period.isdigit():
        cores = max(1, min(cores, int(quota) // int(period)))
    limit = _read(Path("/sys/fs/cgroup/memory.max"))
    if limit.isdigit():
        memory = min(memory, int(limit))
    cards = _cards(memory)
    name, card_memory = cards[0] if cards else (None, 0)
    return Machine(cores, memory, name, len(cards), card_memory)


def threads(at_once: int = 1) -> int:
    """Processor threads of each of so many trainings; one alone leaves a core to the interface."""
    cores = machine().cores
    return max(1, (cores - 1 if at_once == 1 else cores) // at_once)


@lru_cache(maxsize=1)
def environment() -> dict[str, Any]:
    """What a run ran on: package versions, processor, memory and code revision."""
    here = machine()
    return {
        "python": platform.python_version(),
        "platform": platform.platform(),
        "processor": _processor(),
        "cores": here.cores,
        "memory_bytes": here.memory_bytes,
        "accelerator": here.accelerator,
        **({"cards": here.cards, "card_memory_bytes": here.card_memory_bytes} if here.cards else {}),
        "revision": _revision(),
        "packages": {name: version for name in PACKAGES if (version := _version(name))},
    }


def memory_in_use() -> int:
    """Bytes that this process holds in memory now."""
    return int(psutil.Process().memory_info().rss)


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _processor() -> str:
    for line in _read(Path("/proc/cpuinfo")).splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def card_figures(*names: str) -> list[list[str]]:
    """Figures of each NVIDIA card that this process may use, by the driver's own program: TensorFlow would take seconds.

    Args:
        names: as `nvidia-smi --help-query-gpu` lists them; only the last may hold a comma. Memory is in MiB, power in watts.
    """
    try:
        done = subprocess.run(
            ["nvidia-smi", f"--query-gpu={','.join(('index', 'uuid', *names))}", "--format=csv,noheader,nounits"],
            capture_output=True, text=True, timeout=10, check=True,
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        return []
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    found = []
    for line in done.stdout.splitlines():
        index, uuid, *said = (part.strip() for part in line.split(",", len(names) + 1))
        if visible is None or any(one in (index, uuid) for one in visible.split(",")):
            found.append(said)
    return found


def _cards(shared: int) -> list[tuple[str, int]]:
    """Name and memory of each card; of one without any of its own, which has "[N/A]", the `shared` memory of the machine."""
    return [
        (name, int(mebibytes) * 2**20 if mebibytes.isdigit() else shared)
        for mebibytes, name in card_figures("memory.total", "name")
    ]


def _revision() -> str:
    """BENTU_REVISION, else the commit of the checkout (marked when it has changes), else the release."""
    if given := os.environ.get("BENTU_REVISION"):
        return given
    try:
        done = subprocess.run(
            ["git", "describe", "--always", "--dirty", "--abbrev=12"],
            cwd=_ROOT, capture_output=True, text=True, timeout=5, check=True,
        )  # fmt: skip
        return done.stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return _version("bentu") or "unknown"


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""
