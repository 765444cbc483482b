"""Rows over time, by day, week, month or year."""

from __future__ import annotations

from collections.abc import Mapping

import plotly.graph_objects as go

from ui.charts.layout import Height, finish, neutral
from ui.text import t


def period_bars(periods: Mapping[str, int], height: Height = 280) -> go.Figure:
    """One bar a period ("2024-05-13", "2024-05" or "2024"), in order; empty ones keep their place."""
    figure = go.Figure()
    figure.add_bar(
        x=list(periods), y=list(periods.values()), marker={"color": neutral()},
        hovertemplate="%{x}: %{y:,}<extra></extra>",
    )  # fmt: skip
    finish(figure, height=height, y=t("rows"), legend=False)
    # Ten letters each: more of them run into one another on a telephone and in a card.
    figure.update_xaxes(type="category", nticks=3 if height == 180 else 4, tickangle=0)
    return figure
