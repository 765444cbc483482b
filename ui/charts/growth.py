"""Train rows and augmented copies of each class."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go

from engine.workspace import GrownClass
from ui.charts.bars import bar_width
from ui.charts.layout import finish, neutral, palette, wrapped
from ui.text import t

MOST_CLASSES = 20


def growth_bars(growth: Sequence[GrownClass]) -> go.Figure:
    """Rows as they are, and copies hatched beside them; of many classes the largest."""
    shown = growth if len(growth) <= MOST_CLASSES else sorted(growth, key=lambda g: -g.rows)[:MOST_CLASSES]
    places = list(range(len(shown)))
    figure = go.Figure()
    for name, values, marker in (
        (t("Train rows"), [g.rows for g in shown], {"color": palette()[0]}),
        (
            t("Copies"),
            [g.grown - g.rows for g in shown],
            {"color": neutral(), "pattern": {"shape": "/", "solidity": 0.3}},
        ),
    ):
        figure.add_bar(
            y=places, x=values, orientation="h", width=bar_width(len(shown)), name=name, marker=marker,
            hovertemplate="%{fullData.name}: %{x:,}<extra></extra>",
        )  # fmt: skip
    finish(figure, height=280 if len(shown) <= 8 else 440, x=t("rows of the train part"))
    figure.update_layout(barmode="stack", legend_traceorder="normal")
    figure.update_yaxes(
        tickvals=places, ticktext=[wrapped(g.label, 18, 2) for g in shown], autorange="reversed"
    )
    return figure
