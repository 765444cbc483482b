"""The training loop of every network here: epochs over batches, live events, a stop at any batch, exact resumption.

Shuffling is a function of seed and epoch, the learning rate of the epoch, and dropout states are variables of the
model; so a checkpoint at the end of any epoch is all that a killed run needs to end like an uninterrupted one.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from engine.errors import N_
from engine.models.calibration import class_scores, negative_log_likelihood
from engine.models.family import Discarded, Diverged, FloatArray, IntArray, Training
from engine.training.checkpoint import Checkpoints
from engine.training.step import CompiledStep, forward_pass

_BETWEEN_EVENTS = 0.5
_BETWEEN_CHECKPOINTS = 2.0
"""Seconds; what a killed run has to repeat. Where epochs are shorter, writing one after each would cost a twentieth."""
_EVALUATED_AT_ONCE = 512


@dataclass(frozen=True)
class Rows:
    """Rows for a network: `take(indices)` gives its input array for those rows; `labels` are class indices."""

    take: Callable[[IntArray], NDArray[Any]]
    labels: IntArray


@dataclass(frozen=True)
class Plan:
    """How a network is trained.

    Args:
        epochs: most passes over the training rows.
        batch_size: rows a step.
        rate: learning rate of an epoch, counted from 0.
        watch: what "best" means on the validation rows.
        patience: epochs without a better one after which training ends; 0 never ends early.
        keep_best: restore the weights of the best epoch at the end.
        class_weights: weight of each class in the loss, or None.
        smoothing: share of each target that is spread over all classes.
        seed: of the shuffling.
        fingerprint: of everything that makes this training what it is.
    """

    epochs: int
    batch_size: int
    rate: Callable[[int], float]
    watch: Literal["loss", "macro_f1"] = "loss"
    patience: int = 0
    keep_best: bool = True
    class_weights: FloatArray | None = None
    smoothing: float = 0.0
    seed: int = 0
    fingerprint: str = ""


@dataclass
class Progress:
    """What a training has behind it; part of every checkpoint."""

    history: list[dict[str, float]] = field(default_factory=list)
    best_epoch: int = 0
    best_value: float = float("-inf")

    @property
    def epochs(self) -> int:
        return len(self.history)


@dataclass(frozen=True)
class Outcome:
    """The epochs' figures, the epoch (from 1) whose weights were kept, and whether the user stopped it."""

    history: tuple[dict[str, float], ...]
    best_epoch: int
    stopped_early: bool


def train_network(
    model: Any, optimizer: Any, train: Rows, validation: Rows, plan: Plan, training: Training
) -> Outcome:
    """Train `model` in place.

    Args:
        model: Keras model from one input to logits of shape (n, classes), or (n, 1) for the second of two classes.
        optimizer: unbuilt Keras optimizer; its learning rate is set every epoch.
        train: rows to learn from.
        validation: rows to choose the best epoch by.
        plan: the settings.
        training: line to the outside. Resumes from what it finds in `training.checkpoints`.

    Raises:
        Discarded: if the user gave the run up.
        Diverged: if the loss became infinite or no number.
    """
    optimizer.build(model.trainable_variables)
    compiled = CompiledStep(model, optimizer, plan.class_weights, plan.smoothing)
    checkpoints = Checkpoints(training.checkpoints, plan.fingerprint)
    progress, best = _resume(checkpoints, model, optimizer, training)
    stopped = False
    # A checkpoint is written while the next epoch trains; leaving the block waits for the last one.
    with ThreadPoolExecutor(max_workers=1) as writer:
        written: Future[None] | None = None
        due = float("-inf")
        while not _over(progress, plan):
            if not _one_epoch(compiled, train, validation, plan, progress, training):
                stopped = True
                break
            best_yet = progress.best_epoch == progress.epochs
            if best_yet:
                best = _values(model.variables)
            if time.monotonic() < due and not _over(progress, plan):
                continue
            values = best if best is not None and best_yet else _values(model.variables)
            _settle(written, training)
            written = writer.submit(
                checkpoints.save, progress.epochs, *_state(values, optimizer, progress, best)
            )
            due = time.monotonic() + _BETWEEN_CHECKPOINTS
        _settle(written, training)
    if best is not None and (plan.keep_best or stopped):
        _assign(model.variables, best)
    if _out_of_patience(progress, plan):
        training.report(
            "note", message=N_("No better epoch came for {patience} epochs, so training ended by itself."),
            params={"patience": plan.patience},
        )  # fmt: skip
    kept = progress.best_epoch if plan.keep_best or stopped else progress.epochs
    return Outcome(tuple(progress.history), kept, stopped)


def predict_scores(model: Any, rows: Rows) -> FloatArray:
    """The model's scores of shape (n, classes)."""
    return _scores(forward_pass(model), rows)


