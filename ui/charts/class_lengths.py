"""How long the inputs of each class are: a box from quarter to quarter, whiskers from 5 to 95 of 100 rows."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go

from engine.data.profile import ClassCount
from ui.charts.bars import bar_width, bars_height, places
from ui.charts.layout import class_colours, finish, neutral, plain
from ui.text import t


def class_boxes(counts: Sequence[ClassCount], classes: Sequence[str], unit: str) -> go.Figure:
    """One box a class, in the order given.

    Args:
        counts: classes with their percentiles; as many as can be read.
        classes: the schema's classes, for the colours.
        unit: of the sizes, already translated.
    """
    colours = class_colours(classes)
    figure = go.Figure()
    for place, one in enumerate(counts):
        colour = colours.get(one.label, neutral())
        figure.add_box(
            orientation="h", y=[place], lowerfence=[one.size_p5], q1=[one.size_p25], median=[one.size_median], q3=[one.size_p75],
            upperfence=[one.size_p95], name=plain(one.label), width=bar_width(len(counts)),
            line={"color": colour, "width": 2}, hoverinfo="skip", showlegend=False,
        )  # fmt: skip
    # A box tells its numbers one hover at a time and in its own words; a point on the median tells them all in ours.
    figure.add_scatter(
        x=[one.size_median for one in counts], y=list(range(len(counts))), mode="markers", showlegend=False,
        marker={"color": [colours.get(one.label, neutral()) for one in counts], "size": 9},
        customdata=[[plain(one.label, 80), one.size_p5, one.size_p25, one.size_p75, one.size_p95] for one in counts],
        hovertemplate="%{customdata[0]}: %{customdata[1]:,.0f} · %{customdata[2]:,.0f} · <b>%{x:,.0f}</b> · %{customdata[3]:,.0f} · %{customdata[4]:,.0f}<extra></extra>",
        name=t("median"),
    )  # fmt: skip
    finish(figure, height=bars_height(len(counts)), x=unit, legend=False)
    figure.update_xaxes(rangemode="tozero")
    figure.update_yaxes(
        tickvals=list(range(len(counts))), ticktext=[plain(one.label) for one in counts], range=places(len(counts)), showgrid=False,
    )  # fmt: skip
    return figure
