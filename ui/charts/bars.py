"""Counts as horizontal bars, largest first: classes, scripts, languages, missing cells."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import plotly.graph_objects as go

from ui.charts.layout import Height, class_colours, finish, neutral, plain
from ui.text import t

MOST_BARS = 24
"""More bars than that cannot be read; the table beside the chart has them all."""

ROOM = 1.6
"""The axis goes on beyond the longest bar, for the words beside it."""


def class_bars(counts: Mapping[str, int], classes: Sequence[str]) -> go.Figure:
    """Rows by class; a class keeps its colour, and the rarest one is named as such."""
    colours = class_colours(classes)
    shown = largest(counts)
    figure = count_bars(shown, sum(counts.values()), [colours.get(c, neutral()) for c in shown])
    if 2 <= len(shown) == len(counts):
        told = list(figure.data[0].text)
        figure.data[0].text = [*told[:-1], f"{told[-1]} · {t('rarest')}"]
    return figure


def count_bars(
    counts: Mapping[str, int],
    total: int,
    colours: Sequence[str] | None = None,
    *,
    counts_shown: bool = True,
    of_total: bool = False,
) -> go.Figure:
    """One bar an entry with its count and its share of `total` rows. Labels are user text and stay literal.

    `of_total` measures the bars against all rows instead of the longest bar.
    """
    labels, values = list(counts), list(counts.values())
    shares = [100 * v / total if total else 0.0 for v in values]
    figure = go.Figure()
    figure.add_bar(
        y=list(range(len(labels))), x=values, orientation="h", marker={"color": list(colours) if colours else neutral()},
        text=[f"{v:,} · {s:.1f} %" if counts_shown else f"{s:.1f} %" for v, s in zip(values, shares, strict=True)], textposition="outside", cliponaxis=False,
        width=bar_width(len(labels)),
        customdata=[plain(label, 80) for label in labels], hovertemplate="%{customdata}: %{text}<extra></extra>",
    )  # fmt: skip
    finish(figure, height=bars_height(len(labels)), legend=False)
    figure.update_xaxes(
        range=[0, (total if of_total else max(values, default=1)) * ROOM],
        showticklabels=False,
        showgrid=False,
    )
    figure.update_yaxes(
        tickvals=list(range(len(labels))), ticktext=[plain(label) for label in labels], range=places(len(labels)), showgrid=False,
    )  # fmt: skip
    return figure


def largest(counts: Mapping[str, int]) -> dict[str, int]:
    """The largest entries, largest first, as many as can be drawn."""
    order = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    return dict(order[:MOST_BARS])


def bar_width(count: int) -> float:
    """Two bars should not look like two walls."""
    return min(0.8, 0.3 + 0.08 * count)


def places(count: int) -> list[float]:
    """The range of an axis with that many bars from top to bottom; room for three, so that one bar does not fill it."""
    room = max(0.0, (3 - count) / 2)
    return [count - 0.5 + room, -0.5 - room]


def bars_height(count: int) -> Height:
    """A height in which that many bars can be read."""
    return 280 if count <= 8 else 360 if count <= 14 else 440
