"""A run beside the one that it repeats: the way to their comparison, old as the reference, both chosen."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from engine.workspace import Run
from ui.navigation import goto
from ui.panels.test_seal import ask_to_open
from ui.state import choose_run
from ui.text import safe_text, t


def comparable(first: Run, second: Run) -> bool:
    """Whether two finished runs are scored on the same rows: of one split and fold, or of versions that inherit it."""
    finished = first.state == second.state == "succeeded"
    same_fold = first.recipe.split.fold == second.recipe.split.fold
    return finished and first.drawn_id is not None and first.drawn_id == second.drawn_id and same_fold


def repeated(run: Run, runs: Sequence[Run]) -> Run | None:
    """The finished run whose recipe `run` repeats, if the two can be compared."""
    return next((r for r in runs if r.id == run.cloned_from and comparable(r, run)), None)


def compare_button(run: Run, runs: Sequence[Run], *, key: str) -> None:
    """The button that opens old and new side by side; nothing for a run that repeats none."""
    old = repeated(run, runs)
    if old is not None:
        st.button(
            t("Compare with the run it repeats"), key=key, icon=":material/compare_arrows:",
            on_click=compare_runs, args=(old, run),
            help=t("“{run}” on the same rows, with the paired difference.", run=safe_text(old.name, 80)),
        )  # fmt: skip


def compare_runs(old: Run, new: Run) -> None:
    """Open the comparison of two runs on the evaluate page, on the part where both were opened, else on validation."""
    preset(old.id, [new.id], "test" if old.test_opened and new.test_opened else "validation")
    choose_run(old.id)
    goto("evaluate", run=old.id)


def preset(reference: str, others: Sequence[str], part: str) -> None:
    """Let the evaluate page show the comparison of these runs on a part when it is drawn next."""
    st.session_state[f"part_{reference}"] = part
    st.session_state[f"sections_{part}"] = t("Compare")
    st.session_state[f"compare_runs_{reference}_{part}"] = list(others)


def other_part(run: Run, partner: Run, part: str) -> None:
    """Beside the comparison of old and new on one part: what can be said of the other, and the way there.

    Args:
        run: the reference.
        partner: the run that it repeats, or that repeats it.
        part: on which they are compared now.
    """
    if run.test_opened and partner.test_opened:
        if part == "validation":
            st.button(
                t("Compare on the test part"), key=f"compare_test_{run.id}", icon=":material/lock_open:",
                on_click=preset, args=(run.id, [partner.id], "test"),
            )  # fmt: skip
        return
    if not run.test_opened and not partner.test_opened:
        return
    opened, closed = (run, partner) if run.test_opened else (partner, run)
    st.info(
        t(
            "The test part was opened for “{opened}”, but not for “{closed}”. Compare the two on validation, or open it for “{closed}” too: that is logged and counted.",
            opened=safe_text(opened.name, 80), closed=safe_text(closed.name, 80),
        ),
        icon=":material/lock:",
    )  # fmt: skip
    with st.container(horizontal=True):
        if part == "test":
            st.button(
                t("Compare on validation"), key=f"compare_validation_{run.id}", icon=":material/compare_arrows:",
                on_click=preset, args=(run.id, [partner.id], "validation"),
            )  # fmt: skip
        if st.button(
            t("Open the test part for “{run}” …", run=safe_text(closed.name, 60)), key=f"compare_open_{run.id}_{part}",
            icon=":material/lock_open:",
        ):  # fmt: skip
            ask_to_open(closed, run.openings)
