"""What live events, stops and checkpoints cost: the product's loop beside two loops written by hand.

    .venv/bin/python -m benchmarks.training_overhead

The case network (two layers of 100 over 10 000 TF-IDF features) on the 10 000-text sample, the same batches of 128
and validation after every epoch, for one epoch, for as many as the dial allows at "quick" and for as many as it allows at first; the
loops take turns in alternating order, and the median ratio of neighbours is printed. Processor seconds say what is spent, wall seconds what is waited for.
"""

from __future__ import annotations

import csv
import io
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

EPOCHS, ROUNDS, BATCH = (1, 8, 30), 8, 128


def main() -> None:
    from engine.models.features.tfidf import Tfidf
    from engine.models.text.case_network import CaseNetworkParams
    from engine.samples import sample_csv
    from engine.training.preload import preload

    preload()
    table = list(csv.DictReader(io.StringIO(sample_csv("reviews_zh").decode("utf-8-sig"))))
    texts = [row["text"] for row in table]
    labels = np.array([int(row["label"]) for row in table], dtype=np.int64)
    order = np.random.default_rng(0).permutation(len(texts))
    train, held = order[:8000], order[8000:9000]
    params = CaseNetworkParams(analyzer="characters", dropout=0.5)
    features, rows = Tfidf.fit([texts[i] for i in train], params)
    checks = features.transform([texts[i] for i in held])
    data = (rows, labels[train], checks, labels[held])
    print(
        "| loop | epochs | wall s | processor s | product / this (wall, processor) |\n|---|---|---|---|---|"
    )
    for epochs in EPOCHS:
        times: dict[str, list[tuple[float, float]]] = {"product": [], "by hand": []}
        for turn in range(ROUNDS + 1):
            for name in list(times)[:: -1 if turn % 2 else 1]:
                measured = _timed(LOOPS[name], _model(features.width), *data, epochs)
                if turn:  # the first turn warms up
                    times[name].append(measured)
        times["model.fit"] = [_timed(_model_fit, _model(features.width), *data, epochs)]
        for name, all_turns in times.items():
            wall, spent = (statistics.median(turn[i] for turn in all_turns) for i in (0, 1))
            ratios = [
                statistics.median(p[i] / t[i] for p, t in zip(times["product"], all_turns, strict=False))
                for i in (0, 1)
            ]
            print(
                f"| {name} | {epochs} | {wall:.2f} | {spent:.2f} | {ratios[0]:.3f}, {ratios[1]:.3f} |",
                flush=True,
            )


def _timed(loop: Callable[..., None], *arguments: Any) -> tuple[float, float]:
    wall, spent = time.perf_counter(), time.process_time()
    loop(*arguments)
    return time.perf_counter() - wall, time.process_time() - spent


def _model(width: int) -> Any:
    import keras

    keras.utils.set_random_seed(0)
    inputs = keras.Input((width,))
    hidden = inputs
    for _ in range(2):
        hidden = keras.layers.Dropout(0.5)(keras.layers.Dense(100, activation="relu")(hidden))
    return keras.Model(inputs, keras.layers.Dense(2, name="logits")(hidden))


def _product(model: Any, rows: Any, labels: Any, checks: Any, expected: Any, epochs: int) -> None:
    import keras

    from engine.models.family import Training
    from engine.training.loop import Plan, Rows, train_network

    with tempfile.TemporaryDirectory() as folder:
        training = Training(lambda kind, **payload: None, lambda: None, Path(folder))
        train_network(
            model, keras.optimizers.Adam(5e-4), Rows(lambda i: rows[i].toarray(), labels),
            Rows(lambda i: checks[i].toarray(), expected), Plan(epochs, BATCH, lambda done, reductions: 5e-4), training,
        )  # fmt: skip


def _by_hand(model: Any, rows: Any, labels: Any, checks: Any, expected: Any, epochs: int) -> None:
    """The shortest compiled loop: no events, no stop, no checkpoint, no best epoch."""
    import keras
    import tensorflow as tf

    optimizer = keras.optimizers.Adam(5e-4)
    optimizer.build(model.trainable_variables)
    signature = [tf.TensorSpec([None, rows.shape[1]], tf.float32), tf.TensorSpec([None], tf.int64)]

    @tf.function(input_signature=signature, jit_compile=False)
    def step(x: Any, y: Any) -> Any:
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(y, model(x, training=True)))
        optimizer.apply(tape.gradient(loss, model.trainable_variables), model.trainable_variables)
        return loss

    @tf.function(input_signature=signature[:1], jit_compile=False)
    def forward(x: Any) -> Any:
        return model(x, training=False)

    for epoch in range(epochs):
        order = np.random.default_rng([0, epoch]).permutation(len(labels))
        for start in range(0, len(order), BATCH):
            chosen = order[start : start + BATCH]
            step(rows[chosen].toarray(), labels[chosen])
        scores = np.concatenate(
            [forward(checks[i : i + 512].toarray()) for i in range(0, len(expected), 512)]
        )
        float(np.mean(scores.argmax(axis=1) == expected))


def _model_fit(model: Any, rows: Any, labels: Any, checks: Any, expected: Any, epochs: int) -> None:
    """Keras' own fit on dense arrays in memory."""
    import keras

    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(5e-4), loss, metrics=["accuracy"], jit_compile=False)
    model.fit(
        rows.toarray(), labels, batch_size=BATCH, epochs=epochs, validation_data=(checks.toarray(), expected),
        validation_batch_size=512, verbose=0,
    )  # fmt: skip


LOOPS: dict[str, Callable[..., None]] = {"product": _product, "by hand": _by_hand}

if __name__ == "__main__":
    main()
