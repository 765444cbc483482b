"""Texts in another language than nearly all of their slice, or of the table where it has no slices.

Stage 1 (data).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import numpy as np
import pandas as pd

from engine.data.checks import Stage, checks
from engine.data.findings import Found, found, some
from engine.data.schema import Fix
from engine.data.table_view import TableView
from engine.errors import N_

SAMPLE, SEED = 50_000, 0
LEAST = 50
"""Texts of a slice whose language must be certain."""
MAJORITY = 0.8
"""Share of them that must be in one language; else the slice is mixed, and nothing in it is odd."""


class OddLanguages:
    name, order, title = "odd_languages", 63, N_("Texts in an unexpected language")
    task: str | None = "text-classification"
    stage: Stage = "deep"

    def run(self, table: TableView) -> Iterable[Found]:
        places = np.arange(len(table.ids))
        if len(places) > SAMPLE:
            places = np.sort(np.random.default_rng(SEED).choice(len(places), SAMPLE, replace=False))
        languages = table.once("sure_languages", lambda view: _languages(view, places))
        columns = table.schema.names("slice")
        if not columns:
            odd, usual = _odd(languages, pd.Series("", index=languages.index))
            if len(odd):
                yield found(
                    "odd_languages", "info", N_("Texts in another language than nearly all others (which are in “{usual}”): {count}, {languages}. Looked at: {looked} texts, those whose language is certain."),
                    table.ids[odd], fixes=[_fix(len(odd))], usual=usual[""], languages=_listed(languages[odd]), looked=len(places),
                )  # fmt: skip
        for column in columns:
            odd, usual = _odd(languages, table.cells(column).reset_index(drop=True)[languages.index])
            if len(odd):
                said = [f"{value}: {language}" for value, language in usual.items()]
                yield found(
                    "odd_languages", "warning", N_("Texts in another language than nearly all of their slice in the column “{column}” ({slices}): {count}, {languages}. Looked at: {looked} texts, those whose language is certain."),
                    table.ids[odd], fixes=[_fix(len(odd))], column=column, slices=some(said), languages=_listed(languages[odd]), looked=len(places),
                )  # fmt: skip


def _languages(table: TableView, places: np.ndarray) -> pd.Series[str]:
    from engine.data.languages import sure_languages

    known = pd.Series(sure_languages(table.inputs.iloc[places]), index=places, dtype="str")
    return known[known != ""]


def _odd(languages: pd.Series[str], slices: pd.Series[str]) -> tuple[np.ndarray, dict[str, str]]:
    """Positions of the odd texts, and the usual language of each slice that has some."""
    odd, usual = [], {}
    for value, own in languages.groupby(slices.to_numpy(dtype=object), sort=True):
        counts = own.value_counts()
        if len(own) >= LEAST and MAJORITY * len(own) <= counts.iloc[0] < len(own):
            usual[str(value)] = str(counts.index[0])
            odd.append(own.index[own != counts.index[0]].to_numpy(dtype=np.int64))
    return np.sort(np.concatenate([np.zeros(0, dtype=np.int64), *odd])), usual


def _listed(languages: pd.Series[str]) -> list[str]:
    return [f"“{language}” {count}" for language, count in Counter(languages).most_common(5)]


def _fix(count: int) -> Fix:
    return Fix("drop", N_("Look through and drop up to {count}"), {"count": count, "review": True})


checks.register(OddLanguages())
