"""The sealed test part: what the seal is for, who opened it so far, and the act of opening it, which is logged."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from engine.recipe import FIRST_TEST
from engine.workspace import Opening, Run
from ui.errors import attempt
from ui.format import moment
from ui.state import follow, workspace
from ui.text import n, safe_text, t

REASON = "test_reason"


def purpose(run_id: str) -> str:
    """Under which name this tab follows the evaluation on test."""
    return f"test_{run_id}"


def sealed(run: Run) -> None:
    """The closed door: the reason for it, the log so far, and the button that opens the dialog."""
    log = workspace().evaluations.openings(run.split_id) if run.split_id else []
    log = [o for o in log if o.test_name in (None, run.test_name) or o.other_project]
    with st.container(border=True, key="seal"):
        st.markdown(f":material/lock: **{t('The test part is sealed for this run')}**")
        if run.test_name != FIRST_TEST:
            st.caption(t("Test set: “{name}”.", name=safe_text(run.test_name, 80)))
        st.write(
            t(
                "Nothing that was fitted, tuned or chosen has seen these rows, so a score on them is what to expect from new texts. "
                "Every look at it makes later choices a little less honest: choose on validation first, then open the test part once, for the run you keep."
            )
        )
        if log:
            st.write(
                n(
                    "A test part of these rows was opened {n} time so far:",
                    "A test part of these rows was opened {n} times so far:",
                    len(log),
                )
            )
            opening_log(log, "sealed")
            elsewhere_line(run.openings_elsewhere)
        else:
            st.write(t("The test part of these rows has never been opened."))
        if st.button(t("Open the test part …"), key="test_open", type="primary", icon=":material/lock_open:"):
            ask_to_open(run, len(log))


def unfinished(run: Run) -> None:
    """The part was opened for this run, but its evaluation did not end: once more, without counting again."""
    st.warning(
        t("The test part was opened for this run, but the evaluation on it has not finished."),
        icon=":material/lock_open:",
    )
    st.button(
        t("Evaluate on the test part"), key="test_again", type="primary", icon=":material/fact_check:",
        help=t("It was opened and counted already; this does not count again."), on_click=_evaluate, args=(run.id, ""),
    )  # fmt: skip


def opening_log(log: Sequence[Opening], key: str) -> None:
    """Who opened a test part of the same rows, when, in which version of the data, and why."""
    st.dataframe(
        pd.DataFrame(
            {"when": moment(o.opened), "run": o.run_name, "data": _data(o), "test": o.test_name, "reason": o.reason} for o in log
        ),
        hide_index=True, key=f"openings_{key}", height=min(36 * (len(log) + 1) + 3, 220), placeholder="–",
        alt=n("{n} opening of the test part.", "{n} openings of the test part.", len(log)),
        column_config={"when": t("When"), "run": t("Run"), "data": t("Data"), "test": t("Test set"), "reason": t("Reason")},
    )  # fmt: skip


def _data(opening: Opening) -> str:
    if opening.version is None:
        return t("data that were deleted since")
    return (
        t("{version}, in another project", version=opening.version)
        if opening.other_project
        else opening.version
    )


def remembered(count: int) -> None:
    """In a question about deletion: what is not forgotten with the data, and why."""
    if count:
        st.caption(
            ":material/history: "
            + n(
                "What stays is that a test part of these rows was opened {n} time, with the run's name, the reason and the moment: if they are imported again, that counts.",
                "What stays is that test parts of these rows were opened {n} times, with the runs' names, the reasons and the moments: if they are imported again, that counts.",
                count,
            )
        )


def elsewhere_line(count: int) -> None:
    """How many of the openings may have been under another division of the same rows, and what that means."""
    if count:
        st.caption(
            ":material/info: "
            + n(
                "{n} of these openings was of the same rows imported elsewhere: with other roles, in another project, or in data that were deleted since. They may have been divided otherwise, so that only some of the rows of this test part were seen.",
                "{n} of these openings were of the same rows imported elsewhere: with other roles, in another project, or in data that were deleted since. They may have been divided otherwise, so that only some of the rows of this test part were seen.",
                count,
            )
        )


def ask_to_open(run: Run, openings: int) -> None:
    """The dialog that opens the test part for a run; `openings` is how often it was opened so far."""

    @st.dialog(t("Open the test part?"), icon=":material/lock_open:")
    def ask() -> None:
        st.markdown(f"**{safe_text(run.name)}**")
        st.write(
            t("This will be opening number {number} of a test part of these rows. It is logged with your reason and cannot be undone; the number stands beside every test score.",
              number=openings + 1)
        )  # fmt: skip
        st.text_input(
            t("Why now?"), key=REASON, max_chars=500, placeholder=t("for example: final check before sharing"),
        )  # fmt: skip
        if st.session_state.get(f"{REASON}_missing"):
            st.error(t("Write a few words, so that the log means something later."), icon=":material/edit:")
        st.button(
            t("Open and evaluate"), key="test_confirm", type="primary", icon=":material/lock_open:",
            on_click=_open, args=(run.id,),
        )  # fmt: skip

    st.session_state.pop(f"{REASON}_missing", None)
    ask()


def _open(run_id: str) -> None:
    reason = str(st.session_state.get(REASON) or "").strip()
    st.session_state[f"{REASON}_missing"] = not reason
    if not reason:
        return
    _evaluate(run_id, reason)
    st.rerun()


def _evaluate(run_id: str, reason: str) -> None:
    job = attempt(workspace().evaluations.open_test, run_id, reason)
    if job is not None:
        follow(purpose(run_id), job.id)
