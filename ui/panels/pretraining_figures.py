"""The figures of a run while it is pretrained: they stand where those of the training stand after it."""

from __future__ import annotations

import streamlit as st

from engine.workspace import Run
from ui.format import duration, percent, significant, size
from ui.run_feed import Guesses, RunFeed
from ui.text import t


def pretraining_figures(run: Run, feed: RunFeed, now: Guesses) -> None:
    """Steps, the loss of hidden pieces, how much is done and how long it takes yet.

    Args:
        run: the run.
        feed: what is known of it.
        now: how far it is.
    """
    left = feed.pretraining_left()
    step = f"{now.step:,} / {now.steps:,}" if now.steps else "–"
    figures = (
        (t("Pretraining step"), step, t("Pretraining comes before the classes are learnt: pieces of the texts are hidden, and the model learns to guess them. For that no label is needed.")),
        (t("Loss of hidden pieces"), _shown(now.loss), t("Mean of the present pass over the texts. It falls as the model gets used to your texts.")),
        (t("Hidden pieces guessed"), "–" if now.right is None else percent(now.right), t("Of those in the present pass over the texts, the share that was guessed exactly.")),
        (t("Examples a second"), _shown(now.speed), None),
        (t("Learning rate"), _shown(now.rate), None),
        (t("Pretraining done"), percent(now.done) if now.steps else "–", None),
        (t("Pretraining left"), "–" if left is None else duration(left), t("At the pace so far. The training for the classes comes after it.")),
        (t("Memory"), size(feed.memory) if feed.memory else "–", t("What the training process holds now.")),
        (t("Elapsed"), duration(run.seconds or 0), None),
    )  # fmt: skip
    with st.grid(3, min_column_width=150, gap="xsmall"):
        for title, value, said in figures:
            st.metric(title, value, border=True, height="stretch", help=said)


def _shown(value: float | None) -> str:
    return significant(value) if value else "–"
