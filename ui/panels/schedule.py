"""A preview of the learning rate over the epochs, for families that have a schedule."""

from __future__ import annotations

from statistics import mean

import streamlit as st

from engine.recipe import Recipe
from ui.charts.layout import draw
from ui.charts.schedule import schedule_figure
from ui.format import percent, significant
from ui.state import workspace
from ui.text import sentences, t


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
            settings = recipe.family.params
            epochs = int(settings["epochs"])
            said = [
                t(
                    "The learning rate is {highest} at most, and {last} on the mean in the last of {epochs} {epochs:epoch|epochs}.",
                    highest=significant(settings["learning_rate"]), last=significant(mean(rates[-len(rates) // epochs :])), epochs=epochs,
                )
            ]  # fmt: skip
            if settings.get("warmup"):
                said.append(t("It rises to that over the first {share}.", share=percent(settings["warmup"])))
            if settings.get("decay") == "plateau":
                said.append(
                    t("Each time validation stops improving it is lowered; when that will be cannot be foreseen, so the line is flat.")
                )  # fmt: skip
            st.caption(sentences(said))
            draw(schedule_figure(rates, epochs), key="model_schedule_chart", alt=said[0])
