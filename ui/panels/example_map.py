"""The map of a version's examples: choose points, see their rows, correct or drop them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
import streamlit as st

from engine.data.example_map import LEARNT, slice_column
from engine.workspace import DatasetVersion, MapSource
from ui.charts.example_map import example_points
from ui.charts.layout import kept
from ui.panels.job import attach, watch
from ui.panels.map_source import choose_source, what_near_means
from ui.panels.row_actions import row_actions
from ui.panels.rows import row_table
from ui.state import follow, unfollow, workspace
from ui.text import language, n, t, told_apart

_COLOUR = "map_colour"
"""Session key of the column that gave the colours last."""
DRAWN, SEED = 5_000, 0
"""Points that a browser draws at ease; a seeded sample where more were placed."""


def example_map(version: DatasetVersion) -> None:
    """The map behind a fold; its job starts when somebody opens it."""
    fold = st.expander(
        t("Map of the examples"), icon=":material/scatter_plot:", key=f"map_{version.id}", on_change="rerun"
    )
    if not fold.open:
        return
    with fold:
        source = choose_source(version)
        if workspace().maps.get(version.id, source.id) is None:
            _placing(version, source)
        else:
            _map(version, source)


def _placing(version: DatasetVersion, source: MapSource) -> None:
    purpose = f"map_{version.id}_{source.id}"
    job_id = attach(purpose, (), version.project_id)
    if job_id is None:
        job_id = workspace().maps.start(version.id, source.id).id
        follow(purpose, job_id)
    watch(job_id, t("Drawing the map"))
    if not workspace().jobs.get(job_id).active:
        st.button(t("Try again"), key=f"map_again_{version.id}", on_click=unfollow, args=(purpose,))


@st.cache_data(max_entries=4, show_spinner=False)
def _drawn(version_id: str, source: str) -> tuple[pd.DataFrame, int, int, int, float]:
    """The points to draw, how many rows were placed, could be placed and were left out, and the share of variance shown."""
    found = workspace().maps.get(version_id, source)
    assert found is not None
    places = found.places
    some = places if len(places) <= DRAWN else places.sample(DRAWN, random_state=SEED).sort_index()
    return some, len(places), found.rows - found.left_out, found.left_out, found.kept


@st.fragment
def _map(version: DatasetVersion, source: MapSource) -> None:
    places, placed, rows, left_out, share = _drawn(version.id, source.id)
    learnt = places[LEARNT] if LEARNT in places else pd.Series(False, index=places.index)
    st.caption(what_near_means(source, share, len(places), int(learnt.sum()), left_out))
    st.caption(
        t("Draw a line around points, or click one, to see their rows; a double click clears the choice.")
    )
    if len(places) < rows:
        st.caption(
            t(
                "{drawn} points, a sample of the {placed} placed among {rows} rows.",
                drawn=f"{len(places):,}", placed=f"{placed:,}", rows=f"{rows:,}",
            )
        )  # fmt: skip
    if learnt.any() and st.toggle(
        t("Only examples that it did not learn from"), key=f"map_unlearnt_{version.id}"
    ):
        places = places[~learnt]
    classes, by = version.schema.classes, _colour_choice(version, places)
    figure = kept(
        f"example_map_{source.id}_{len(places)}_{by}", version.id, language(), str(st.context.theme.type),
        lambda: example_points(places, classes, by),
    )  # fmt: skip
    st.plotly_chart(
        figure, key=_chart_key(version.id), on_select=lambda: _choose(version.id), selection_mode=("points", "lasso"),
        alt=_alt(len(places), by),
        config={"displayModeBar": False, "responsive": True, "typesetMath": False},
    )  # fmt: skip
    ids = chosen_rows(version.id)
    if not ids:
        st.caption(t("Nothing is chosen yet."))
        return
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.markdown(n("**{n} example chosen**", "**{n} examples chosen**", len(ids)), width="content")
        st.button(
            t("Clear the choice"), key=f"map_clear_{version.id}", type="tertiary", icon=":material/close:",
            on_click=_clear, args=(version.id,),
        )  # fmt: skip
    row_table(version, key=f"map_rows_{version.id}", ids=ids)
    row_actions(version, ids, key=f"map_{version.id}")


def _colour_choice(version: DatasetVersion, places: pd.DataFrame) -> str | None:
    """The column of `places` that gives the colours; None for the class. The choice stays when one leaves the page and
    holds for every version that has such a column."""
    columns = {
        slice_column(name): name for name in version.schema.names("slice") if slice_column(name) in places
    }
    if not columns:
        return None
    options, key = ["", *columns], f"map_colour_{version.id}"
    if key not in st.session_state:
        wanted = st.session_state.get(_COLOUR, "")
        st.session_state[key] = wanted if wanted in options else ""
    chosen = st.selectbox(
        t("Colours by"), options, key=key, width=260, on_change=_keep_colour, args=(key,),
        format_func=told_apart({"": t("Class"), **columns}),
    )  # fmt: skip
    return chosen or None


def _keep_colour(key: str) -> None:
    st.session_state[_COLOUR] = st.session_state[key]


def _alt(count: int, by: str | None) -> str:
    if by is None:
        return t("A map of {n} examples by class; alike texts lie near each other.", n=f"{count:,}")
    column = by.removeprefix(slice_column(""))
    return t("A map of {n} examples by {column}; alike texts lie near each other.", n=f"{count:,}", column=column)  # fmt: skip


def chosen_rows(version_id: str) -> list[int]:
    """Ids of the rows that are chosen on the map of a version."""
    return list(st.session_state.get(_chosen_key(version_id), ()))


def _choose(version_id: str) -> None:
    """Keep the choice under a key of our own: the chart forgets it whenever its figure changes."""
    selection = st.session_state[_chart_key(version_id)]["selection"]
    found = {int(_row_id(point)) for point in selection["points"]}
    st.session_state[_chosen_key(version_id)] = sorted(found)


def _row_id(point: Mapping[str, Any]) -> Any:
    data = point["customdata"]
    return data[0] if isinstance(data, list | tuple) else data


def _clear(version_id: str) -> None:
    """Forget the choice; a new key takes it off the chart as well."""
    st.session_state.pop(_chosen_key(version_id), None)
    st.session_state[_round_key(version_id)] = st.session_state.get(_round_key(version_id), 0) + 1


def _chart_key(version_id: str) -> str:
    return f"map_points_{version_id}_{st.session_state.get(_round_key(version_id), 0)}"


def _round_key(version_id: str) -> str:
    return f"map_round_{version_id}"


def _chosen_key(version_id: str) -> str:
    return f"map_chosen_{version_id}"
