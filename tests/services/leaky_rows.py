"""Rows whose own division leaks, and divisions of them."""

from __future__ import annotations

from engine.recipe import Split
from engine.workspace import DatasetVersion, SplitView, Workspace
from tests.shop import ended

ROLES = {"text": "input", "label": "label", "region": "slice", "part": "split"}
UNDIVIDED = {k: v for k, v in ROLES.items() if v != "split"}
"""The roles without the column that divides."""

WORDS = ("river", "stone", "market", "window", "garden", "winter", "silver", "engine", "paper", "morning", "bridge", "candle", "forest", "letter", "summer", "harbour")  # fmt: skip


def text(i: int) -> str:
    """A sentence of twelve words that no other number has."""
    return " ".join(
        WORDS[(i * 7 + k * (3 + i % 5) + i // 16 * k * k) % 16] + str(i * (k + 1) % 97) for k in range(12)
    )


def rows(n: int = 240, copies: int = 20) -> bytes:
    """Two classes; `copies` rows of dev repeat one of train but for a mark, and half as many to the letter."""
    lines = ["text,label,region,part"]
    for i in range(n):
        part = ("train", "train", "train", "dev", "test")[i % 5]
        said, label = text(i), "ab"[i // 5 % 2]
        if part == "dev" and i // 5 < copies:
            said = text(i - 3) if i // 5 % 2 else f"RT @someone: {text(i - 3)} !!"
        lines.append(f"{said},{label},{('north', 'south')[i % 2]},{part}")
    return "\n".join(lines).encode()


def divided(workspace: Workspace, version: DatasetVersion, spec: Split) -> SplitView:
    """The version, divided so."""
    ended(workspace, workspace.splits.start(version.id, spec))
    view = workspace.splits.current(version.id)
    assert view is not None
    return view
