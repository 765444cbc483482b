"""How long the inputs are: a histogram with the median, and the medians of the classes."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

import plotly.graph_objects as go

from engine.data.profile import Measure
from ui.charts.layout import DASHES, class_colours, finish, neutral, palette, plain
from ui.text import t

MOST_MEDIANS = 6
"""More lines than that hide the histogram; the table beside it has them all."""


def size_histogram(
    measure: Measure, medians: Mapping[str, float] | None = None, classes: tuple[str, ...] = ()
) -> go.Figure:
    """Inputs by size; the last bar holds all that are longer.

    Args:
        measure: sizes and their histogram.
        medians: median size by class; each is a line with a colour and a dash of its own.
        classes: the schema's classes, for the colours.
    """
    edges, counts = measure.histogram.edges, measure.histogram.counts
    figure = go.Figure()
    figure.add_bar(
        x=[(a + b) / 2 for a, b in pairwise(edges)], y=list(counts),
        width=[b - a for a, b in pairwise(edges)], marker={"color": neutral(), "line": {"width": 0}},
        customdata=[[a, b - 1] for a, b in pairwise(edges)], name=t("rows"), showlegend=False,
        hovertemplate="%{customdata[0]:,.0f}–%{customdata[1]:,.0f}: %{y:,}<extra></extra>",
    )  # fmt: skip
    colours, top = class_colours(classes), max(counts, default=1)
    lines = dict(medians) if medians and len(medians) <= MOST_MEDIANS else {}
    for label, median in lines.items():
        place = classes.index(label) if label in classes else 0
        figure.add_scatter(
            x=[median, median], y=[0, top], mode="lines", name=plain(label, 14),
            line={"color": colours.get(label, palette()[0]), "dash": DASHES[place % len(DASHES)], "width": 2},
            customdata=[t("median of {name}", name=plain(label))] * 2, hovertemplate="%{customdata}: %{x:,.0f}<extra></extra>",
        )  # fmt: skip
    if not lines:
        figure.add_scatter(
            x=[measure.p50, measure.p50], y=[0, top], mode="lines", name=t("median"),
            line={"color": palette()[1], "dash": "dash", "width": 2}, hovertemplate="%{fullData.name}: %{x:,.0f}<extra></extra>",
        )  # fmt: skip
    finish(figure, height=280, x=t(measure.unit), y=t("rows"))
    # One word for all lines: five names with "median of" before each would take half the height.
    figure.update_layout(bargap=0, legend_title_text=t("median") if lines else None, legend_font_size=11)
    return figure
