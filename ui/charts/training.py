"""Curves of a training: loss inside and after each epoch, accuracy and F1 after each, the best epoch marked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import plotly.graph_objects as go

from ui.charts.layout import DASHES, SYMBOLS, finish, palette
from ui.run_feed import Batch, best_epoch, by_heart_since
from ui.text import t

MOST_POINTS = 500
FEW_EPOCHS = 8
MOST_MARKERS = 40
"""With more epochs the markers would run into one another; the dash still tells the lines apart."""
PERCENT_HOVER = "%{x}: %{y:.1f} %<extra></extra>"
T = TypeVar("T")


def thin(points: Sequence[T], most: int) -> Sequence[T]:
    """At most `most` points, evenly picked, the last one kept."""
    if len(points) <= most:
        return points
    step = (len(points) - 1) / (most - 1)
    return [points[round(i * step)] for i in range(most)]


def loss_figure(epochs: Sequence[Mapping[str, Any]], batches: Sequence[Batch] = ()) -> go.Figure:
    """Training and validation loss by epoch, the batch loss as a thin line behind them; where it learns by heart is shaded."""
    figure = go.Figure()
    epochs = thin(epochs, MOST_POINTS // 4)
    if batches:
        shown = thin(batches, MOST_POINTS // 2 - 1)
        figure.add_scatter(
            x=[b.x for b in shown], y=[b.loss for b in shown], name=t("inside the epoch"), mode="lines" if len(shown) > 1 else "markers",
            line={"width": 1, "color": palette()[-1]}, opacity=0.6,
            hovertemplate="%{y:.4f}<extra></extra>",
        )  # fmt: skip
    _line(figure, epochs, "loss", t("training"), 0)
    _line(figure, epochs, "val_loss", t("validation"), 1)
    _mark_best(figure, epochs, "val_loss")
    since = by_heart_since(epochs)
    if since is not None:
        figure.add_vrect(x0=since, x1=epochs[-1]["epoch"], fillcolor=palette()[1], opacity=0.08, line_width=0)
    finish(figure, height=280, x=t("epoch"), y=t("loss"))
    figure.update_xaxes(rangemode="tozero")
    return _whole_epochs(figure, epochs)


def metric_figure(epochs: Sequence[Mapping[str, Any]]) -> go.Figure:
    """Accuracy on training and validation, and macro-F1 on validation, by epoch."""
    figure = go.Figure()
    epochs = thin(epochs, MOST_POINTS // 4)
    _line(figure, epochs, "accuracy", t("training accuracy"), 0, percent=True)
    _line(figure, epochs, "val_accuracy", t("validation accuracy"), 1, percent=True)
    _line(figure, epochs, "val_macro_f1", t("validation macro-F1"), 2, percent=True)
    _mark_best(figure, epochs, "val_macro_f1", percent=True)
    finish(figure, height=280, x=t("epoch"), y=t("share"))
    figure.update_yaxes(rangemode="normal", ticksuffix=" %")
    return _whole_epochs(figure, epochs)


def _whole_epochs(figure: go.Figure, epochs: Sequence[Mapping[str, Any]]) -> go.Figure:
    """With few epochs the axis would also name halves of them."""
    if len(epochs) <= FEW_EPOCHS:
        figure.update_xaxes(dtick=1)
    return figure


def _line(
    figure: go.Figure, epochs: Sequence[Mapping[str, Any]], name: str, label: str, order: int, *, percent: bool = False
) -> None:  # fmt: skip
    known = [e for e in epochs if e.get(name) is not None]
    if known:
        figure.add_scatter(
            x=[e["epoch"] for e in known], y=[float(e[name]) * (100 if percent else 1) for e in known], name=label, mode="lines+markers" if len(known) <= MOST_MARKERS else "lines",
            line={"dash": DASHES[order], "color": palette()[order]}, marker={"symbol": SYMBOLS[order], "size": 6},
            hovertemplate=PERCENT_HOVER if percent else "%{x}: %{y:.4f}<extra></extra>",
        )  # fmt: skip


def _mark_best(
    figure: go.Figure, epochs: Sequence[Mapping[str, Any]], name: str, *, percent: bool = False
) -> None:
    best = best_epoch(epochs)
    if best is not None and best.get(name) is not None:
        figure.add_scatter(
            x=[best["epoch"]], y=[float(best[name]) * (100 if percent else 1)], name=t("best epoch: {epoch}", epoch=best["epoch"]),
            mode="markers", marker={"symbol": "star", "size": 14, "color": palette()[4]},
            hovertemplate=PERCENT_HOVER if percent else "%{x}: %{y:.4f}<extra></extra>",
        )  # fmt: skip
