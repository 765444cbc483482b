"""A run while it goes on: its place in line, phases, figures and curves, read from new events only."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import streamlit as st

from engine.errors import N_, BentuError
from engine.workspace import Event, Run
from ui.charts.layout import draw
from ui.charts.training import loss_figure, metric_figure
from ui.format import clock, duration, percent, significant, size
from ui.panels.pretraining_figures import pretraining_figures
from ui.panels.run_steps import main_phase, step_line
from ui.run_feed import Batch, RunFeed, best_epoch, by_heart_since, never_fell
from ui.state import FEED, workspace
from ui.text import say, t

EPOCH_COLUMNS = {
    "epoch": N_("epoch"), "loss": N_("training loss"), "val_loss": N_("validation loss"), "accuracy": N_("training accuracy"),
    "val_accuracy": N_("validation accuracy"), "val_macro_f1": N_("validation macro-F1"), "learning_rate": N_("learning rate"),
    "gradient_norm": N_("gradient length"), "seconds": N_("seconds"),
}  # fmt: skip

EPOCH_FORMATS = {"epoch": "%d", "learning_rate": "%.3g", "gradient_norm": "%.3g", "seconds": "%.1f"}
"""A learning rate shrinks over orders of magnitude; losses and scores have three decimals."""

LEVELS = {"info": N_("info"), "warning": N_("warning"), "note": N_("note")}
ATTEMPT = re.compile(r"^— attempt (\d+) —$", re.MULTILINE)
"""The line with which each process of a run begins its log (`engine.jobs.process`)."""

STARTING = N_("The training process is starting; loading its libraries takes some seconds.")

LIVE = 1.0
WAITING = 5.0
"""Seconds between two looks, while it trains and while others are before it."""


def feed_of(run: Run) -> RunFeed:
    """What this tab knows of the run, brought up to date."""
    feed: RunFeed | None = st.session_state.get(FEED)
    if feed is None or feed.run_id != run.id:
        feed = st.session_state[FEED] = RunFeed(run.id)
    feed.absorb(workspace().runs.events(run.id, after=feed.last))
    return feed


def line_of(project_id: str) -> list[tuple[str, str, str | None]]:
    """Which trainings of the project wait or run, and how: when it changes the page has to run again."""
    return [(j.id, j.state, j.cancel) for j in workspace().jobs.active(project_id) if j.lane == "training"]


def live_run(run: Run, line: list[tuple[str, str, str | None]]) -> None:
    """The panel of an active run; when the state of any run of the project changes, the page runs once more.

    Buttons stand outside: a fragment that redraws itself every second would close their dialogs.

    Args:
        run: what is shown.
        line: `line_of` from before the page read its runs, so that no change falls between.
    """
    patient = run.state == "queued" and (run.position or 1) > 1

    @st.fragment(run_every=WAITING if patient else LIVE, key=f"live_{run.id}")
    def live() -> None:
        if line_of(run.project_id) != line:
            st.rerun()
        now = workspace().runs.get(run.id)
        feed = feed_of(now)
        if now.state == "queued":
            _waiting(now)
        else:
            step_line(now, feed.phases, feed.share)
            if now.state == "starting":
                st.caption(t(STARTING))
            _figures(now, feed)
        warnings(feed)
        curves(feed, *feed.picture())
        notes(feed)
        log(now, feed)

    live()


def _waiting(run: Run) -> None:
    place, worker = run.position or 1, workspace().jobs.worker()
    if place == 1 and worker.warm.get("training") == "loading":
        st.info(t(STARTING), icon=":material/hourglass_top:")
    elif place == 1:
        st.info(
            t("Next in line: it starts as soon as a training process is free."),
            icon=":material/hourglass_empty:",
        )
    else:
        st.info(
            t("Place {n} in line. You may close this tab; it starts by itself.", n=place),
            icon=":material/hourglass_empty:",
        )
    if not worker.alive:
        st.warning(
            t("No worker is running, so nothing starts. Restart Bentu, or run “python -m engine worker”.")
        )


def _figures(run: Run, feed: RunFeed) -> None:
    if feed.guesses is not None:
        pretraining_figures(run, feed, feed.guesses)
        return
    epochs = feed.table
    # Known from the recipe before the first step: the cards stand in their places from the start.
    total = feed.total_epochs or int(run.recipe.family.params.get("epochs") or 0)
    with st.grid(3, min_column_width=150, gap="xsmall"):
        if total:
            learning = main_phase(run, feed.phases) == "training"
            current = min(total, int(feed.position) + (1 if learning else 0))
            now = f"{current if feed.total_epochs else '–'} / {total}"
            st.metric(t("Epoch"), now, border=True, height="stretch")
        if epochs:
            _against_best(feed)
        elif total:
            # Their places are kept, so that nothing moves when the first epoch ends.
            st.metric(t("Validation loss"), "–", border=True, height="stretch", **_delta(None))
            st.metric(t("Validation macro-F1"), "–", border=True, height="stretch", **_delta(None))
        if feed.speed or total:
            speed = significant(feed.speed) if feed.speed else "–"
            st.metric(t("Examples a second"), speed, border=True, height="stretch")
        if total:
            rate = significant(feed.rate) if feed.rate else "–"
            st.metric(t("Learning rate"), rate, border=True, height="stretch")
            gradient = significant(feed.gradient) if feed.gradient else "–"
            st.metric(
                t("Gradient length"), gradient, border=True, height="stretch",
                help=t("How strongly the last batch pulls at the weights. If it grows from epoch to epoch, the learning rate is too large; near zero, little is learnt any more."),
            )  # fmt: skip
            left = feed.remaining() if learning else None
            st.metric(
                t("Time left at most"), duration(left) if left is not None else "–", border=True, height="stretch",
                help=t("At the pace so far, for all epochs. It may stop earlier when validation no longer improves; no estimate before the first steps."),
            )  # fmt: skip
            memory = size(feed.memory) if feed.memory else "–"
            st.metric(
                t("Memory"), memory, border=True, height="stretch", help=t("What the training process holds now."),
            )  # fmt: skip
        st.metric(t("Elapsed"), duration(run.seconds or 0), border=True, height="stretch")
    if not total and (expected := _expected(run)):
        # A family without epochs has no other sign of how long it will take.
        st.caption(
            t(
                "Training takes {time} in all, as estimated; packaging, checks and scores come after it.",
                time=duration(expected),
            )
        )


def _expected(run: Run) -> float | None:
    try:
        return workspace().recipes.estimate(run.project_id, run.recipe).seconds
    except BentuError:
        return None


def _against_best(feed: RunFeed) -> None:
    """Validation loss and F1 of the last epoch, each against the best of the epochs before it."""
    epochs = feed.table
    last, before = epochs[-1], epochs[:-1]
    if last.get("val_loss") is not None:
        past = [float(e["val_loss"]) for e in before if e.get("val_loss") is not None]
        st.metric(
            t("Validation loss"), significant(float(last["val_loss"])), border=True, height="stretch",
            **_delta(_signed(float(last["val_loss"]) - min(past), "+.3g") if past else None, better="inverse"),
        )  # fmt: skip
    if last.get("val_macro_f1") is not None:
        past = [float(e["val_macro_f1"]) for e in before if e.get("val_macro_f1") is not None]
        st.metric(
            t("Validation macro-F1"), percent(float(last["val_macro_f1"])), border=True, height="stretch",
            **_delta(_signed((float(last["val_macro_f1"]) - max(past)) * 100, "+.1f") if past else None),
        )  # fmt: skip


def _delta(change: str | int | None, better: str = "normal") -> dict[str, Any]:
    """The line under a figure; there before anything can be compared, so that the cards do not grow with it."""
    if change is None:
        return {"delta": "–", "delta_color": "off", "delta_arrow": "off", "delta_description": t("vs best")}
    return {"delta": change, "delta_color": better, "delta_description": t("vs best")}


def _signed(change: float, form: str) -> str | int:
    """A change with its sign; a plain 0 gets no arrow and no colour."""
    text = format(change, form)
    return 0 if float(text) == 0 else text


def curves(
    feed: RunFeed, epochs: Sequence[Mapping[str, Any]], batches: Sequence[Batch], *, over: bool = False
) -> None:
    """Loss and metric curves with the table behind them; nothing for a family without epochs. `over`: no more will come."""
    if not epochs and not batches:
        return
    best = best_epoch(epochs)
    if feed.member:
        st.caption(t("Curves of member {number} of the stack", number=feed.member))
    left, right = st.columns(2)
    with left:
        st.markdown(f"**{t('Loss')}**")
        if best:
            alt = t("Loss by epoch; the lowest validation loss is {loss} in epoch {epoch} of {epochs}.",
                    loss=significant(float(best["val_loss"])), epoch=best["epoch"], epochs=len(epochs))  # fmt: skip
        else:
            alt = t("Loss inside the first epoch.")
        draw(loss_figure(epochs, batches), key=f"loss_{feed.run_id}", alt=alt)
    with right:
        st.markdown(f"**{t('Scores')}**")
        if best:
            alt = t("Scores by epoch; in the best epoch, {epoch}, macro-F1 on validation is {value}.",
                    epoch=best["epoch"], value=percent(float(best.get("val_macro_f1") or 0)))  # fmt: skip
            draw(metric_figure(epochs), key=f"scores_{feed.run_id}", alt=alt)
        else:
            st.caption(t("No epoch was finished.") if over else t("Scores appear after the first epoch."))
    since = by_heart_since(epochs)
    if since is not None:
        st.caption(
            ":orange[:material/trending_up:] "
            + t("Since epoch {epoch} the training loss falls and the validation loss does not: from there on the network learns its train rows by heart (overfitting). More dropout, fewer numbers to learn or more rows help against it.", epoch=since)
        )  # fmt: skip
    if never_fell(epochs, batches, over=over):
        st.caption(
            ":orange[:material/trending_flat:] "
            + t("The training loss never fell clearly below where it began. Most often the learning rate is too large: try a tenth of it, or more where it is tiny already.")
        )  # fmt: skip
    if epochs:
        box = st.expander(
            t("Epochs as a table"), icon=":material/table:", key=f"epochs_{feed.run_id}", on_change="rerun"
        )
        if box.open:
            with box:
                _epoch_table(feed)


def _epoch_table(feed: RunFeed) -> None:
    columns = {
        name: st.column_config.NumberColumn(t(title), format=EPOCH_FORMATS.get(name, "%.3f"))
        for name, title in EPOCH_COLUMNS.items()
    }
    st.dataframe(
        pd.DataFrame(feed.table)[[c for c in columns if any(c in e for e in feed.table)]], hide_index=True, placeholder="",
        column_config=columns, key=f"epoch_table_{feed.run_id}", alt=t("Loss and scores of each epoch."),
    )  # fmt: skip


def log(run: Run, feed: RunFeed) -> None:
    """What the run said and the end of what its process printed, and the file to keep."""
    box = st.expander(t("Log"), icon=":material/terminal:", key=f"log_{run.id}", on_change="rerun")
    if not box.open:
        return
    with box:
        runs = workspace().runs
        said = "\n".join(_line(event) for event in feed.notes)
        text = f"{said}\n{_printed(runs.log_tail(run.id, 200))}".strip()
        if not text:
            st.caption(t("Nothing was logged yet."))
            return
        st.code(text, language=None, height=240)
        st.download_button(
            t("Download the log"), data=lambda: f"{said}\n{_printed(runs.log_tail(run.id, 100_000))}", file_name=f"{run.id}.log",
            mime="text/plain", key=f"log_file_{run.id}", icon=":material/download:", on_click="ignore",
        )  # fmt: skip


def printed_end(run: Run) -> None:
    """The last lines that the process of a failed run printed, where it printed any."""
    tail = workspace().runs.log_tail(run.id, 20)
    if ATTEMPT.sub("", tail).strip():
        st.code(_printed(tail), language=None)


def notes(feed: RunFeed) -> None:
    """What the training wants a person to know ("no better epoch came …")."""
    for event in feed.notes:
        if event.kind == "note" and event.payload.get("level") != "warning":
            st.caption(f":material/info: {_said(event)}")


def warnings(feed: RunFeed) -> None:
    """What went wrong in the training without ending it."""
    for event in feed.notes:
        if event.kind == "note" and event.payload.get("level") == "warning":
            st.warning(_said(event), icon=":material/warning:")


def _said(event: Event) -> str:
    return say(str(event.payload["message"]), event.payload.get("params") or {})


def _line(event: Event) -> str:
    payload = event.payload
    text = payload.get("text") or t(str(payload.get("message", "")), **(payload.get("params") or {}))
    level = str(payload.get("level", event.kind))
    return f"{clock(event.ts)} {t(LEVELS[level]) if level in LEVELS else level} {text}"


def _printed(text: str) -> str:
    """What the process printed, with the line that begins an attempt in the reader's language."""
    return ATTEMPT.sub(lambda found: t("— attempt {n} —", n=found[1]), text)
