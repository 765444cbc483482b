"""Which process is meant: a process id alone is reused, so its start and the boot of the machine belong to it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

import psutil  # type: ignore[import-untyped]


@lru_cache(maxsize=1)
def _boot_of_machine() -> str:
    if sys.platform == "linux":
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    answer = subprocess.run(
        ["sysctl", "-n", "kern.bootsessionuuid"], capture_output=True, text=True, check=True
    )
    return answer.stdout.strip()


def boot_id() -> str:
    """Differs after every boot; `BENTU_BOOT_ID` overrides it, for tests of a reboot."""
    return os.environ.get("BENTU_BOOT_ID") or _boot_of_machine()


def started(pid: int) -> float | None:
    """When the process began, as a number that never changes while it lives; None if it is gone.

    On Linux clock ticks since boot: the time of day may be set while a job runs.
    """
    if sys.platform == "linux":
        try:
            fields = Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()
        except OSError:
            return None
        return None if fields[0] in "ZX" else float(fields[19])
    try:
        process = psutil.Process(pid)
        return None if process.status() == psutil.STATUS_ZOMBIE else float(process.create_time())
    except psutil.Error:
        return None


def same(pid: int, began: float | None) -> bool:
    """Whether the process that began then under this id still lives."""
    return began is not None and started(pid) == began


def signal_group(pid: int, began: float | None, number: int) -> bool:
    """Signal the group that the process leads, if it is still that process; False if not."""
    if pid <= 1 or not same(pid, began):
        return False
    with suppress(ProcessLookupError, PermissionError):
        if os.getpgid(pid) == pid:
            os.killpg(pid, number)
            return True
    return False


def signal_name(number: int) -> str:
    """`SIGKILL` for 9; the number for one without a name."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return str(number)


def oom_kills() -> int:
    """How many processes the kernel has ended for want of memory since boot (0 where it does not say)."""
    try:
        lines = Path("/proc/vmstat").read_text(encoding="ascii").splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("oom_kill ")), 0)
