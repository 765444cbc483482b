"""The folds of a run's recipe side by side, their mean, and the way to train those that are missing."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from engine.workspace import Run
from ui.errors import attempt
from ui.format import percent
from ui.panels.metrics import metric_head, metric_title
from ui.panels.recent import RUN_LOOKS
from ui.panels.run_table import SYMBOLS
from ui.state import workspace
from ui.text import t


def fold_scores(run: Run, metric: str) -> None:
    """A table of the folds with their mean; nothing for a run without folds."""
    found = workspace().evaluations.fold_scores(run.id, metric)
    if found is None:
        return
    with st.container(border=True, key="folds"):
        scored = [one for one in found.scores if one.score is not None]
        st.markdown(f"**{t('All folds')}** · {metric_title(metric)}")
        if found.mean is not None and found.low is not None and found.high is not None:
            st.metric(t("Mean of {n} folds", n=len(scored)), percent(found.mean))
            st.caption(
                t(
                    "{low} to {high}: the interval of the mean over folds. Folds share most of their training rows, so it is narrower than it should be.",
                    low=percent(found.low), high=percent(found.high),
                )
            )  # fmt: skip
        st.dataframe(
            pd.DataFrame(
                {
                    "fold": f"{one.fold + 1}/{found.folds}", "state": f"{SYMBOLS[one.state]} {t(RUN_LOOKS[one.state].word)}", "value": one.score.value * 100 if one.score else None,
                    "interval": f"{one.score.low * 100:.1f}–{one.score.high * 100:.1f}" if one.score else None, "rows": one.score.n if one.score else None,
                }
                for one in found.scores
            ),
            hide_index=True, key=f"folds_{run.id}", placeholder="–", alt=t("The score of each fold on its own rows."),
            column_config={
                "fold": t("Fold"), "state": t("State"), "value": st.column_config.NumberColumn(metric_head(metric), format="%.1f"),
                "interval": t("Interval"), "rows": st.column_config.NumberColumn(t("Rows"), format="localized"),
            },
        )  # fmt: skip
        missing = found.folds - len(found.scores)
        if missing:
            st.button(
                t("Train the missing folds"), key=f"folds_rest_{run.id}", icon=":material/playlist_add:", on_click=_train_rest, args=(run,),
                help=t("One run each with the same recipe; {n} are missing.", n=missing),
            )  # fmt: skip


def _train_rest(run: Run) -> None:
    ws = workspace()
    found = ws.evaluations.fold_scores(run.id, run.recipe.evaluation.metric)
    known = {one.fold for one in found.scores} if found else set()
    for fold in range(run.recipe.split.folds):
        if fold not in known:
            split = run.recipe.split.model_copy(update={"fold": fold})
            one = run.recipe.model_copy(update={"split": split})
            name = f"{run.name.split(' · ')[0]} · {fold + 1}/{run.recipe.split.folds}"
            if (
                attempt(ws.runs.submit, run.project_id, one, name=name, idempotency=f"rest:{run.id}:{fold}")
                is None
            ):
                return
