"""A preview of the learning rate over the epochs, for families that have a schedule."""

from __future__ import annotations

import streamlit as st

from engine.recipe import Recipe
from ui.charts.layout import draw
from ui.charts.schedule import schedule_figure
from ui.format import significant
from ui.state import workspace
from ui.text import t


def schedule(recipe: Recipe) -> None:
    """The folded chart; nothing for a family without a learning rate."""
    rates = workspace().recipes.schedule(recipe)
    if not rates:
        return
    box = st.expander(
        t("Learning rate over the training"),
        icon=":material/trending_down:",
        key="model_schedule",
        on_change="rerun",
    )
    if box.open:
        with box:
            alt = t(
                "The learning rate goes from {first} to {last} in {epochs} epochs.",
                first=significant(rates[0]), last=significant(rates[-1]), epochs=len(rates),
            )  # fmt: skip
            st.caption(alt)
            if recipe.family.params.get("decay") == "plateau":
                st.caption(
                    t("Each time validation stops improving it is lowered; when that will be cannot be foreseen, so the line is flat.")
                )  # fmt: skip
            draw(schedule_figure(rates), key="model_schedule_chart", alt=alt)
