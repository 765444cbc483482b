"""Words that change between the first and the last third of time.

Stage 1 (data).
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from engine.data.checks import Stage, checks
from engine.data.drift import LEAST_ROWS, compare, sampled, thirds
from engine.data.findings import Found, found, some
from engine.data.table_view import TableView
from engine.data.token_presence import token_presence
from engine.errors import N_

SAMPLE = 2_000
"""Rows of each third whose words are compared."""
WORDS = 2_000
"""The most frequent tokens, by which they are compared."""
BITS = 0.01
"""Divergence above chance from which a change is worth saying."""


class WordDrift:
    name, order, title = "word_drift", 48, N_("Words that change over time")
    task: str | None = "text-classification"
    stage: Stage = "content"

    def run(self, table: TableView) -> Iterable[Found]:
        column = table.schema.first("time")
        parts = thirds(table.times) if column else None
        if parts is None:
            return
        early, late = parts
        if min(len(early), len(late)) >= LEAST_ROWS:
            rows, is_late = sampled(early, late, SAMPLE)
            presence = token_presence(table.inputs.iloc[rows].tolist())
            often = np.argsort(-presence.counts(), kind="stable")[:WORDS]
            here = np.isin(presence.tokens, often)
            if compare(presence.texts[here], presence.tokens[here], is_late).real(BITS):
                words = _risen(
                    presence.counts(is_late.astype(np.float64)), presence.counts(), presence.names, is_late
                )
                yield found(
                    "word_drift", "info", N_("The words change over time (column “{column}”): the last third often says {words}, the first seldom. A split by time shows how a model fares with what comes later."),
                    table.ids[late], column=column, words=some(words, 6),
                )  # fmt: skip


def _risen(
    after: NDArray[np.float64], every: NDArray[np.float64], names: tuple[str, ...], late: NDArray[np.bool_]
) -> list[str]:
    """The tokens that the late texts hold most more often than the early ones, by the signed root of the G-test's share."""
    before = every - after
    p, q = (before + 0.5) / (int((~late).sum()) + 1), (after + 0.5) / (int(late.sum()) + 1)
    gain = np.where(q > p, after * np.log(q / p), 0.0)
    return [names[i] for i in np.argsort(-gain, kind="stable")[:6] if gain[i] > 0]


checks.register(WordDrift())
