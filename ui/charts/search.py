"""What a search tried: the ladder with intervals, the way to the best, what mattered, and score against size."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import plotly.graph_objects as go

from engine.params import FieldSpec
from engine.workspace import Candidate
from ui.charts.layout import finish, neutral, palette, plain, wrapped
from ui.text import t


def ladder_figure(
    rungs: Sequence[Candidate], titles: Sequence[str], metric: str, recommended: int | None
) -> go.Figure:
    """One line a family: its score on validation with the interval, the recommended one filled."""
    colour, places = palette()[0], list(range(len(rungs)))
    figure = go.Figure()
    figure.add_scatter(
        x=[100 * (r.score or 0) for r in rungs], y=places, mode="markers",
        marker={
            "size": 11, "color": [colour if r.number == recommended else "rgba(0,0,0,0)" for r in rungs],
            "line": {"width": 2, "color": colour},
        },
        error_x={
            "type": "data", "symmetric": False, "color": neutral(), "thickness": 1.5,
            "array": [100 * ((r.high or 0) - (r.score or 0)) for r in rungs],
            "arrayminus": [100 * ((r.score or 0) - (r.low or 0)) for r in rungs],
        },
        customdata=[plain(title, 60) for title in titles], hovertemplate="%{customdata}: %{x:.1f} %<extra></extra>",
    )  # fmt: skip
    finish(figure, height=280 if len(rungs) <= 7 else 440, x=metric, legend=False)
    figure.update_xaxes(ticksuffix=" %", rangemode="normal")
    figure.update_yaxes(
        tickvals=places, ticktext=[wrapped(title, 32, 2) for title in titles], autorange="reversed", rangemode="normal"
    )  # fmt: skip
    return figure


def way_figure(done: Sequence[Candidate], metric: str) -> go.Figure:
    """Every candidate's score in the order of trying, and the best so far as a step line."""
    numbers, scores = [c.number + 1 for c in done], [100 * (c.score or 0) for c in done]
    best: list[float] = []
    for value in scores:
        best.append(max(value, best[-1]) if best else value)
    figure = go.Figure()
    figure.add_scatter(
        x=numbers, y=scores, mode="markers", name=t("candidate"), marker={"color": neutral(), "size": 7}
    )
    figure.add_scatter(
        x=numbers, y=best, mode="lines", name=t("best so far"), line={"color": palette()[0], "shape": "hv", "width": 2}
    )  # fmt: skip
    finish(figure, x=t("candidate"), y=metric)
    figure.update_yaxes(ticksuffix=" %", rangemode="normal")
    figure.update_xaxes(rangemode="normal", dtick=1 if len(done) <= 15 else None)
    return figure


def importance_figure(shares: Mapping[str, float], titles: Mapping[str, str]) -> go.Figure:
    """What decided over the score, largest first."""
    ranked = sorted(shares.items(), key=lambda item: -item[1])
    places = list(range(len(ranked)))
    figure = go.Figure()
    figure.add_bar(
        x=[100 * share for _, share in ranked], y=places, orientation="h", marker={"color": palette()[0]},
        text=[f"{100 * share:.0f} %" for _, share in ranked], textposition="outside", cliponaxis=False,
        hoverinfo="skip",
    )  # fmt: skip
    finish(figure, height=280 if len(ranked) <= 7 else 440, legend=False)
    figure.update_xaxes(range=[0, 115], showticklabels=False, showgrid=False)
    figure.update_yaxes(
        tickvals=places, ticktext=[wrapped(titles.get(name, name), 22, 2) for name, _ in ranked], autorange="reversed",
        rangemode="normal", showgrid=False,
    )  # fmt: skip
    return figure


