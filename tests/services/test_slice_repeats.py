"""Near-duplicates by slice: exact over all rows, and unknown until the deep checks ran."""

from __future__ import annotations

import random
from collections.abc import Callable

from engine.services.inline import run_waiting
from engine.workspace import DatasetVersion, Workspace

WORDS = [
    "river",
    "stone",
    "cloud",
    "paper",
    "garden",
    "window",
    "silver",
    "market",
    "bridge",
    "winter",
    "candle",
    "forest",
]


def text(i: int) -> str:
    draw = random.Random(i)
    return " ".join(draw.choice(WORDS) + str(draw.randrange(10_000)) for _ in range(12))


def test_a_slice_counts_its_copies_and_near_copies(
    workspace: Workspace, imported: Callable[..., DatasetVersion]
) -> None:
    own = [(text(i), "a" if i % 2 else "b", "north") for i in range(40)]
    near = [(f"{text(i)}!!", "a" if i % 2 else "b", "south") for i in range(5)]
    copies = [(text(i), "a" if i % 2 else "b", "east") for i in range(10, 20)]
    rows = own + near + copies + [("quite another thing here", "a", "west")]
    content = "text,label,region\n" + "".join(",".join(row) + "\n" for row in rows)
    version = imported(content=content.encode(), roles={"text": "input", "label": "label", "region": "slice"})
    assert workspace.findings.near_rates(version.id) is None
    workspace.findings.start_deep(version.id)
    run_waiting(workspace.scope)
    rates = workspace.findings.near_rates(version.id)
    assert rates is not None
    assert rates["region", "south"] == rates["region", "east"] == 1.0
    assert rates["region", "west"] == 0.0
    assert rates["region", "north"] == 15 / 40
