"""How the values of one column are spread: a small histogram for its card."""

from __future__ import annotations

from itertools import pairwise

import plotly.graph_objects as go

from engine.data.measures import Histogram
from ui.charts.layout import finish, neutral
from ui.format import significant
from ui.text import t


def spread_bars(histogram: Histogram, x: str) -> go.Figure:
    """One bar a bin without gaps; `x` is the title of the axis, already translated."""
    spans = list(pairwise(histogram.edges))
    figure = go.Figure()
    figure.add_bar(
        x=[(a + b) / 2 for a, b in spans], y=list(histogram.counts), width=[b - a for a, b in spans],
        marker={"color": neutral(), "line": {"width": 0}},
        customdata=[f"{significant(a)} – {significant(b)}" for a, b in spans],
        hovertemplate="%{customdata}: %{y:,}<extra></extra>",
    )  # fmt: skip
    finish(figure, height=180, x=x, y=t("rows"), legend=False)
    figure.update_layout(bargap=0)
    figure.update_xaxes(nticks=5)
    figure.update_yaxes(nticks=4)
    return figure
