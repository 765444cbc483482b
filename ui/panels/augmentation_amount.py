"""How many augmented copies: a factor for all rows, a balance for small classes, and the classes before and after."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pandas as pd
import streamlit as st

from engine.prepare.copies import MOST_COPIES
from engine.recipe import Augmentation
from engine.workspace import DatasetVersion, GrownClass
from ui.charts.growth import MOST_CLASSES, growth_bars
from ui.charts.layout import draw, kept
from ui.errors import attempt
from ui.state import workspace
from ui.text import language, t

FACTOR, BALANCE = "augment_factor", "augment_balance"


def amount(version: DatasetVersion, spec: Augmentation, change: Callable[[Mapping[str, Any]], None]) -> None:
    """Two sliders and what they come to.

    Args:
        version: whose train part grows.
        spec: of the draft.
        change: takes the fields that a slider changed.
    """
    st.session_state[FACTOR], st.session_state[BALANCE] = spec.factor, round(spec.balance * 100)
    controls, picture = st.columns([2, 3], gap="large")
    with controls:
        st.slider(
            t("Copies for each train row"), 0.0, 5.0, step=0.25, key=FACTOR, on_change=lambda: attempt(change, {"factor": st.session_state[FACTOR]}),
            help=t("0.5 makes a copy of every second row. More copies take longer to train and say less and less that is new."),
        )  # fmt: skip
        st.slider(
            t("Balance small classes up to (share of the largest)"), 0, 100, step=5, format="%d %%", key=BALANCE,
            on_change=lambda: attempt(change, {"balance": st.session_state[BALANCE] / 100}),
            help=t("At 100 %, every class gets copies until it is as large as the largest; at 0 %, classes stay as they are. No row gets more than {most} copies.", most=MOST_COPIES),
        )  # fmt: skip
    growth = workspace().augmentations.growth(version.id, spec)
    if not growth:
        return
    rows, grown = sum(g.rows for g in growth), sum(g.grown for g in growth)
    with controls:
        st.markdown(
            t("**{rows}** train rows + **{copies}** copies", rows=f"{rows:,}", copies=f"{grown - rows:,}")
        )
        largest = max(g.grown for g in growth)
        if any(g.rows and g.grown < round(largest * spec.balance) for g in growth):
            st.caption(
                t(
                    "Some classes are too small for this balance: no row gets more than {most} copies.",
                    most=MOST_COPIES,
                )
            )
    with picture:
        alt = t(
            "Train rows and copies of each class. In all {rows} rows and {copies} copies.",
            rows=f"{rows:,}",
            copies=f"{grown - rows:,}",
        )
        figure = kept(
            "growth", repr(growth), language(), str(st.context.theme.type), lambda: growth_bars(growth)
        )
        draw(figure, key="augment_growth", alt=alt)
        if len(growth) > MOST_CLASSES:
            st.caption(t("The {shown} largest of {count} classes.", shown=MOST_CLASSES, count=len(growth)))
        with st.expander(t("The same as a table"), icon=":material/table:", key="augment_growth_folded"):
            st.dataframe(_table(growth), key="augment_growth_table", hide_index=True, alt=alt)


def _table(growth: Sequence[GrownClass]) -> pd.DataFrame:
    return pd.DataFrame(
        {t("Class"): [g.label for g in growth], t("Train rows"): [g.rows for g in growth], t("Copies"): [g.grown - g.rows for g in growth]}
    )  # fmt: skip
