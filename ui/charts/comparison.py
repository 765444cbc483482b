"""Paired differences of runs from a reference run, as points with interval whiskers around zero."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go

from engine.evaluation.result import Difference
from ui.charts.layout import finish, palette, wrapped
from ui.text import t

_SYMBOL = {"better": "triangle-up", "worse": "triangle-down", "undecided": "circle-open"}
_COLOUR = {"better": 2, "worse": 1, "undecided": 7}


def difference_figure(names: Sequence[str], differences: Sequence[Difference]) -> go.Figure:
    """One point a run, in percentage points against the reference; the whiskers are the paired interval.

    Args:
        names: the compared runs, in the order of `differences`.
        differences: run minus reference.
    """
    shown = [wrapped(name) for name in names]
    places = list(range(len(shown)))
    figure = go.Figure(
        go.Scatter(
            x=[d.difference * 100 for d in differences], y=places, mode="markers",
            marker={
                "size": 11, "symbol": [_SYMBOL[d.verdict] for d in differences],
                "color": [palette()[_COLOUR[d.verdict]] for d in differences],
            },
            error_x={
                "type": "data", "symmetric": False, "color": palette()[-1],
                "array": [(d.high - d.difference) * 100 for d in differences],
                "arrayminus": [(d.difference - d.low) * 100 for d in differences],
            },
            text=shown, hovertemplate="%{text}: %{x:+.1f}<extra></extra>",
        )
    )  # fmt: skip
    figure.add_vline(x=0, line={"dash": "dash", "color": palette()[-1]})
    finish(figure, height=280, x=t("difference from the reference, percentage points"), legend=False)
    figure.update_yaxes(
        tickmode="array", tickvals=places, ticktext=shown, rangemode="normal", range=[len(shown) - 0.5, -0.5]
    )
    return figure
