"""Words in the texts that give the label away: a class name, or a token that decides a class nearly alone.

Stage 1 (data). A model that leans on them scores high here and fails where nobody wrote the answer into the text.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from engine.data.checks import Stage, checks
from engine.data.findings import Found, found, some
from engine.data.table_view import TableView
from engine.data.text_sample import at_places, text_sample
from engine.data.token_presence import PIECE, Presence, token_presence
from engine.errors import N_

SUPPORT = 20
"""Texts that must hold a token before it is judged."""
SURE = 0.95
"""Lower end of the 99 % interval (Wilson 1927) of a token's share of texts in one class, from which it decides the class."""
COVERED = 0.8
"""Share of the class's texts that hold it: words of a topic stand in half of its texts ("match" in sports), a mark in nearly all."""
NAME_SURE, NAME_COVERED = 0.8, 0.2
"""The same for the name of the class itself, which nobody has to write."""
NAME_LEAST = 2
"""Letters that a class name needs to be looked for in texts."""


class LabelLeakage:
    name, order, title = "label_leakage", 15, N_("Words that give the label away")
    task: str | None = "text-classification"
    stage: Stage = "content"

    def run(self, table: TableView) -> Iterable[Found]:
        if len(table.classes) < 2:
            return
        places = np.flatnonzero(table.given)
        places = places[text_sample(table.sizes.to_numpy()[places], 2 * PIECE)]
        codes = table.label_codes[places]
        presence = token_presence(at_places(table.inputs, places).tolist(), SUPPORT)
        if len(presence.names):
            yield from self._telling(table, presence, codes, len(places))

    def _telling(
        self, table: TableView, presence: Presence, codes: NDArray[np.int64], looked: int
    ) -> Iterator[Found]:
        every = presence.counts()
        words: dict[str, list[str]] = {"class_name_in_text": [], "telling_words": []}
        pairs: dict[str, list[tuple[str, int]]] = {"class_name_in_text": [], "telling_words": []}
        for code, label in enumerate(str(name) for name in table.classes.index):
            mine = codes == code
            size = int(mine.sum())
            if size < SUPPORT or size == looked:
                continue
            inside = presence.counts(mine.astype(np.float64))
            sure, covered = _wilson(inside, every), inside / size
            name = label.lower()
            for place in np.flatnonzero((sure >= NAME_SURE) & (covered >= NAME_COVERED) & (every >= SUPPORT)):
                token = presence.names[place]
                if token == name and len(name) >= NAME_LEAST and not name.isdigit():
                    kind = "class_name_in_text"
                elif sure[place] >= SURE and covered[place] >= COVERED:
                    kind = "telling_words"
                else:
                    continue
                words[kind].append(token)
                pairs[kind].append((token, code))
        for kind, message in (
            ("class_name_in_text", N_("The name of the class stands in its texts: {words}. A model that reads the answer there has learned nothing else.")),
            ("telling_words", N_("Words that decide the class nearly alone, in most of its texts and hardly anywhere else: {words}. If a machine or a form wrote them, remove them before training.")),
        ):  # fmt: skip
            if words[kind]:
                rows = table.ids[_holding(table, pairs[kind])]
                yield found(kind, "warning", message, rows, words=some(words[kind], 8), sample=looked)


def _wilson(hits: NDArray[np.float64], of: NDArray[np.float64], z: float = 2.576) -> NDArray[np.float64]:
    """Lower end of the interval of the share `hits / of` (Wilson 1927), 99 % by default."""
    share = hits / of
    middle = share + z * z / (2 * of)
    spread = z * np.sqrt(share * (1 - share) / of + z * z / (4 * of * of))
    return np.asarray((middle - spread) / (1 + z * z / of), dtype=np.float64)


def _holding(table: TableView, pairs: list[tuple[str, int]]) -> NDArray[np.bool_]:
    """Which rows of the whole table hold one of the words and have the label that it tells."""
    here = np.zeros(len(table.ids), dtype=bool)
    for word, code in pairs:
        mine = np.flatnonzero(table.label_codes == code)
        texts: pd.Series = table.inputs.iloc[mine].str.lower()
        here[mine[texts.str.contains(word, regex=False).to_numpy(dtype=bool)]] = True
    return here


checks.register(LabelLeakage())
