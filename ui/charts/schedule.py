"""The learning rate over a training, as the recipe asks for it."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go

from ui.charts.layout import finish, palette
from ui.text import t


def schedule_figure(rates: Sequence[float]) -> go.Figure:
    """The learning rate of each epoch, constant within it."""
    figure = go.Figure(
        go.Scatter(
            x=list(range(1, len(rates) + 1)), y=list(rates), mode="lines+markers" if len(rates) <= 50 else "lines",
            line={"color": palette()[0], "shape": "hv"}, marker={"size": 5}, hovertemplate="%{x}: %{y:.2g}<extra></extra>",
        )
    )  # fmt: skip
    finish(figure, height=280, x=t("epoch"), y=t("learning rate"), legend=False)
    figure.update_yaxes(exponentformat="power", tickformat=".2g")
    return figure