def _one_epoch(
    compiled: CompiledStep, train: Rows, validation: Rows, plan: Plan, progress: Progress, training: Training
) -> bool:
    """Train one epoch and append its figures; False if the user asked to stop and keep."""
    epoch = progress.epochs
    order = np.random.default_rng([plan.seed, epoch]).permutation(len(train.labels))
    steps = -(-len(order) // plan.batch_size)
    rate = plan.rate(epoch)
    compiled.begin(rate)
    started = time.monotonic()
    reported = started if epoch else float("-inf")  # the very first step is shown at once: it runs
    for step in range(steps):
        asked = training.stop()
        if asked == "discard":
            raise Discarded()
        if asked == "keep":
            return False
        chosen = order[step * plan.batch_size : (step + 1) * plan.batch_size]
        compiled.step(train.take(chosen), train.labels[chosen])
        now = time.monotonic()
        if now - reported >= _BETWEEN_EVENTS:
            reported = now
            done = step + 1
            training.report(
                "batch", epoch=epoch + 1, epochs=plan.epochs, step=done, steps=steps, **compiled.figures(),
                examples_per_second=min(done * plan.batch_size, len(order)) / (now - started),
            )  # fmt: skip
    figures = compiled.figures()
    trained = time.monotonic() - started
    figures |= _validate(compiled, validation)
    if not (np.isfinite(figures["loss"]) and np.isfinite(figures["val_loss"])):
        raise Diverged(epoch=epoch + 1, learning_rate=rate)
    value = figures["val_macro_f1"] if plan.watch == "macro_f1" else -figures["val_loss"]
    figures |= {"learning_rate": rate, "seconds": time.monotonic() - started}
    progress.history.append(figures)
    if value > progress.best_value:
        progress.best_epoch, progress.best_value = progress.epochs, value
    training.report(
        "epoch", epoch=progress.epochs, epochs=plan.epochs, **figures,
        examples_per_second=len(order) / trained, best_epoch=progress.best_epoch,
    )  # fmt: skip
    return True


def _validate(compiled: CompiledStep, rows: Rows) -> dict[str, float]:
    from sklearn.metrics import f1_score

    scores = _scores(compiled.forward, rows)
    predicted = scores.argmax(axis=1)
    labels = list(range(scores.shape[1]))
    return {
        "val_loss": negative_log_likelihood(scores, rows.labels),
        "val_accuracy": float(np.mean(predicted == rows.labels)),
        "val_macro_f1": float(
            f1_score(rows.labels, predicted, labels=labels, average="macro", zero_division=0)
        ),
    }


def _scores(forward: Callable[[NDArray[Any]], Any], rows: Rows) -> FloatArray:
    indices = np.arange(len(rows.labels))
    starts = range(0, len(indices), _EVALUATED_AT_ONCE)
    chunks = [np.asarray(forward(rows.take(indices[start : start + _EVALUATED_AT_ONCE]))) for start in starts]
    logits = np.concatenate(chunks).astype(np.float64)
    return class_scores(logits[:, 0] if logits.shape[1] == 1 else logits)


def _over(progress: Progress, plan: Plan) -> bool:
    return progress.epochs >= plan.epochs or _out_of_patience(progress, plan)


def _out_of_patience(progress: Progress, plan: Plan) -> bool:
    return plan.patience > 0 and progress.epochs - progress.best_epoch >= plan.patience


def _resume(
    checkpoints: Checkpoints, model: Any, optimizer: Any, training: Training
) -> tuple[Progress, list[NDArray[Any]] | None]:
    snapshot = checkpoints.latest()
    for name in checkpoints.damaged:
        training.report(
            "log", level="warning", message=N_("The checkpoint {name} is damaged; the one before it is used."),
            params={"name": name},
        )  # fmt: skip
    if snapshot is None:
        return Progress(), None
    _assign(model.variables, _numbered(snapshot.arrays, "model"))
    _assign(optimizer.variables, _numbered(snapshot.arrays, "optimizer"))
    progress = Progress(**snapshot.meta)
    training.report(
        "log", level="info", message=N_("Resumed after epoch {epoch}."), params={"epoch": progress.epochs}
    )
    best = "model" if progress.best_epoch == progress.epochs else "best"
    return progress, _numbered(snapshot.arrays, best) or None


def _state(
    values: list[NDArray[Any]], optimizer: Any, progress: Progress, best: list[NDArray[Any]] | None
) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    """Everything that the next epoch depends on, as copies; the best weights only where they are not the present ones."""
    kinds = {
        "model": values, "optimizer": _values(optimizer.variables), "best": [] if best is None or best is values else best,
    }  # fmt: skip
    arrays = {
        f"{kind}/{index:04d}": value for kind, values in kinds.items() for index, value in enumerate(values)
    }
    return arrays, {**vars(progress), "history": list(progress.history)}


def _settle(written: Future[None] | None, training: Training) -> None:
    """Wait for the checkpoint before; a full disk costs the checkpoint, not the training."""
    try:
        if written is not None:
            written.result()
    except OSError as problem:
        training.report(
            "log", level="warning", message=N_("A checkpoint was not written: {problem}"), params={"problem": str(problem)}
        )  # fmt: skip


def _values(variables: Any) -> list[NDArray[Any]]:
    return [variable.numpy().copy() for variable in variables]


def _numbered(arrays: Any, kind: str) -> list[NDArray[Any]]:
    return [arrays[name] for name in sorted(arrays) if name.startswith(f"{kind}/")]


def _assign(variables: Any, values: list[NDArray[Any]]) -> None:
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)
