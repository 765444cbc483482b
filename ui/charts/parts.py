"""Train, validation and test as bars, divided by class."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import plotly.graph_objects as go

from engine.errors import N_
from ui.charts.bars import bar_width
from ui.charts.layout import class_colours, finish, plain
from ui.text import t

PART_TITLES = {"train": N_("train"), "validation": N_("validation"), "test": N_("test")}
PATTERNS = ("", "/", "\\", "x", "-", "|", "+", ".")


def part_bars(class_counts: Mapping[str, Mapping[str, int]], classes: Sequence[str]) -> go.Figure:
    """The share of each class in each part, so that parts of different size compare; counts are in the hover.

    Args:
        class_counts: rows by part and class.
        classes: the schema's classes; colour and pattern follow their place.
    """
    parts = [p for p in PART_TITLES if p in class_counts]
    totals = [sum(class_counts[p].values()) for p in parts]
    colours = class_colours(classes)
    figure = go.Figure()
    for place, label in enumerate(classes):
        rows = [class_counts[p].get(label, 0) for p in parts]
        figure.add_bar(
            y=list(range(len(parts))), x=[100 * r / total if total else 0 for r, total in zip(rows, totals, strict=True)],
            orientation="h", width=bar_width(len(totals)), name=plain(label), customdata=rows,
            hovertemplate="%{fullData.name}: %{customdata:,} (%{x:.1f} %)<extra></extra>",
            marker={"color": colours[label], "pattern": {"shape": PATTERNS[(place // 2) % len(PATTERNS)], "solidity": 0.2}},
        )  # fmt: skip
    finish(figure, height=280, x=t("share of the part"), legend=len(classes) <= 12)
    figure.update_layout(barmode="stack", legend_traceorder="normal", margin_r=28)
    figure.update_xaxes(range=[0, 100], ticksuffix=" %", dtick=25)
    figure.update_yaxes(
        tickvals=list(range(len(parts))), autorange="reversed",
        ticktext=[f"{t(PART_TITLES[p])} · {total:,}" for p, total in zip(parts, totals, strict=True)],
    )  # fmt: skip
    return figure
