"""Rows over time, by month or by year."""

from __future__ import annotations

from collections.abc import Mapping

import plotly.graph_objects as go

from ui.charts.layout import finish, neutral
from ui.text import t


def period_bars(periods: Mapping[str, int]) -> go.Figure:
    """One bar a period ("2024-05" or "2024"), in order."""
    figure = go.Figure()
    figure.add_bar(
        x=list(periods), y=list(periods.values()), marker={"color": neutral()},
        hovertemplate="%{x}: %{y:,}<extra></extra>",
    )  # fmt: skip
    finish(figure, y=t("rows"), legend=False)
    figure.update_xaxes(type="category")
    return figure
