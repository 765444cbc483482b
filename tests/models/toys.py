"""Small texts that can be learnt, and a line to the outside that keeps what it is told."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.models.family import Facts, Machine, Training, TrainingData
from engine.training.preload import preload

GOOD = ("好吃 很快", "味道 不错", "great taste", "fast and friendly", "ọ̀nà dára")
BAD = ("难吃 太慢", "味道 很差", "awful taste", "slow and rude", "kò dára rárá")


def texts_of(n: int, seed: int, classes: int = 2) -> tuple[list[str], np.ndarray]:
    """Texts whose class is told by their words, with some noise words."""
    random = np.random.default_rng(seed)
    labels = random.integers(0, classes, n)
    pools = (GOOD, BAD, ("ni Ọjọ́ Ajé", "o dabọ", "neither this nor that"))
    texts = [" ".join([*random.choice(pools[k], 2), f"nr{random.integers(0, 50)}"]) for k in labels]
    return texts, labels.astype(np.int64)


def toy_data(n: int = 120, classes: int = 2, seed: int = 0) -> TrainingData:
    train, validation = texts_of(n, 1, classes), texts_of(60, 2, classes)
    return TrainingData(*train, *validation, classes=tuple("abc"[:classes]), seed=seed)


def toy_facts(rows: int = 10_000, classes: int = 2, han: float = 0.0) -> Facts:
    return Facts(
        rows, classes, rows // (2 * classes), 60.0, 200.0, {"scripts": {"Han": han, "Latin": 1 - han}}
    )


MACHINE = Machine(cores=2, memory_bytes=8 * 2**30)


@contextmanager
def eagerly() -> Iterator[None]:
    """A few small steps are over before a graph of them is made; decorates a test too."""
    preload()
    import tensorflow as tf

    tf.config.run_functions_eagerly(True)
    try:
        yield
    finally:
        tf.config.run_functions_eagerly(False)


class Shelf(dict[str, NDArray[np.float32]]):
    """Keeps what frozen models answered, as long as it lives."""

    put = dict.__setitem__


class Line:
    """A `Training` whose events can be read, and that may be told to stop after some questions."""

    def __init__(self, folder: Path, answer: str | None = None, after: int = 0) -> None:
        self.events: list[tuple[str, dict[str, object]]] = []
        self._answer, self._left = answer, after
        self.training = Training(
            lambda kind, **payload: self.events.append((kind, payload)), self._stop, folder, threads=2
        )

    def _stop(self) -> str | None:
        self._left -= 1
        return self._answer if self._left < 0 else None

    def of(self, kind: str) -> list[dict[str, object]]:
        return [payload for name, payload in self.events if name == kind]
