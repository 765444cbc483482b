"""One look for all figures: transparent ground, theme font, quiet axes, fixed heights, colours with meaning."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Sequence
from typing import Literal

import plotly.graph_objects as go
import streamlit as st

LIGHT = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#882255", "#6B7280")
DARK = ("#56B4E9", "#E69F00", "#2FBF94", "#CC79A7", "#F0E442", "#D55E00", "#B9A7F0", "#9CA3AF")
DASHES = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot")
SYMBOLS = ("circle", "square", "diamond", "triangle-up", "x", "cross", "star", "hexagon")
Height = Literal[180, 280, 360, 440]


def palette() -> tuple[str, ...]:
    """Categorical colours (Okabe-Ito order) that stand out on the visitor's ground."""
    return DARK if st.context.theme.type == "dark" else LIGHT


def neutral() -> str:
    """The colour of what is no class."""
    return "#8FA3C2" if st.context.theme.type == "dark" else "#7A8CA8"


def class_colours(classes: Sequence[str]) -> dict[str, str]:
    """A class keeps its colour on every page: by its place in the schema."""
    colours = palette()
    return {c: colours[i % len(colours)] for i, c in enumerate(classes)}


def plain(value: object, limit: int = 28) -> str:
    """User text for a label, a legend or a hover: Plotly reads tags and entities there, so they are escaped."""
    text = " ".join(str(value).split())
    if len(text) > limit:
        text = text[: limit - 1] + "…"
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def wrapped(value: object, width: int = 24, lines: int = 3) -> str:
    """User text for an axis in lines of about `width` characters; what does not fit in them ends in an ellipsis."""
    text = " ".join(str(value).split())
    return "<br>".join(
        plain(line, width) for line in textwrap.wrap(text, width, max_lines=lines, placeholder=" …")
    )


def finish(
    figure: go.Figure, *, height: Height = 280, x: str = "", y: str = "", legend: bool = True
) -> go.Figure:
    """The common layout on `figure`; `x` and `y` are axis titles, already translated."""
    figure.update_layout(
        height=height, paper_bgcolor="rgba(0,0,0,0)", plot_bgcolor="rgba(0,0,0,0)", showlegend=legend,
        margin={"l": 8, "r": 8, "t": 8, "b": 8}, hovermode="closest", uirevision="keep",
        legend={"orientation": "h", "yanchor": "bottom", "y": 1.02, "x": 0}, colorway=list(palette()),
    )  # fmt: skip
    figure.update_xaxes(title=x, automargin=True, zeroline=False)
    figure.update_yaxes(title=y, automargin=True, zeroline=False, rangemode="tozero")
    return figure


@st.cache_resource(max_entries=128, show_spinner=False)
def kept(name: str, of: str, locale: str, theme: str, _build: Callable[[], go.Figure]) -> go.Figure:
    """The figure that `_build` makes, made once: plotly takes 20-30 ms for each, on every rerun.

    Args:
        name: which chart.
        of: id of the immutable thing that it shows (a dataset version, a split).
        locale: language of its texts.
        theme: "light" or "dark".
    """
    return _build()


def draw(figure: go.Figure, *, key: str, alt: str) -> None:
    """Show `figure`; `alt` states its takeaway in the reader's language."""
    st.plotly_chart(
        figure, key=key, alt=alt, config={"displayModeBar": False, "responsive": True, "typesetMath": False}
    )
