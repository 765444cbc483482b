"""The confusion matrix as a heatmap: rows are the true classes, columns the predicted ones."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go

from engine.evaluation.result import EvaluationResult
from ui.charts.layout import finish, plain
from ui.format import percent
from ui.text import t

MOST_COUNTS = 15
"""With more classes the counts no longer fit into the cells; the hover and the table still have them."""

SHARES = {
    "thickness": 10, "tickvals": [n / 4 for n in range(5)], "ticktext": [f"{25 * n} %" for n in range(5)],
}  # fmt: skip
"""The bar of a colour that is a share, written as percent are elsewhere."""

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


def ink(share: float) -> str:
    """Black or white, whichever stands out more on the colour of a cell at `share` (0 to 1) of the scale."""
    place = min(max(share, 0.0), 1.0) * (len(CIVIDIS) - 1)
    low = min(int(place), len(CIVIDIS) - 2)
    light = 0.0
    for weight, at in zip((0.2126, 0.7152, 0.0722), (1, 3, 5), strict=True):
        a, b = (int(CIVIDIS[i][at : at + 2], 16) / 255 for i in (low, low + 1))
        part = a + (b - a) * (place - low)
        light += weight * (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4)
    return "#000000" if (light + 0.05) / 0.05 > 1.05 / (light + 0.05) else "#ffffff"


def _write(
    figure: go.Figure, texts: Sequence[Sequence[str]], colours: Sequence[Sequence[float]], top: float
) -> None:
    """The words of the cells as a layer of their own: the heatmap itself would choose white up to the middle of its scale."""
    at = [(i, j) for i in range(len(texts)) for j in range(len(texts))]
    figure.add_scatter(
        x=[j for _, j in at], y=[i for i, _ in at], mode="text", text=[texts[i][j] for i, j in at], hoverinfo="skip",
        textfont={"color": [ink(colours[i][j] / (top or 1)) for i, j in at], "size": 13}, showlegend=False, name="",
    )  # fmt: skip


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
            f"{count:,}<br>{percent(share)}" if normalised else f"{count:,}"
            for count, share in zip(row, parts, strict=True)
        ]
        for row, parts in zip(result.confusion, shares, strict=True)
    ]
    figure = go.Figure(
        go.Heatmap(
            z=colours, x=places, y=places, colorscale=list(CIVIDIS), zmin=0, zmax=1 if normalised else None,
            hoverinfo="skip",
            xgap=2, ygap=2, colorbar=SHARES if normalised else {"thickness": 10, "tickformat": ",d"},
        )
    )  # fmt: skip
    if len(names) <= MOST_COUNTS:
        _write(figure, texts, colours, 1.0 if normalised else max((max(row) for row in colours), default=1))
    cells = [(i, j) for i in places for j in places]
    figure.add_scatter(
        x=[j for _, j in cells], y=[i for i, _ in cells], customdata=cells, mode="markers", opacity=0.02,
        marker={"symbol": "square", "size": max(10, 220 // max(1, len(names))), "color": "#808080"}, showlegend=False,
        text=[
            t("true: {true}<br>predicted: {predicted}<br>{count} rows, {share} of the true class",
              true=names[i], predicted=names[j], count=f"{result.confusion[i][j]:,}", share=percent(shares[i][j]))
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
