"""Scores of the values of one slice column as points with interval whiskers, the whole part as a line behind them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import plotly.graph_objects as go

from engine.evaluation.result import Score, SliceScore
from ui.charts.layout import finish, palette, plain
from ui.text import t

Metric = Literal["accuracy", "macro_f1"]


def slice_figure(slices: Sequence[SliceScore], overall: Score, metric: Metric) -> go.Figure:
    """One point a slice value, best on top; the whiskers are the interval, the dashed line is all rows."""
    ordered = sorted(slices, key=lambda s: getattr(s, metric).value)
    scores: list[Score] = [getattr(s, metric) for s in ordered]
    names = [f"{plain(s.value, 24)} (n = {s.n:,})" for s in ordered]
    places = list(range(len(names)))
    figure = go.Figure(
        go.Scatter(
            x=[100 * s.value for s in scores], y=places, mode="markers", marker={"size": 9, "color": palette()[0]},
            error_x={
                "type": "data", "symmetric": False, "array": [100 * (s.high - s.value) for s in scores],
                "arrayminus": [100 * (s.value - s.low) for s in scores], "color": palette()[0],
            },
            text=names, hovertemplate="%{text}: %{x:.1f} %<extra></extra>",
        )
    )  # fmt: skip
    figure.add_vline(x=100 * overall.value, line={"dash": "dash", "color": palette()[-1]})
    finish(figure, height=280 if len(names) <= 8 else 440, x=t("score with its interval"), legend=False)
    figure.update_xaxes(ticksuffix=" %")
    figure.update_yaxes(
        tickmode="array", tickvals=places, ticktext=names, rangemode="normal", range=[-0.6, len(names) - 0.4]
    )
    return figure
