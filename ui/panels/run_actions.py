"""What one can do with a run: stop, discard, resume, clone, rename, delete; each act that loses something asks twice."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import streamlit as st

from engine.workspace import Run
from ui.errors import attempt
from ui.format import significant
from ui.navigation import goto
from ui.panels.repeated import compare_button
from ui.run_feed import RunFeed
from ui.state import CLONED_FROM, choose_run, workspace
from ui.text import safe_text, t


def running_actions(run: Run) -> None:
    """Stop, for a run that waits or goes on; one that keeps the best, which may take a while, can still be discarded."""
    if run.cancel:
        word = t("Stopping; the best model so far is kept …") if run.cancel == "keep" else t("Discarding …")
        st.info(word, icon=":material/hourglass_top:")
    if run.cancel == "discard":
        return
    with st.container(horizontal=True):
        if run.cancel:
            label, icon = t("Discard …"), ":material/delete:"
        elif run.state == "queued":
            label, icon = t("Take out of the line …"), ":material/playlist_remove:"
        else:
            label, icon = t("Stop …"), ":material/stop_circle:"
        if st.button(label, key=f"stop_{run.id}", icon=icon):
            _stop_dialog(run)


def went_wrong(run: Run, feed: RunFeed) -> str:
    """Code of the error that ended a run, or that its training survived; empty without one."""
    if run.error is not None:
        return run.error.code
    codes = [str(e.payload["code"]) for e in feed.notes if e.kind == "note" and "code" in e.payload]
    return codes[-1] if codes else ""


def ended_actions(run: Run, code: str = "", *, primary: bool = True) -> None:
    """Evaluate, resume, clone, rename, delete: what fits a run that has ended.

    Args:
        run: the run.
        code: of what went wrong in it; where numbers help against that, it is cloned with these.
        primary: whether one of the buttons is the page's next step.
    """
    changes = workspace().recipes.gentler(run.recipe, code)
    main = "primary" if primary else "secondary"
    with st.container(horizontal=True):
        if run.state == "succeeded" and st.button(
            t("Evaluate"), key=f"evaluate_{run.id}", type=main, icon=":material/fact_check:"
        ):
            goto("evaluate", run=run.id)
        if run.state == "succeeded" and run.cloned_from:
            compare_button(run, workspace().runs.list(run.project_id, limit=200), key=f"repeats_{run.id}")
        if run.resumable:
            st.button(
                t("Resume"), key=f"resume_{run.id}", type=main, icon=":material/play_circle:",
                help=t("Goes on from the last checkpoint and ends as if it had never been interrupted."),
                on_click=attempt, args=(workspace().runs.resume, run.id),
            )  # fmt: skip
        again = run.state != "succeeded" and not run.resumable
        if changes and st.button(
            _with(changes), key=f"gentler_{run.id}", icon=":material/healing:", type=main if again else "secondary",
            help=t("Loads this run's recipe into the model page with what helps against that, to train again."),
        ):  # fmt: skip
            _clone(run, changes)
        if st.button(
            t("Clone"), key=f"clone_{run.id}", icon=":material/content_copy:", type=main if again and not changes else "secondary",
            help=t("Loads this run's recipe into the model page, to change something and train again."),
        ):  # fmt: skip
            _clone(run, {})
        if st.button(t("Rename …"), key=f"rename_{run.id}", icon=":material/edit:", type="tertiary"):
            _rename_dialog(run)
        if st.button(t("Delete …"), key=f"delete_{run.id}", icon=":material/delete:", type="tertiary"):
            _delete_dialog(run)


def _with(changes: Mapping[str, Any]) -> str:
    if "learning_rate" in changes:
        return t("Clone with a learning rate of {rate}", rate=significant(changes["learning_rate"]))
    if "pretraining_rate" in changes:
        return t("Clone with a pretraining rate of {rate}", rate=significant(changes["pretraining_rate"]))
    return t("Clone with batches of {size}", size=changes["batch_size"])


def _clone(run: Run, changes: Mapping[str, Any]) -> None:
    """Load the recipe of a run with some settings changed, and go to the model page."""
    part = run.recipe.family.model_copy(update={"params": {**run.recipe.family.params, **changes}})
    recipe = run.recipe.model_copy(update={"family": part})
    if attempt(workspace().recipes.replace, run.project_id, recipe) is not None:
        st.session_state[CLONED_FROM] = run.id
        goto("model")
    st.rerun()


def _act(action: Callable[..., object], *args: object) -> None:
    """Do what a dialog's button says, in its callback, and close the dialog."""
    attempt(action, *args)
    st.rerun()


def _stop_dialog(run: Run) -> None:
    runs = workspace().runs

    @st.dialog(t("Stop this run?"), icon=":material/stop_circle:")
    def ask() -> None:
        st.markdown(f"**{safe_text(run.name)}**")
        if run.state == "queued":
            st.write(t("It has not begun, so nothing is lost but its place in line."))
            st.button(
                t("Take it out"), key=f"stop_discard_{run.id}", type="primary",
                on_click=_act, args=(runs.discard, run.id),
            )  # fmt: skip
        else:
            if not run.cancel:
                st.write(t("Stop and keep the best: training ends now; the best model so far is packaged, checked and evaluated like any other."))  # fmt: skip
            st.write(t("Discard: training ends now, and what it has learnt is thrown away. This cannot be undone."))  # fmt: skip
            with st.container(horizontal=True):
                if not run.cancel:
                    st.button(
                        t("Stop and keep the best"), key=f"stop_keep_{run.id}", type="primary",
                        on_click=_act, args=(runs.stop, run.id),
                    )  # fmt: skip
                st.button(
                    t("Discard"), key=f"stop_discard_{run.id}", on_click=_act, args=(runs.discard, run.id)
                )
        back = t("Keep it") if run.cancel else t("Let it go on")
        if st.button(back, key=f"stop_back_{run.id}", type="tertiary"):
            st.rerun()

    ask()


def _rename_dialog(run: Run) -> None:
    key = f"rename_name_{run.id}"

    @st.dialog(t("Rename the run"), icon=":material/edit:")
    def ask() -> None:
        st.text_input(t("Name"), value=run.name, key=key, max_chars=200)
        st.button(
            t("Save the name"), key=f"rename_save_{run.id}", type="primary",
            on_click=lambda: _act(workspace().runs.rename, run.id, st.session_state[key]),
        )  # fmt: skip

    ask()


def _delete(run_id: str) -> None:
    workspace().runs.delete(run_id)
    choose_run(None)


def _delete_dialog(run: Run) -> None:
    @st.dialog(t("Delete this run?"), icon=":material/delete:")
    def ask() -> None:
        st.markdown(f"**{safe_text(run.name)}**")
        st.write(t("Its model, its log and its evaluations go; this cannot be undone. Times at which it opened the test part stay counted."))  # fmt: skip
        with st.container(horizontal=True):
            st.button(
                t("Delete the run"),
                key=f"delete_yes_{run.id}",
                type="primary",
                on_click=_act,
                args=(_delete, run.id),
            )
            if st.button(t("Keep it"), key=f"delete_no_{run.id}"):
                st.rerun()

    ask()
