"""Pretraining of an encoder on texts without labels: it guesses pieces that were hidden from it.

Which ones is drawn anew in every epoch. An encoder that was pretrained on other texts goes on with these: Gururangan et al.,
"Don't stop pretraining" (2020), section 3. Against forgetting, some texts of the language at large may be read with them: rehearsal,
Robins, "Catastrophic forgetting, rehearsal and pseudorehearsal" (1995).

What is hidden is a function of seed, epoch and step, so a checkpoint at the end of an epoch is all that a killed
pretraining needs to end like an uninterrupted one.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.errors import N_
from engine.models.family import IntArray, PretrainingDiverged, Training, TrainingData
from engine.models.features.tokens import TokenRows, Tokens
from engine.models.hiding import Marks, hide
from engine.models.preset_head import Head
from engine.training.checkpoint import Checkpoints, spared
from engine.training.forgetting import general_losses, held_out, verdict
from engine.training.loop import Plan, Rows, ask, batches, within_memory
from engine.training.machine import memory_in_use

FOLDER = "pretraining"
_RISING = 0.1
_DECAY, _CLIP = 0.01, 1.0
_BETWEEN_CHECKPOINTS = 10.0
_BETWEEN_EVENTS = 0.5


@dataclass(frozen=True)
class Guessing:
    """How an encoder is pretrained: passes over the texts, texts a step, highest learning rate, and what makes it what it is.

    `general` is the share of general texts among those that an epoch reads, as far as there are as many.
    """

    epochs: int
    batch_size: int
    learning_rate: float
    seed: int
    fingerprint: str
    general: float = 0.0


@dataclass(frozen=True)
class Reader:
    """What learns to guess.

    Args:
        model: Keras model from token numbers to a vector a token, at the end of the row.
        table: the variable in it with the vectors of all tokens; by them a guess is scored (Press and Wolf, "Using the output
            embedding to improve language models", 2017).
        head: that of an earlier pretraining, or None for a new one.
    """

    model: Any
    table: Any
    head: Head | None = None


def pretrain(
    reader: Reader, encoder: Tokens, data: TrainingData, settings: Guessing, training: Training
) -> Training:
    """Teach `reader`, in place, to guess what is hidden of the training texts, of the texts without a label, and of general ones.

    Some general texts are held out, and the run is told what became of the loss on them.

    Args:
        reader: what learns.
        encoder: gives the tokens of a text.
        data: validation is not read.
        settings: how.
        training: line to the outside; resumes from a folder in `training.checkpoints`. "keep" ends pretraining only.

    Returns:
        The line for what comes next. Where pretraining was ended by "keep", it lets one epoch pass first: a network that
        has not seen the classes is nothing to keep.

    Raises:
        Discarded: if the user gave the run up.
        PretrainingDiverged: if the loss is no number any more.
        BatchTooLarge: if the memory cannot hold a batch.
        NothingHides: if the vocabulary has no token to hide others with.
    """
    training.report("phase", name=N_("Pretraining on the texts"))
    training.report("pretraining", epoch=1, epochs=settings.epochs, step=0, steps=0)
    marks = Marks.of(encoder.tokenizer)
    local = [*data.train_inputs, *data.unlabelled_inputs]
    tokens = encoder.transform([*local, *data.general_inputs])
    filled = np.flatnonzero(tokens.lengths > 0)
    own, general = filled[filled < len(local)], filled[filled >= len(local)]
    held, mixed = held_out(general, settings.seed)
    count = min(len(mixed), round(len(own) * settings.general / (1 - settings.general)))
    training.report(
        "log", level="info", message=N_("Pretraining reads {texts} texts; {unlabelled} of them have no label."),
        params={"texts": f"{len(local):,}", "unlabelled": f"{len(data.unlabelled_inputs):,}"},
    )  # fmt: skip
    if len(general):
        training.report(
            "log", level="info", message=N_("In each epoch {count} of {mixed} general texts are read with them; {held} are held out."),
            params={"count": f"{count:,}", "mixed": f"{len(mixed):,}", "held": f"{len(held):,}"},
        )  # fmt: skip
    guesser = Guesser(reader)
    exam = partial(general_losses, guesser, marks, tokens, held, settings.seed)
    before = exam()
    checkpoints = Checkpoints(training.checkpoints / FOLDER, settings.fingerprint)
    done = _resume(checkpoints, guesser, training)
    plan = Plan(settings.epochs, settings.batch_size, rate=lambda epochs, reductions: 0.0, seed=settings.seed)
    due = float("-inf")
    for epoch in range(done, settings.epochs):
        started = time.monotonic()
        rehearsed = np.random.default_rng([settings.seed, 2, epoch]).choice(mixed, count, replace=False)
        rows = _rows(tokens, np.concatenate([own, rehearsed]))
        figures = _one_epoch(guesser, marks, rows, plan, settings, epoch, training)
        if figures is None:
            training.report(
                "note", message=N_("Pretraining was stopped. The classes are learnt for one epoch now: before that there is nothing to keep."), params={},
            )  # fmt: skip
            training = _after_an_epoch(training)
            break
        training.report(
            "log", level="info", message=N_("Pretraining, epoch {epoch} of {epochs}: loss {loss}, {right} of the hidden pieces guessed, {seconds} s"),
            params={
                "epoch": epoch + 1, "epochs": settings.epochs, "loss": f"{figures[0]:.3f}", "right": f"{100 * figures[1]:.1f} %",
                "seconds": f"{time.monotonic() - started:.1f}",
            },
        )  # fmt: skip
        if time.monotonic() >= due or epoch == settings.epochs - 1:
            arrays = {
                f"{index:04d}": variable.numpy().copy() for index, variable in enumerate(guesser.variables)
            }
            with spared(training.report):
                checkpoints.save(epoch + 1, arrays, {"epochs": epoch + 1})
            due = time.monotonic() + _BETWEEN_CHECKPOINTS
    if len(general) and done < settings.epochs:
        training.report("note", **verdict(before, exam(), known=reader.head is not None))
    return training


def _rows(tokens: TokenRows, chosen: IntArray) -> Rows:
    """The chosen rows as the loop takes them; nothing has a label here."""
    return Rows(lambda rows: tokens[chosen[rows]], np.zeros_like(chosen), tokens.lengths[chosen])


def _after_an_epoch(training: Training) -> Training:
    """The same line, on which "keep" is heard once an epoch was reported."""
    passed = False

    def report(kind: str, **payload: Any) -> None:
        nonlocal passed
        passed = passed or kind == "epoch"
        training.report(kind, **payload)

    def stop() -> str | None:
        asked = training.stop()
        return asked if passed or asked != "keep" else None

    return replace(training, report=report, stop=stop)


def _one_epoch(
    guesser: Guesser, marks: Marks, rows: Rows, plan: Plan, settings: Guessing, epoch: int, training: Training
) -> tuple[float, float] | None:
    """One pass; mean loss and share of right guesses, or None if the user wants to go on to the classes."""
    chosen_rows = batches(rows, plan, epoch)
    steps, seen, reported = len(chosen_rows), 0, time.monotonic()
    guesser.begin()
    for step, chosen in enumerate(chosen_rows):
        if ask(training):
            return None
        done = (epoch + step / steps) / settings.epochs
        rate = settings.learning_rate * min((done + 1e-3) / _RISING, (1 - done) / (1 - _RISING))
        rng = np.random.default_rng([settings.seed, 1, epoch, step])
        hidden = hide(rows.take(chosen), marks, rng)
        with within_memory(plan.batch_size):
            guesser.step(*hidden, rate)
        seen += len(chosen)
        if (passed := time.monotonic() - reported) >= _BETWEEN_EVENTS or step == steps - 1:
            loss, right = guesser.figures()
            if not np.isfinite(loss):
                raise PretrainingDiverged(epoch=epoch + 1, learning_rate=float(f"{rate:.3g}"))
            training.report(
                "pretraining", epoch=epoch + 1, epochs=settings.epochs, step=step + 1, steps=steps, loss=loss, right=right,
                learning_rate=rate, memory_bytes=memory_in_use(), examples_per_second=seen / max(passed, 1e-9),
            )  # fmt: skip
            seen, reported = 0, time.monotonic()
    return loss, right


def _resume(checkpoints: Checkpoints, guesser: Guesser, training: Training) -> int:
    """Epochs that are behind already."""
    snapshot = checkpoints.latest()
    if snapshot is None:
        return 0
    for variable, name in zip(guesser.variables, sorted(snapshot.arrays), strict=True):
        variable.assign(snapshot.arrays[name])
    done = int(snapshot.meta["epochs"])
    training.report(
        "log", level="info", message=N_("Pretraining resumed after epoch {epoch}."), params={"epoch": done}
    )
    return done


class Guesser:
    """A reader, a head that guesses tokens by the reader's own table, and one compiled step of learning."""

    def __init__(self, reader: Reader) -> None:
        import keras
        import tensorflow as tf

        model, table = reader.model, reader.table
        read, (vocabulary, width) = int(model.output.shape[-1]), (int(size) for size in table.shape)
        head = keras.Sequential(
            [keras.layers.Dense(width, activation="gelu"), keras.layers.LayerNormalization(epsilon=1e-5)]
        )
        head.build((None, read))
        bias = keras.Variable(np.zeros(vocabulary, dtype=np.float32), name="bias")
        if reader.head is not None:
            head.set_weights(reader.head[:4])
            bias.assign(np.pad(reader.head.scores, (0, vocabulary - len(reader.head.scores))))
        learnt = [*model.trainable_variables, *head.trainable_variables, bias]
        optimizer = keras.optimizers.AdamW(1e-3, weight_decay=_DECAY, global_clipnorm=_CLIP)
        optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
        optimizer.build(learnt)
        self._optimizer = optimizer
        self._loss, self._right, self._seen = (tf.Variable(0.0) for _ in range(3))
        self.variables = [*model.variables, *head.variables, bias, *optimizer.variables]

        batch = [
            tf.TensorSpec([None, None], tf.int32), tf.TensorSpec([None], tf.int64), tf.TensorSpec([None], tf.int32),
        ]  # fmt: skip

        def guess(shown: Any, places: Any, hidden: Any, learning: bool) -> tuple[Any, Any]:
            """The score of every token at the hidden places, and the loss of each guess."""
            vectors = model(shown, training=learning)[:, -tf.shape(shown)[1] :]
            guessed = head(tf.gather(tf.reshape(vectors, (-1, read)), places), training=learning)
            scores = tf.matmul(guessed, tf.convert_to_tensor(table), transpose_b=True) + bias
            return scores, tf.nn.sparse_softmax_cross_entropy_with_logits(hidden, scores)

        strategy = tf.distribute.get_strategy()
        devices = strategy.num_replicas_in_sync

        def learn(shown: Any, places: Any, hidden: Any) -> tuple[Any, Any]:
            with tf.GradientTape() as tape:
                scores, losses = guess(shown, places, hidden, learning=True)
                count = tf.cast(tf.size(hidden), tf.float32)
                # A batch may hold no word at all. Several cards each learn from the whole batch, and the optimizer adds up.
                loss = tf.math.divide_no_nan(tf.reduce_sum(losses), count * devices)
            optimizer.apply(tape.gradient(loss, learnt), learnt)
            right = tf.equal(tf.argmax(scores, axis=-1, output_type=tf.int32), hidden)
            return tf.reduce_sum(losses), tf.reduce_sum(tf.cast(right, tf.float32))

        @tf.function(input_signature=batch, jit_compile=False)  # type: ignore[untyped-decorator]
        def step(shown: Any, places: Any, hidden: Any) -> None:
            loss, right = strategy.run(learn, args=(shown, places, hidden))
            self._loss.assign_add(strategy.reduce(tf.distribute.ReduceOp.MEAN, loss, axis=None))
            self._right.assign_add(strategy.reduce(tf.distribute.ReduceOp.MEAN, right, axis=None))
            self._seen.assign_add(tf.cast(tf.size(hidden), tf.float32))

        @tf.function(input_signature=batch, jit_compile=False)  # type: ignore[untyped-decorator]
        def losses(shown: Any, places: Any, hidden: Any) -> Any:
            return guess(shown, places, hidden, learning=False)[1]

        self._step, self._losses = step, losses

    def begin(self) -> None:
        """Start an epoch: forget the sums."""
        for total in (self._loss, self._right, self._seen):
            total.assign(0.0)

    def step(
        self, shown: NDArray[np.int32], places: IntArray, hidden: NDArray[np.int32], learning_rate: float
    ) -> None:
        """Learn from one batch of `hide`."""
        self._optimizer.learning_rate.assign(learning_rate)
        self._step(shown, places, hidden)

    def losses(
        self, shown: NDArray[np.int32], places: IntArray, hidden: NDArray[np.int32]
    ) -> NDArray[np.float32]:
        """The loss of each guess at a batch of `hide`, from which nothing is learnt."""
        return np.asarray(self._losses(shown, places, hidden))

    def figures(self) -> tuple[float, float]:
        """Mean loss and share of right guesses since `begin`."""
        seen = max(float(self._seen.numpy()), 1.0)
        return float(self._loss.numpy()) / seen, float(self._right.numpy()) / seen
