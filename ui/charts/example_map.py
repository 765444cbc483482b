"""The examples as points: one colour and one shape a class or slice, the text on hover, chosen by lasso or click."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import plotly.graph_objects as go

from engine.data.schema import ROW_ID
from ui.charts.layout import SYMBOLS, class_colours, finish, neutral, plain
from ui.text import t

MOST_CLASSES = 12
"""Classes with a colour of their own; the rest share the neutral one."""


def example_points(places: pd.DataFrame, classes: Sequence[str], by: str | None = None) -> go.Figure:
    """Points by class, largest first; `customdata` of a point is its row id.

    Args:
        places: of an `ExampleMap`.
        classes: the schema's classes, for their colours.
        by: another column of `places` whose values have the colours instead.
    """
    figure = go.Figure()
    column = by or "label"
    order = places[column].value_counts().index.tolist()
    named = [label for label in order if label][:MOST_CLASSES]
    classes = named if by else classes
    colours = class_colours(classes)
    for label in named:
        _add(
            figure,
            places[places[column] == label],
            plain(label),
            colours.get(label, neutral()),
            _shape(label, classes),
        )
    rest = places[~places[column].isin(named)]
    if len(rest):
        every = "" in order and len(order) == len(named) + 1
        _add(figure, rest, _rest_name(by is not None, every), neutral(), "circle-open")
    finish(figure, height=440, legend=True)
    # A line that is seen on both grounds: Plotly's own is black on the dark one.
    figure.update_layout(newselection={"line": {"color": neutral(), "width": 2, "dash": "dot"}})
    figure.update_layout(dragmode="lasso", legend={"itemsizing": "constant"}, hoverlabel={"align": "left"})
    axis = {"showgrid": True, "showticklabels": False, "range": [-1.08, 1.08], "rangemode": "normal"}
    figure.update_xaxes(**axis)
    figure.update_yaxes(**axis)
    return figure


def _rest_name(sliced: bool, empty: bool) -> str:
    """What the points without a colour are: those without a label or value, and where there are too many, the rarer ones too."""
    if sliced:
        return t("without a value") if empty else t("other values")
    return t("without a label") if empty else t("other classes")


def _shape(label: str, classes: Sequence[str]) -> str:
    return SYMBOLS[(classes.index(label) if label in classes else 0) % len(SYMBOLS)]


def _add(figure: go.Figure, rows: pd.DataFrame, name: str, colour: str, symbol: str) -> None:
    figure.add_scattergl(
        x=rows["x"], y=rows["y"], mode="markers", name=name, customdata=rows[ROW_ID], text=[plain(s, 60) for s in rows["shown"]],
        hovertemplate="%{text}<extra>%{fullData.name}</extra>",
        marker={"size": 7, "opacity": 0.75, "color": colour, "symbol": symbol},
        unselected={"marker": {"opacity": 0.15}},
    )  # fmt: skip
