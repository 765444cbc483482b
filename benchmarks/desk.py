"""What strangers wait for, without HTTP: an answer of the SVM, and feedback that the disk has.

    .venv/bin/python -m benchmarks.desk

Prints Markdown. The model learns the 10 000-row sample with the dial's parameters. Everything runs in a temporary home; wall
times on a busy machine are pessimistic.
"""

from __future__ import annotations

import csv
import io
import itertools
import os
import tempfile
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import psutil

WARM, ANSWERS, POSTS = 50, 2000, 1000


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="bentu-desk-") as name:
        texts, desk = _open(Path(name))
        print("| what | p50 | p99 | |\n|---|---|---|---|")
        asked = itertools.cycle(texts)

        def ask() -> None:
            desk.find("token", "v")
            desk.predict("token", {"text": next(asked)}, "v")

        _row("find + predict, SVM, one after the other", *_times(ask))
        _row("find", *_times(lambda: desk.find("token", "v")))
        long = "".join(texts)[:20_000]
        _row("predict 20 000 characters", *_times(lambda: desk.predict("token", {"text": long}, "v"), 100))
        for threads in (1, 8):
            _row(f"predict, {threads} threads", *_predicting(desk, texts, threads))
        for threads in (50, 200):
            _row(f"feedback kept on disk, {threads} threads", *_posting(desk, texts, threads))
        print(
            f"\nmemory of the process: {psutil.Process().memory_info().rss / 1e6:.0f} MB (the training included)"
        )
        desk.close()


def _open(folder: Path) -> tuple[list[str], Any]:
    """A desk with a published SVM, and texts to ask."""
    os.environ["BENTU_HOME"] = str(folder / "home")
    from engine.data.schema import make_schema
    from engine.models.family import Facts, Machine, Training, TrainingData, families
    from engine.packaging.bundle import sign_bundle, write_bundle
    from engine.packaging.signing import load_or_make_key
    from engine.recipe import Part, Recipe
    from engine.samples import sample_csv
    from engine.serving.limits import Limits
    from engine.serving.publication import Publication, PublishedModel, token_digest, write_publication
    from engine.workspace import Desk

    rows = list(csv.DictReader(io.StringIO(sample_csv("reviews_zh").decode("utf-8-sig"))))
    rows = [row for row in rows if row["label"]]
    texts = [row["text"] for row in rows]
    classes = tuple(sorted({row["label"] for row in rows}))
    labels = np.array([classes.index(row["label"]) for row in rows])
    family = families.get("tfidf_svm")
    median = float(np.median([len(t) for t in texts]))
    facts = Facts(len(rows), len(classes), 1, median, 3 * median, {"scripts": {"Han": 1.0}})
    params = family.defaults("balanced", facts, Machine(2, 8 * 2**30))
    data = TrainingData(texts[1000:], labels[1000:], texts[:1000], labels[:1000], classes, 0)
    line = Training(lambda *_, **__: None, lambda: None, folder / "checkpoints", 2)
    schema = make_schema({"text": "input", "label": "label"}, ["text", "label"])
    write_bundle(
        folder / "made", recipe=Recipe(data="v", family=Part(name=family.name)), family=family,
        schema=schema.model_copy(update={"classes": classes}), fitted=family.fit(data, params, line), metrics={}, environment={},
    )  # fmt: skip
    key = load_or_make_key(folder / "key")
    digest = sign_bundle(folder / "made", key)
    home = folder / "home"
    (home / "bundles").mkdir(parents=True)
    (folder / "made").rename(home / "bundles" / digest)
    document = Publication(
        demo="demo", serial=1, state="on", title="", description="", consent="", task="text-classification", inputs=("text",),
        classes=classes, examples=(), languages=("en",), expires=None, caveat=None, synthetic=True,
        model=PublishedModel(number=1, bundle=digest), former=None,
    )  # fmt: skip
    write_publication(home, token_digest("token"), document, key)
    desk = Desk(home, key.public, limits=Limits(factor=1e9))
    start = time.perf_counter()
    desk.predict("token", {"text": texts[0]}, "v")
    print(
        f"first answer of a fresh process, model loaded and verified: {time.perf_counter() - start:.2f} s\n"
    )
    return texts, desk


def _times(action: Callable[[], object], count: int = ANSWERS) -> tuple[list[float], float]:
    for _ in range(WARM):
        action()
    spent, start = [], time.perf_counter()
    for _ in range(count):
        before = time.perf_counter()
        action()
        spent.append(time.perf_counter() - before)
    return spent, time.perf_counter() - start


def _predicting(desk: Any, texts: list[str], threads: int) -> tuple[list[float], float]:
    def ask(k: int) -> float:
        before = time.perf_counter()
        desk.predict("token", {"text": texts[k]}, "v")
        return time.perf_counter() - before

    with ThreadPoolExecutor(threads) as pool:
        start = time.perf_counter()
        return list(pool.map(ask, range(ANSWERS))), time.perf_counter() - start


def _posting(desk: Any, texts: list[str], threads: int) -> tuple[list[float], float]:
    """Every thread begins at the same moment and posts its share."""
    answers = [(texts[k], desk.predict("token", {"text": texts[k]}, "v")) for k in range(POSTS)]
    gate = threading.Barrier(threads + 1)

    def post(first: int) -> list[float]:
        spent = []
        gate.wait()
        for text, answer in answers[first::threads]:
            before = time.perf_counter()
            desk.feedback("token", answer.id, {"text": text}, True, None, "很好", "v", "en")
            spent.append(time.perf_counter() - before)
        return spent

    with ThreadPoolExecutor(threads) as pool:
        work = [pool.submit(post, first) for first in range(threads)]
        gate.wait()
        start = time.perf_counter()
        spent = [one for done in work for one in done.result()]
        return spent, time.perf_counter() - start


def _row(what: str, spent: list[float], wall: float) -> None:
    p50, p99 = np.quantile(spent, (0.5, 0.99)) * 1000
    print(f"| {what} | {p50:.2f} ms | {p99:.2f} ms | {len(spent) / wall:.0f}/s |")


if __name__ == "__main__":
    main()
