"""Numbers as people read them: percent to 0.1, three significant digits, durations and sizes in the reader's language."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from math import floor, log10
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import streamlit as st

from engine.evaluation.result import Score
from ui.text import N_, t


def percent(value: float) -> str:
    """0.8934 -> "89.3 %"."""
    return f"{value * 100:.1f} %"


def score(value: Score) -> str:
    """A figure with its interval and the rows behind it: "89.3 % (87.5 to 91.0, n = 1,198)"."""
    return t(
        "{value} ({low} to {high}, n = {rows})",
        value=percent(value.value), low=f"{value.low * 100:.1f}", high=f"{value.high * 100:.1f}", rows=f"{value.n:,}",
    )  # fmt: skip


def points(share: float) -> str:
    """A difference in percentage points with its sign: 0.0217 -> "+2.2", -0.0004 -> "0.0"; a true minus, not a hyphen."""
    text = f"{share * 100:+.1f}"
    return "0.0" if float(text) == 0 else text.replace("-", "\u2212")


def listed(parts: Iterable[str], separator: str = N_(", ")) -> str:
    """Parts one after another, with the separator of the reader's language."""
    return t(separator).join(parts)


def significant(value: float) -> str:
    """Three significant digits: 0.01234 -> "0.0123", 12345 -> "12,300", and a learning rate of 0.00005 -> "0.00005"."""
    if value == 0:
        return "0"
    if abs(value) >= 1000:
        return f"{float(f'{value:.3g}'):,.0f}"
    if 1e-7 <= abs(value) < 1e-4:
        return f"{value:.{2 - floor(log10(abs(value)))}f}".rstrip("0")
    return f"{value:.3g}"


def duration(seconds: float) -> str:
    """Seconds in words: "2 min 05 s" / "2 分 05 秒"."""
    if seconds < 1:
        return t("under 1 s")
    whole = round(seconds)
    hours, rest = divmod(whole, 3600)
    minutes, left = divmod(rest, 60)
    if hours:
        return t("{hours} h {minutes:02d} min", hours=hours, minutes=minutes)
    if minutes:
        return t("{minutes} min {seconds:02d} s", minutes=minutes, seconds=left)
    return t("{seconds} s", seconds=left)


def size(count: float) -> str:
    """Bytes in the unit that fits: "12.3 MB"."""
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000 or unit == "GB":
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.3g} {unit}"
        count /= 1000
    raise AssertionError


def moment(when: datetime) -> str:
    """A time in the visitor's time zone: "2026-11-23 22:40"."""
    return when.astimezone(_zone()).strftime("%Y-%m-%d %H:%M")


def clock(when: datetime) -> str:
    """The same of today to the second: "22:40:07"."""
    return when.astimezone(_zone()).strftime("%H:%M:%S")


def _zone() -> ZoneInfo:
    try:
        return ZoneInfo(st.context.timezone or "UTC")
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")
