"""A preview of the learning rate over the epochs, for families that have a schedule."""

from __future__ import annotations

import streamlit as st

from engine.recipe import Recipe
from ui.charts.layout import draw
from ui.charts.schedule import schedule_figure
from ui.format import significant
from ui.state import workspace
from ui.text import t


def schedule(project_id: str, recipe: Recipe) -> None:
    """The folded chart; nothing for a family without a learning rate."""
    points = workspace().recipes.schedule(project_id, recipe)
    if not points:
        return
    box = st.expander(
        t("Learning rate over the training"),
        icon=":material/trending_down:",
        key="model_schedule",
        on_change="rerun",
    )
    if box.open:
        with box:
            alt = t("The learning rate goes from {first} to {last} in {epochs} epochs.",
                    first=significant(points[0][1]), last=significant(points[-1][1]), epochs=f"{points[-1][0]:g}")  # fmt: skip
            st.caption(alt)
            draw(schedule_figure(points), key="model_schedule_chart", alt=alt)
