"""A profile on the page: figures first, then charts, each with its takeaway in words and its table."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Any

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from engine.data.profile import Measure, Profile, SliceProfile
from engine.workspace import DatasetVersion
from ui.charts.bars import MOST_BARS, class_bars, count_bars, largest
from ui.charts.class_lengths import class_boxes
from ui.charts.layout import draw, kept
from ui.charts.lengths import size_histogram
from ui.charts.periods import period_bars
from ui.charts.slices import slice_bars
from ui.format import percent, significant
from ui.panels.crosses import cross_card
from ui.text import N_, language, n, safe_text, sentences, t
from ui.writing import language_name, script_name

_PERIODS = {
    "day": N_("One bar a day."), "week": N_("One bar a week, named by its Monday."), "month": N_("One bar a month."),
    "year": N_("One bar a year."),
}  # fmt: skip


def figures(profile: Profile, version: DatasetVersion) -> None:
    """The row of figures that come first."""
    with st.grid(3, min_column_width=140, gap="xsmall", key="profile_figures"):
        st.metric(t("Rows"), profile.rows, format="localized", border=True)
        st.metric(t("Classes"), len(version.schema.classes), format="localized", border=True)
        st.metric(
            t("Largest class"), percent(profile.majority_share), border=True,
            help=t("Always answering with the largest class would be right this often: a model has to beat it."),
        )  # fmt: skip
        st.metric(
            t("Median length"), profile.sizes.p50, format="localized", border=True,
            help=t("In {unit}; 95 rows of 100 have at most {p95}.", unit=t(profile.sizes.unit), p95=f"{profile.sizes.p95:,.0f}"),
        )  # fmt: skip
        st.metric(
            t("Repeated rows"), profile.duplicates.extra, format="localized", border=True,
            help=t("Rows whose text stands in an earlier row too."),
        )  # fmt: skip
        st.metric(
            t("Without a label"), profile.rows - profile.labelled, format="localized", border=True,
            help=t("Rows without a label are kept, and left out of training and scores."),
        )  # fmt: skip


def profile_charts(profile: Profile, version: DatasetVersion) -> None:
    """Everything that the profile found, two charts a row on a wide screen."""
    classes = version.schema.classes
    grid = st.grid(2, min_column_width=340, key="profile_charts")

    def card(
        name: str,
        title: str,
        figure: Callable[[], go.Figure],
        frame: Callable[[], pd.DataFrame],
        alt: str,
        note: str = "",
    ) -> None:
        with grid, st.container(border=True, height="stretch", key=f"profile_{name}"):
            st.markdown(f"**{title}**")
            made = kept(name, version.id, language(), str(st.context.theme.type), figure)
            draw(made, key=f"profile_chart_{name}", alt=alt)
            if note:
                st.caption(note)
            table = st.expander(
                t("The same as a table"),
                icon=":material/table:",
                key=f"profile_open_{name}",
                on_change="rerun",
            )
            if table.open:
                table.dataframe(frame(), key=f"profile_table_{name}", hide_index=True, alt=alt)

    if profile.classes:
        _classes(card, profile, classes)
        _class_sizes(card, profile, classes)
    _sizes(card, profile, classes)
    _writing(card, profile.details)
    cross_card(profile.crosses, version)
    for place, found in enumerate(profile.slices):
        _slice(card, place, found, classes)
    if profile.time is not None and profile.time.periods:
        time = profile.time
        card(
            "time", t("Over time"), lambda: period_bars(time.periods), lambda: _counts(time.periods, t("Period")),
            t("Rows by period, from {first} to {last}.", first=time.first, last=time.last), period_note(time.unit),
        )  # fmt: skip
    missing = {c.name: c.missing for c in profile.columns if c.missing}
    if missing:
        _bars(card, "missing", t("Empty cells"), missing, profile.rows, t("Column"), of_total=True)
    if profile.split:
        _bars(card, "split", t("Parts that the file names"), profile.split, profile.rows, t("Value"))


def _classes(card: Any, profile: Profile, classes: tuple[str, ...]) -> None:
    counts = {c.label: c.count for c in profile.classes}
    note = (
        t("The {n} largest of {total} classes.", n=MOST_BARS, total=f"{len(counts):,}")
        if len(counts) > MOST_BARS
        else ""
    )
    card(
        "classes", t("Classes"), lambda: class_bars(counts, classes),
        lambda: pd.DataFrame(
            [(c.label, c.count, percent(c.share), c.size_p5, c.size_median, c.size_p95) for c in profile.classes],
            columns=[t("Class"), t("Rows"), t("Share of rows"), t("5 % are at most"), t("Median length"), t("95 % are at most")],
        ),
        t(
            "Rows by class; the largest has {most}, the smallest {least}.",
            most=percent(profile.classes[0].share), least=percent(profile.classes[-1].share),
        ),
        note,
    )  # fmt: skip


def _class_sizes(card: Any, profile: Profile, classes: tuple[str, ...]) -> None:
    shown = profile.classes[:MOST_BARS]
    if all(one.size_p75 == 0 < one.size_median for one in shown):
        return  # of an earlier Bentu, which did not measure quarters; looking anew does
    longest = max(profile.classes, key=lambda one: one.size_median)
    shortest = min(profile.classes, key=lambda one: one.size_median)
    note = t("The box holds the middle half of a class, the lines reach from 5 to 95 of 100 rows.")
    if len(profile.classes) > len(shown):
        many = t("The {n} largest of {total} classes.", n=MOST_BARS, total=f"{len(profile.classes):,}")
        note = sentences([note, many])
    card(
        "class_sizes", t("Length by class"), lambda: class_boxes(shown, classes, t(profile.sizes.unit)),
        lambda: pd.DataFrame(
            [(c.label, c.size_p5, c.size_p25, c.size_median, c.size_p75, c.size_p95) for c in profile.classes],
            columns=[t("Class"), t("5 % are at most"), t("25 % are at most"), t("Median length"), t("75 % are at most"), t("95 % are at most")],
        ),
        t(
            "Median length by class in {unit}: from {least} to {most}.",
            unit=t(profile.sizes.unit), least=f"{shortest.size_median:,.0f}", most=f"{longest.size_median:,.0f}",
        ),
        note,
    )  # fmt: skip


def _sizes(card: Any, profile: Profile, classes: tuple[str, ...]) -> None:
    medians = {c.label: c.size_median for c in profile.classes}
    card(
        "sizes", t("Length in {unit}", unit=t(profile.sizes.unit)), lambda: size_histogram(profile.sizes, medians, classes),
        lambda: _histogram(profile.sizes), _size_takeaway(profile.sizes), t("The last bar holds all longer ones."),
    )  # fmt: skip
    if "tokens" in profile.details:
        tokens = Measure.model_validate(profile.details["tokens"])
        note = t("Counted: {what}", what=t(str(profile.details.get("tokenizer", ""))))
        looked = int(profile.details.get("tokens_rows", profile.rows))
        if looked < profile.rows:
            note += " · " + n("a sample of {n} row", "a sample of {n} rows", looked)
        card(
            "tokens", t("Length in {unit}", unit=t(tokens.unit)), lambda: size_histogram(tokens), lambda: _histogram(tokens),
            _size_takeaway(tokens), note,
        )  # fmt: skip


def _writing(card: Any, details: Mapping[str, Any]) -> None:
    scripts = {script_name(s): share for s, share in details.get("scripts", {}).items()}
    if scripts:
        rounded = {s: round(share * 10_000) for s, share in scripts.items() if share >= 0.0005}
        first = next(iter(scripts.items()))
        card(
            "scripts", t("Writing systems"), lambda: count_bars(rounded, 10_000, counts_shown=False),
            lambda: pd.DataFrame([(s, percent(v)) for s, v in scripts.items()], columns=[t("Writing system"), t("Share of letters")]),
            t("{name} makes up {share} of the letters.", name=first[0], share=percent(first[1])), t("Share of all letters."),
        )  # fmt: skip
    languages = {language_name(c): count for c, count in details.get("languages", {}).items()}
    if languages:
        looked = int(details.get("languages_rows", sum(languages.values())))
        note = t(
            "Guessed by {detector} for {rows} texts; short texts often stay unrecognised.",
            detector=str(details.get("detector", "")), rows=f"{looked:,}",
        )  # fmt: skip
        _bars(card, "languages", t("Languages"), languages, looked, t("Language"), note)


def _slice(card: Any, place: int, found: SliceProfile, classes: tuple[str, ...]) -> None:
    notes = []
    if found.other:
        notes.append(n("{n} row has a rarer value.", "{n} rows have rarer values.", found.other))
    if found.missing:
        notes.append(n("{n} row has none.", "{n} rows have none.", found.missing))
    card(
        f"slice_{place}", t("Classes by {column}", column=safe_text(found.column, 60)), lambda: slice_bars(found, classes),
        lambda: pd.DataFrame(
            [(v, c, *row) for v, c, row in zip(found.values, found.counts, found.table, strict=True)],
            columns=unique([t("Value"), t("Rows"), *found.labels]),
        ),
        t("The mix of classes within each of {n} values of {column}.", n=len(found.values), column=found.column), sentences(notes),
    )  # fmt: skip


def _bars(
    card: Any,
    name: str,
    title: str,
    counts: Mapping[str, int],
    total: int,
    head: str,
    note: str = "",
    *,
    of_total: bool = False,
) -> None:
    most = next(iter(largest(counts).items()))
    card(
        name, title, lambda: count_bars(largest(counts), total, of_total=of_total), lambda: _counts(counts, head),
        t("Most: {name} with {count}.", name=most[0], count=f"{most[1]:,}"), note,
    )  # fmt: skip


def period_note(unit: str | None) -> str:
    """What one bar of dates is."""
    return t(_PERIODS[unit]) if unit else ""


def _counts(counts: Mapping[str, int], head: str) -> pd.DataFrame:
    return pd.DataFrame(list(counts.items()), columns=[head, t("Rows")])


def _histogram(measure: Measure) -> pd.DataFrame:
    edges = measure.histogram.edges
    spans = [f"{a:,.0f}–{b - 1:,.0f}" for a, b in pairwise(edges)]
    return pd.DataFrame({t(measure.unit): spans, t("Rows"): measure.histogram.counts})


def _size_takeaway(measure: Measure) -> str:
    return t(
        "Half of the rows have at most {p50} {unit}, 95 % at most {p95}; the longest has {max}.",
        p50=f"{measure.p50:,.0f}", p95=f"{measure.p95:,.0f}", max=significant(measure.max), unit=t(measure.unit),
    )  # fmt: skip


def unique(names: Sequence[str]) -> list[str]:
    """Column heads that differ: a label may be called like one of ours."""
    seen: list[str] = []
    for name in names:
        while name in seen:
            name += " "
        seen.append(name)
    return seen
