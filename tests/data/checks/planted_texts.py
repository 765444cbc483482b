"""A few texts as a check sees them."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence

import pandas as pd

from engine.data.checks import checks
from engine.data.findings import Found
from engine.data.schema import make_schema
from engine.data.table_view import TableView
from engine.modality import modalities


def view(texts: Sequence[str], labels: Sequence[str] | None = None, **slices: Sequence[str]) -> TableView:
    """A table of texts whose row ids begin at 100; further columns are slices, one called `split` says the parts."""
    cells = {
        "text": list(texts),
        "label": list(labels or ["a"] * len(texts)),
        **{k: list(v) for k, v in slices.items()},
    }
    frame = pd.DataFrame(cells, dtype="str")
    frame.insert(0, "row_id", range(100, 100 + len(texts)))
    roles = {"text": "input", "label": "label"} | {
        name: "split" if name == "split" else "slice" for name in slices
    }
    return TableView(frame, make_schema(roles, list(cells)), modalities.get("text-classification"))


def look(name: str, table: TableView) -> Mapping[str, Found]:
    """What the check `name` finds, by code."""
    found = list(checks.get(name).run(table))
    codes = [one.finding.code for one in found]
    assert len(found) == len({(one.finding.code, one.finding.params.get("value")) for one in found})
    for one in found:
        assert one.finding.count == len(one.rows) == one.finding.params["count"]
        assert one.finding.rows == tuple(one.rows[:1000].tolist())
    return dict(zip(codes, found, strict=True))


def rows(found: Mapping[str, Found], code: str) -> list[int]:
    """Positions of the rows of a finding, in the order in which it shows them."""
    return (found[code].rows - 100).tolist()


def topics(count: int, seed: int = 0) -> tuple[list[str], list[str]]:
    """Texts about three topics and the names of the topics; a fifth of the words is common to all."""
    rng = random.Random(seed)
    banks = [
        ["".join(rng.choices("abcdefghijklmnoprstuvw", k=rng.randint(4, 8))) for _ in range(150)]
        for _ in range(4)
    ]
    texts, labels = [], []
    for n in range(count):
        texts.append(
            " ".join(rng.choice(banks[3] if rng.random() < 0.2 else banks[n % 3]) for _ in range(12))
        )
        labels.append(("food", "money", "sport")[n % 3])
    return texts, labels