def paths_figure(done: Sequence[Candidate], fields: Sequence[FieldSpec], metric: str) -> go.Figure:
    """Parallel coordinates: one line a candidate through its settings to its score."""
    figure = go.Figure()
    scores = [100 * (c.score or 0) for c in done]
    # by rank: one bad candidate would leave all others one colour
    ranks = [sum(other < score for other in scores) for score in scores]
    figure.add_parcoords(
        line={"color": ranks, "colorscale": [(0, neutral()), (0.5, neutral()), (1, palette()[0])], "showscale": False},
        dimensions=[
            *(_axis(field, done) for field in fields), {"label": _label(metric), "values": scores, "tickformat": ".3~g"},
        ],
        labelside="bottom", labelangle=0,
    )  # fmt: skip
    finish(figure, height=360, legend=False)
    figure.update_layout(margin={"l": 48, "r": 48, "t": 24, "b": 64})
    return figure


def _label(title: str) -> str:
    """The name of an axis in short lines, so that neighbours do not meet on a phone; Chinese characters are twice as wide."""
    return wrapped(title, 12 if title.isascii() else 6, 3)


def _axis(field: FieldSpec, done: Sequence[Candidate]) -> dict[str, Any]:
    values = [c.params.get(field.name, field.default) for c in done]
    label = _label(t(field.title))
    if field.kind in ("choice", "bool"):
        options = [False, True] if field.kind == "bool" else list(field.choices)
        shown = (
            [t("no"), t("yes")]
            if field.kind == "bool"
            else [plain(t(title), 16) for title in field.choice_titles]
        )
        return {
            "label": label, "values": [options.index(v) for v in values], "tickvals": list(range(len(options))),
            "ticktext": shown, "range": [0, max(len(options) - 1, 1)],
        }  # fmt: skip
    if field.scale == "log":
        powers = [math.log10(max(float(v), 1e-12)) for v in values]
        ticks = list(range(math.floor(min(powers)), math.ceil(max(powers)) + 1))
        return {
            "label": label, "values": powers, "tickvals": ticks, "ticktext": [f"{10.0**p:g}" for p in ticks],
            "range": [ticks[0], max(ticks[-1], ticks[0] + 1)],  # else the outer ticks stand beyond the axis, on its name
        }  # fmt: skip
    if field.kind == "int" and max(values) - min(values) <= 10:
        ticks = list(range(min(values), max(values) + 1))
        return {
            "label": label,
            "values": values,
            "tickvals": ticks,
            "ticktext": [str(tick) for tick in ticks],
        }
    return {"label": label, "values": [float(v) for v in values], "tickformat": ".2~g"}


def merits_figure(
    done: Sequence[Candidate], front: Sequence[int], titles: Sequence[str], metric: str
) -> go.Figure:
    """Score against size on disk; the larger a dot, the longer a text takes; what nothing beats is joined."""
    figure = go.Figure()
    slowest = max((c.latency or 0) for c in done) or 1.0
    ahead = set(front)
    figure.add_scatter(
        x=[(c.size or 1) / 1e6 for c in done], y=[100 * (c.score or 0) for c in done], mode="markers", name=t("candidate"),
        marker={
            "size": [8 + 18 * (c.latency or 0) / slowest for c in done], "opacity": 0.8,
            "color": [palette()[0] if c.number in ahead else neutral() for c in done],
        },
        customdata=[[plain(title, 60), 1000 * (c.latency or 0)] for c, title in zip(done, titles, strict=True)],
        hovertemplate="%{customdata[0]}: %{y:.1f} %, %{x:.3g} MB, %{customdata[1]:.2g} ms<extra></extra>",
    )  # fmt: skip
    best = sorted((c for c in done if c.number in ahead), key=lambda c: c.size or 0)
    figure.add_scatter(
        x=[(c.size or 1) / 1e6 for c in best], y=[100 * (c.score or 0) for c in best], mode="lines", name=t("not beaten"),
        line={"color": palette()[0], "dash": "dot", "width": 1}, hoverinfo="skip",
    )  # fmt: skip
    finish(figure, height=360, x=t("size of the model (MB)"), y=metric)
    figure.update_xaxes(type="log", rangemode="normal", minorloglabels="none")
    figure.update_yaxes(ticksuffix=" %", rangemode="normal")
    return figure
