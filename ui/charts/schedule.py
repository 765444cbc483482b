"""The learning rate over a training, as the recipe asks for it."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go

from ui.charts.layout import finish, palette
from ui.text import t


def schedule_figure(rates: Sequence[float], epochs: int) -> go.Figure:
    """The learning rate over so many epochs, given at even distances."""
    figure = go.Figure(
        go.Scatter(
            x=[place * epochs / len(rates) for place in range(len(rates) + 1)], y=[*rates, rates[-1]], mode="lines",
            line={"color": palette()[0], "shape": "hv"}, hovertemplate="%{x:.2f}: %{y:.2g}<extra></extra>",
        )
    )  # fmt: skip
    finish(figure, height=280, x=t("epochs done"), y=t("learning rate"), legend=False)
    figure.update_yaxes(exponentformat="power", tickformat=".2g")
    return figure
