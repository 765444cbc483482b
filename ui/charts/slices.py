"""A slice column against the labels: the mix of classes within each value, with the rows behind it."""

from __future__ import annotations

import plotly.graph_objects as go

from engine.data.profile import SliceProfile
from ui.charts.bars import MOST_BARS, bar_width, bars_height, places
from ui.charts.layout import class_colours, finish, neutral, plain
from ui.charts.parts import PATTERNS
from ui.text import t


def slice_bars(found: SliceProfile, classes: tuple[str, ...]) -> go.Figure:
    """One bar a value, divided by class to 100 %; `n` stands beside the value. Values and labels are user text."""
    shown = range(min(len(found.values), MOST_BARS))
    totals = [sum(found.table[i]) for i in shown]
    colours = class_colours(classes)
    figure = go.Figure()
    for column, label in enumerate(found.labels):
        rows = [found.table[i][column] for i in shown]
        place = classes.index(label) if label in classes else column
        figure.add_bar(
            y=list(shown), x=[100 * r / total if total else 0 for r, total in zip(rows, totals, strict=True)], orientation="h", width=bar_width(len(totals)),
            name=plain(label), customdata=rows, hovertemplate="%{fullData.name}: %{customdata:,} (%{x:.1f} %)<extra></extra>",
            marker={
                "color": colours.get(label, neutral()), "pattern": {"shape": PATTERNS[(place // 2) % len(PATTERNS)], "solidity": 0.2}
            },
        )  # fmt: skip
    finish(
        figure,
        height=bars_height(len(totals)),
        x=t("share of the rows with this value"),
        legend=len(found.labels) <= 12,
    )
    figure.update_layout(barmode="stack", legend_traceorder="normal", margin_r=28)
    figure.update_xaxes(range=[0, 100], ticksuffix=" %", dtick=25)
    figure.update_yaxes(
        tickvals=list(shown), range=places(len(totals)),
        ticktext=[f"{plain(found.values[i], 20)} · n={found.counts[i]:,}" for i in shown],
    )  # fmt: skip
    return figure
