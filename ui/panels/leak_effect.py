"""What the leaks of a division did to a score: all rows beside those that the model cannot know."""

from __future__ import annotations

import streamlit as st

from engine.workspace import Run
from ui.errors import attempt
from ui.format import percent, points
from ui.panels.job import watch
from ui.panels.metrics import metric_title
from ui.state import follow, followed, unfollow, workspace
from ui.text import t

HOW = ("", "near_", "group_")


def leak_effect(run: Run, part: str, metric: str) -> None:
    """For a run on a division that leaks into this part; nothing for one that does not."""
    ws = workspace()
    leaks = ws.splits.get(run.split_id).leaks if run.split_id else {}
    if not any(leaks.get(f"{how}{part}_in_train") for how in HOW):
        return
    purpose = f"leak_effect_{run.id}_{part}_{metric}"
    found = ws.evaluations.leak_effect(run.id, part, metric)
    if found is None:
        job = followed(purpose)
        if job is not None:
            watch(job, t("Measuring what the leak did"))
            if not ws.jobs.get(job).active:
                unfollow(purpose)
            return
        st.button(
            t("How much does the leak flatter the score?"), key=f"leak_effect_{part}", icon=":material/water_drop:",
            on_click=_start, args=(run.id, part, metric, purpose),
        )  # fmt: skip
        return
    with st.container(border=True, key="leak_effect_card"):
        st.markdown(f"**{t('What the leak does to the score')}** · {metric_title(metric)}")
        cards = (
            (t("All rows"), found.every),
            (t("Rows that the model cannot know"), found.clean),
        )
        with st.grid(3, min_column_width=180, gap="small"):
            for title, score in cards:
                with st.container(gap="xxsmall"):
                    st.metric(title, percent(score.value))
                    st.caption(
                        t(
                            "{low} to {high}, n = {rows}",
                            low=percent(score.low),
                            high=percent(score.high),
                            rows=f"{score.n:,}",
                        )
                    )
            with st.container(gap="xxsmall"):
                st.metric(t("Difference, points"), points(found.difference))
                st.caption(t("{low} to {high}", low=points(found.low), high=points(found.high)))
        if found.low > 0:
            st.caption(
                ":material/trending_up: "
                + t("The leak flatters the score: what to expect of new texts is the second figure.")
            )
        elif found.high < 0:
            st.caption(
                ":material/trending_down: "
                + t("The leaking rows are harder than the others; leaving them out does not lower the score.")
            )
        else:
            st.caption(
                ":material/trending_flat: "
                + t("No difference shown: on so few rows of one kind the interval reaches 0.")
            )


def _start(run_id: str, part: str, metric: str, purpose: str) -> None:
    job = attempt(workspace().evaluations.start_leak_effect, run_id, part, metric)
    if job is not None:
        follow(purpose, job.id)
