"""py3langid over many texts at once: the same automaton and the same scores, a step of all texts at a time.

Stage 1 (data). The library walks byte by byte in Python, 0.2 ms a text; here numpy takes one byte of thousands of texts in
each step. It reads the library's arrays, whose version `requirements.txt` pins; a test holds both to the same answers.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

_AT_ONCE = 4_096
"""Texts that walk together: of 300 characters their states take some 15 MB."""


class Batch:
    """The arrays of an identifier (`norm_probs=True`), ready for many texts."""

    def __init__(self, identifier: Any) -> None:
        self._identifier = identifier
        self._next = np.asarray(identifier.tk_nextmove, dtype=np.int32)
        self._base = np.asarray(identifier._rowbase, dtype=np.int64)
        self._feature = np.asarray(identifier.tk_output, dtype=np.int32)
        self._labels = np.array(identifier.nb_classes, dtype=object)

    def classify(self, texts: Sequence[str]) -> tuple[list[str], NDArray[np.float32]]:
        """The likeliest language of each text and its probability, as `classify` of the identifier says them one by one."""
        coded = [self._identifier._encode(text) for text in texts]
        order = np.argsort([len(text) for text in coded], kind="stable")  # those of a length walk together
        best = np.zeros(len(texts), dtype=np.int64)
        sure = np.zeros(len(texts), dtype=np.float32)
        for start in range(0, len(texts), _AT_ONCE):
            chosen = order[start : start + _AT_ONCE]
            scores = self._scores([coded[place] for place in chosen])
            best[chosen] = scores.argmax(axis=1)
            sure[chosen] = scores.max(axis=1)
        return self._labels[best].tolist(), sure

    def _scores(self, coded: Sequence[bytes]) -> NDArray[np.float32]:
        """Probabilities, shape (texts, labels)."""
        from scipy.sparse import csr_matrix

        known = self._identifier
        lengths = np.array([len(text) for text in coded], dtype=np.int64)
        texts, features = self._visits(coded, lengths)
        counts = csr_matrix(
            (np.ones(len(texts), dtype=np.float32), (texts, features)),
            shape=(len(coded), known.nb_ptc.shape[0]),
        )
        counts.sum_duplicates()
        counts.data = np.log1p(counts.data)
        found: NDArray[np.float32] = counts @ known.nb_ptc + known.nb_pc
        found[np.diff(counts.indptr) == 0] = 0.0  # nothing known in it: all are as likely
        found *= (1.0 / np.sqrt(np.maximum(lengths, 1))).astype(np.float32)[:, None]
        found = np.exp(found - found.max(axis=1, keepdims=True))
        found /= found.sum(axis=1, keepdims=True)
        for kept, other in known._alias_pairs:
            found[:, kept] += found[:, other]
            found[:, other] = 0.0
        return found

    def _visits(
        self, coded: Sequence[bytes], lengths: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
        """Every feature that the walk through each text meets, with the place of the text; texts come shortest first."""
        width = int(lengths[-1]) if len(lengths) else 0
        table = np.frombuffer(b"".join(text.ljust(width, b"\0") for text in coded), dtype=np.uint8)
        steps = np.ascontiguousarray(table.reshape(len(coded), width).T)
        first = np.searchsorted(lengths, np.arange(width), side="right")  # texts that go on at each step
        state = np.zeros(len(coded), dtype=np.int32)
        places, features = [], []
        for step in range(width):
            going = first[step]
            state[going:] = self._next[self._base[state[going:]] + steps[step, going:]]
            met = self._feature[state[going:]]
            here = np.flatnonzero(met >= 0)
            places.append(here + going)
            features.append(met[here])
        if not width:
            return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int32)
        return np.concatenate(places), np.concatenate(features)
