"""The learning rate over a training, as the recipe asks for it."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go

from ui.charts.layout import finish, palette
from ui.text import t


def schedule_figure(points: Sequence[tuple[float, float]]) -> go.Figure:
    """A line of (epoch, learning rate) pairs."""
    figure = go.Figure(
        go.Scatter(
            x=[x for x, _ in points], y=[y for _, y in points], mode="lines", line={"color": palette()[0]},
            hovertemplate="%{x:.1f}: %{y:.2g}<extra></extra>",
        )
    )  # fmt: skip
    finish(figure, height=280, x=t("epoch"), y=t("learning rate"), legend=False)
    figure.update_yaxes(exponentformat="power", tickformat=".2g")
    return figure
