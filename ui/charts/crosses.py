"""Two slice columns against each other as a map of cells: rows, or the share of one class, with n in every cell."""

from __future__ import annotations

import plotly.graph_objects as go

from engine.data.profile.crosses import CrossTab
from ui.charts.layout import finish, plain
from ui.text import t

_SCALE = ((0.0, "#00224e"), (0.5, "#7d7c78"), (1.0, "#fee838"))
"""Cividis in three steps: it reads the same for the colour-blind and in grey."""


def cross_cells(found: CrossTab, label: str | None) -> go.Figure:
    """A cell for each pair of values: its rows, or with a `label` the share of that class among its labelled rows."""
    shares = [
        [share(found, i, j, label) for j in range(len(found.second_values))]
        for i in range(len(found.first_values))
    ]
    counts = [[c or None for c in row] for row in found.counts]
    figure = go.Figure(
        go.Heatmap(
            z=counts if label is None else [[None if s is None else 100 * s for s in row] for row in shares],
            x=list(range(len(found.second_values))), y=list(range(len(found.first_values))), colorscale=_SCALE,
            zmin=0, zmax=_most(found) if label is None else 100, xgap=2, ygap=2, customdata=found.counts,
            texttemplate=None, showscale=True, colorbar={"thickness": 10, "ticksuffix": "" if label is None else " %"},
            hovertemplate="%{y} × %{x}<br>n=%{customdata:,}" + ("" if label is None else "<br>%{z:.1f} %") + "<extra></extra>",
        )
    )  # fmt: skip
    dark = _dark_cells(found, shares, label)
    for i, row in enumerate(found.counts):
        for j, count in enumerate(row):
            figure.add_annotation(
                x=j, y=i, text=_cell_text(count, shares[i][j], label), showarrow=False, font={"color": "#ffffff" if dark[i][j] else "#1a1a1a", "size": 11},
            )  # fmt: skip
    rows = len(found.first_values)
    finish(
        figure,
        height=280 if rows <= 6 else 360 if rows <= 12 else 440,
        x=plain(found.second),
        y=plain(found.first),
        legend=False,
    )
    figure.update_xaxes(
        tickvals=list(range(len(found.second_values))),
        ticktext=[plain(v, 14) for v in found.second_values],
        showgrid=False,
    )
    figure.update_yaxes(
        tickvals=list(range(rows)), ticktext=[plain(v, 14) for v in found.first_values], autorange="reversed", showgrid=False, rangemode="normal"
    )  # fmt: skip
    return figure


def share(found: CrossTab, i: int, j: int, label: str | None) -> float | None:
    """Share of `label` among the labelled rows of a cell; None where there are none."""
    if label is None:
        return None
    labelled = found.labelled[i][j]
    return labelled[found.labels.index(label)] / sum(labelled) if sum(labelled) else None


def _cell_text(count: int, part: float | None, label: str | None) -> str:
    if not count:
        return "–"
    if label is None:
        return f"{count:,}"
    return t("{share} %<br>n={n}", share="–" if part is None else f"{100 * part:.0f}", n=f"{count:,}")


def _most(found: CrossTab) -> int:
    return max((count for row in found.counts for count in row), default=0) or 1


def _dark_cells(found: CrossTab, shares: list[list[float | None]], label: str | None) -> list[list[bool]]:
    """Whether the ground of a cell is dark, so that its text is light; an empty cell has none."""
    most = _most(found)
    return [
        [
            0 < (c / most if label is None else (s or 0.001)) < 0.55 and c > 0
            for c, s in zip(row, parts, strict=True)
        ]
        for row, parts in zip(found.counts, shares, strict=True)
    ]
