"""The confusion matrix as a heatmap: rows are the true classes, columns the predicted ones."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go

from engine.evaluation.result import EvaluationResult
from ui.charts.layout import finish, plain
from ui.text import t

MOST_COUNTS = 15
"""With more classes the counts no longer fit into the cells; the hover and the table still have them."""

CIVIDIS = (
    "#00224e",
    "#123570",
    "#3b496c",
    "#575d6d",
    "#707173",
    "#8a8678",
    "#a59c74",
    "#c3b369",
    "#e1cc55",
    "#fee838",
)


def row_shares(confusion: Sequence[Sequence[int]]) -> list[list[float]]:
    """Each row divided by its sum; a class without rows gives zeros."""
    return [[c / total if (total := sum(row)) else 0.0 for c in row] for row in confusion]


def confusion_figure(result: EvaluationResult, *, normalised: bool) -> go.Figure:
    """Counts in every cell; the colour is the count, or the share of the row when `normalised`.

    Invisible square markers lie over the cells, because a heatmap itself reports no clicks; their
    `customdata` is (true class index, predicted class index).
    """
    names = [plain(c, 24) for c in result.classes]
    shares = row_shares(result.confusion)
    colours = shares if normalised else [list(row) for row in result.confusion]
    places = list(range(len(names)))
    texts = [
        [
            f"{count:,}<br>{share:.1%}" if normalised else f"{count:,}"
            for count, share in zip(row, parts, strict=True)
        ]
        for row, parts in zip(result.confusion, shares, strict=True)
    ]
    figure = go.Figure(
        go.Heatmap(
            z=colours, x=places, y=places, colorscale=list(CIVIDIS), zmin=0, zmax=1 if normalised else None,
            text=texts, texttemplate="%{text}" if len(names) <= MOST_COUNTS else None, hoverinfo="skip",
            xgap=2, ygap=2, colorbar={"thickness": 10, "tickformat": ".0%" if normalised else ",d"},
        )
    )  # fmt: skip
    cells = [(i, j) for i in places for j in places]
    figure.add_scatter(
        x=[j for _, j in cells], y=[i for i, _ in cells], customdata=cells, mode="markers", opacity=0.02,
        marker={"symbol": "square", "size": max(10, 220 // max(1, len(names))), "color": "#808080"}, showlegend=False,
        text=[
            t("true: {true}<br>predicted: {predicted}<br>{count} rows, {share} of the true class",
              true=names[i], predicted=names[j], count=f"{result.confusion[i][j]:,}", share=f"{shares[i][j]:.1%}")
            for i, j in cells
        ],
        hovertemplate="%{text}<extra></extra>",
    )  # fmt: skip
    finish(
        figure,
        height=360 if len(names) <= 8 else 440,
        x=t("predicted class"),
        y=t("true class"),
        legend=False,
    )
    axis = {"tickmode": "array", "tickvals": places, "ticktext": names, "showgrid": False}
    figure.update_xaxes(**axis, range=[-0.5, len(names) - 0.5])
    figure.update_yaxes(**axis, range=[len(names) - 0.5, -0.5])
    return figure
