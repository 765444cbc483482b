"""The training loop of every network here: epochs over batches, live events, a stop at any batch, exact resumption.

Shuffling is a function of seed and epoch, the learning rate of the epoch, and dropout states are variables of the
model; so a checkpoint at the end of any epoch is all that a killed run needs to end like an uninterrupted one.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from engine.errors import N_
from engine.models.calibration import class_scores, negative_log_likelihood
from engine.models.family import BatchTooLarge, Discarded, Diverged, FloatArray, IntArray, Training
from engine.models.learning import Precision
from engine.training.checkpoint import Checkpoints, spared
from engine.training.machine import memory_in_use
from engine.training.precision import computing_in, loss_scaled, suited_precision
from engine.training.step import CompiledStep, Loss, Objective, forward_pass

_BETWEEN_EVENTS = 0.5
_BETWEEN_CHECKPOINTS = 5.0
"""Seconds; what a killed run has to repeat. Where epochs are shorter, writing one after each would cost a twentieth."""
_EVALUATED_AT_ONCE = 512
_PLACES_AT_ONCE = 16_384
"""Most places (rows times their length) that are evaluated at once, so that long rows do not take gigabytes."""

_CARD_IS_FULL = ("CUDA_ERROR_OUT_OF_MEMORY", "STATUS_ALLOC_FAILED", "CUDA_ERROR_ILLEGAL_ADDRESS")
"""How NVIDIA's libraries say it; the last was seen on an H100 where attention took more than 2^31 numbers."""


@dataclass(frozen=True)
class Rows:
    """Rows for a network: `take(indices)` gives its input array for those rows; `labels` are class indices.

    `lengths`, where rows differ in length, lets batches hold rows of similar length, so that little is padded.
    """

    take: Callable[[IntArray], NDArray[Any]]
    labels: IntArray
    lengths: IntArray | None = None


@dataclass(frozen=True)
class Plan:
    """How a network is trained.

    Args:
        epochs: most passes over the training rows.
        batch_size: rows a step.
        rate: learning rate after so many epochs (with fraction) and so many reductions on a plateau.
        plateau: epochs without a better one after which the rate is reduced; 0 never reduces.
        watch: what "best" means on the validation rows.
        patience: epochs without a better one after which training ends; 0 never ends early.
        keep_best: restore the weights of the best epoch at the end.
        class_weights: weight of each class in the loss, or None.
        smoothing: share of each target that is spread over all classes.
        loss, focus: see `Objective`.
        precision: in which numbers the network computes; its weights are float32 at any rate.
        shares: share of the learning rate that each trainable variable gets in an epoch, counted from 0, or None for all.
        seed: of the shuffling.
        fingerprint: of everything that makes this training what it is.
        still: whether the weights that are not trained always stay as they were made, so that no checkpoint needs them.
    """

    epochs: int
    batch_size: int
    rate: Callable[[float, int], float]
    plateau: int = 0
    watch: Literal["loss", "macro_f1"] = "loss"
    patience: int = 0
    keep_best: bool = True
    class_weights: FloatArray | None = None
    smoothing: float = 0.0
    loss: Loss = "cross_entropy"
    focus: float = 2.0
    precision: Precision = "float32"
    shares: Callable[[int], Sequence[float]] | None = None
    seed: int = 0
    fingerprint: str = ""
    still: bool = False


@dataclass
class Progress:
    """What a training has behind it; part of every checkpoint."""

    history: list[dict[str, float]] = field(default_factory=list)
    best_epoch: int = 0
    best_value: float = float("-inf")
    reductions: int = 0
    waited: int = 0
    """Epochs since the last better one or the last reduction of the learning rate."""

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
        optimizer: unbuilt Keras optimizer; its learning rate is set every step.
        train: rows to learn from.
        validation: rows to choose the best epoch by.
        plan: the settings.
        training: line to the outside. Resumes from what it finds in `training.checkpoints`.

    Raises:
        Discarded: if the user gave the run up.
        Diverged: if the loss became infinite or no number before any epoch was whole; later the best weights are kept.
        BatchTooLarge: if the memory cannot hold a batch.
    """
    precision = suited_precision(plan.precision)
    with computing_in(precision, model):
        return _train(model, loss_scaled(precision, optimizer), train, validation, plan, training)


def _train(
    model: Any, optimizer: Any, train: Rows, validation: Rows, plan: Plan, training: Training
) -> Outcome:
    optimizer.build(model.trainable_variables)
    objective = Objective(plan.loss, plan.focus, plan.class_weights, plan.smoothing)
    compiled = CompiledStep(model, optimizer, objective, scaled=plan.shares is not None)
    checkpoints = Checkpoints(training.checkpoints, plan.fingerprint)
    changing = _changing(model, plan)
    progress, best = _resume(checkpoints, changing, optimizer, training)
    stopped = diverged = False
    # A checkpoint is written while the next epoch trains; leaving the block waits for the last one.
    with ThreadPoolExecutor(max_workers=1) as writer:
        written: Future[None] | None = None
        due = float("-inf")
        while not _over(progress, plan):
            try:
                if not _one_epoch(compiled, train, validation, plan, progress, training):
                    stopped = True
                    break
            except Diverged as problem:
                if best is None:
                    raise
                diverged = True
                training.report(
                    "note", message=N_("The loss stopped being a number in epoch {epoch}; the weights of epoch {best} are kept. Choose a smaller learning rate."),
                    params={"epoch": problem.params["epoch"], "best": progress.best_epoch}, level="warning", code=problem.code,
                )  # fmt: skip
                break
            best_yet = progress.best_epoch == progress.epochs
            if best_yet:
                best = _values(changing)
            if time.monotonic() < due and not _over(progress, plan):
                continue
            values = best if best is not None and best_yet else _values(changing)
            _settle(written, training)
            written = writer.submit(
                checkpoints.save, progress.epochs, *_state(values, optimizer, progress, best)
            )
            due = time.monotonic() + _BETWEEN_CHECKPOINTS
        _settle(written, training)
    restored = plan.keep_best or stopped or diverged
    if best is not None and restored:
        _assign(changing, best)
    if _out_of_patience(progress, plan):
        training.report(
            "note", message=N_("No better epoch came for {patience} epochs, so training ended by itself."),
            params={"patience": plan.patience},
        )  # fmt: skip
    kept = progress.best_epoch if restored else progress.epochs
    return Outcome(tuple(progress.history), kept, stopped)


def predict_scores(model: Any, rows: Rows) -> FloatArray:
    """The model's scores of shape (n, classes)."""
    return _scores(forward_pass(model), rows)


def _one_epoch(
    compiled: CompiledStep, train: Rows, validation: Rows, plan: Plan, progress: Progress, training: Training
) -> bool:
    """Train one epoch and append its figures; False if the user asked to stop and keep."""
    epoch = progress.epochs
    chosen_rows = batches(train, plan, epoch)
    total, steps = len(train.labels), len(chosen_rows)
    compiled.begin()
    if plan.shares is not None:
        compiled.set_shares(plan.shares(epoch))
    started = time.monotonic()
    reported = started if epoch else float("-inf")  # the very first step is shown at once: it runs
    seen, rate = 0, 0.0
    for step, chosen in enumerate(chosen_rows):
        if ask(training):
            return False
        rate = plan.rate(epoch + step / steps, progress.reductions)
        due = time.monotonic() - reported >= _BETWEEN_EVENTS
        with within_memory(plan.batch_size):
            compiled.step(train.take(chosen), train.labels[chosen], rate, due or step == steps - 1)
        seen += len(chosen)
        if due:
            reported = time.monotonic()
            figures = compiled.figures()
            if not np.isfinite(figures["loss"]):
                raise _diverged(epoch, rate)
            training.report(
                "batch", epoch=epoch + 1, epochs=plan.epochs, step=step + 1, steps=steps, **figures, learning_rate=rate,
                memory_bytes=memory_in_use(), examples_per_second=seen / (reported - started),
            )  # fmt: skip
    figures = compiled.figures()
    trained = time.monotonic() - started
    figures |= _validate(compiled, validation)
    if not (np.isfinite(figures["loss"]) and np.isfinite(figures["val_loss"])):
        raise _diverged(epoch, rate)
    value = figures["val_macro_f1"] if plan.watch == "macro_f1" else -figures["val_loss"]
    figures |= {"learning_rate": rate, "seconds": time.monotonic() - started}
    progress.history.append(figures)
    _weigh(progress, value, plan)
    training.report(
        "epoch", epoch=progress.epochs, epochs=plan.epochs, **figures, memory_bytes=memory_in_use(),
        examples_per_second=total / trained, best_epoch=progress.best_epoch,
    )  # fmt: skip
    return True


def _diverged(epoch: int, rate: float) -> Diverged:
    return Diverged(epoch=epoch + 1, learning_rate=float(f"{rate:.3g}"))


def batches(rows: Rows, plan: Plan, epoch: int) -> list[IntArray]:
    """The rows of each step of an epoch, in an order that seed and epoch alone decide.

    Rows with lengths are shuffled, sorted by length within stretches of 32 batches, and the batches shuffled again.
    """
    rng = np.random.default_rng([plan.seed, epoch])
    order, size = rng.permutation(len(rows.labels)), plan.batch_size
    if rows.lengths is not None:
        stretches = [order[at : at + 32 * size] for at in range(0, len(order), 32 * size)]
        order = np.concatenate([s[np.argsort(rows.lengths[s], kind="stable")] for s in stretches])
    found = [order[at : at + size] for at in range(0, len(order), size)]
    if rows.lengths is not None:
        found = [found[i] for i in rng.permutation(len(found))]
    return found


def ask(training: Training) -> bool:
    """Whether the user wants to stop and keep what there is; giving up raises `Discarded`."""
    asked = training.stop()
    if asked == "discard":
        raise Discarded()
    return asked == "keep"


@contextmanager
def within_memory(size: int) -> Iterator[None]:
    """A batch of `size` rows that the memory cannot hold is said in words."""
    import tensorflow as tf

    try:
        yield
    except (tf.errors.ResourceExhaustedError, tf.errors.InternalError, MemoryError) as problem:
        if isinstance(problem, tf.errors.InternalError) and not any(
            said in str(problem) for said in _CARD_IS_FULL
        ):
            raise
        raise BatchTooLarge(size=size) from problem


def _weigh(progress: Progress, value: float, plan: Plan) -> None:
    """Note whether the epoch just appended is the best, and whether the learning rate has to be reduced."""
    if value > progress.best_value:
        progress.best_epoch, progress.best_value, progress.waited = progress.epochs, value, 0
        return
    progress.waited += 1
    if plan.plateau and progress.waited >= plan.plateau:
        progress.reductions, progress.waited = progress.reductions + 1, 0


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
    indices = np.arange(len(rows.labels)) if rows.lengths is None else np.argsort(rows.lengths, kind="stable")
    longest = 1 if rows.lengths is None else int(rows.lengths.max(initial=1))
    at_once = max(min(_EVALUATED_AT_ONCE, _PLACES_AT_ONCE // longest), 32)
    starts = range(0, len(indices), at_once)
    chunks = [np.asarray(forward(rows.take(indices[start : start + at_once]))) for start in starts]
    logits = np.concatenate(chunks).astype(np.float64)
    logits[indices] = logits.copy()
    return class_scores(logits[:, 0] if logits.shape[1] == 1 else logits)


def _over(progress: Progress, plan: Plan) -> bool:
    return progress.epochs >= plan.epochs or _out_of_patience(progress, plan)


def _out_of_patience(progress: Progress, plan: Plan) -> bool:
    return plan.patience > 0 and progress.epochs - progress.best_epoch >= plan.patience


def _changing(model: Any, plan: Plan) -> list[Any]:
    """The variables that training may change: all of them, or all but the weights of frozen layers."""
    frozen = {id(weight) for weight in model.non_trainable_weights} if plan.still else set()
    return [variable for variable in model.variables if id(variable) not in frozen]


def _resume(
    checkpoints: Checkpoints, changing: list[Any], optimizer: Any, training: Training
) -> tuple[Progress, list[NDArray[Any]] | None]:
    snapshot = checkpoints.latest()
    for name in checkpoints.damaged:
        training.report(
            "log", level="warning", message=N_("The checkpoint {name} is damaged; the one before it is used."),
            params={"name": name},
        )  # fmt: skip
    if snapshot is None:
        return Progress(), None
    _assign(changing, _numbered(snapshot.arrays, "model"))
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
    """Wait for the checkpoint before."""
    with spared(training.report):
        if written is not None:
            written.result()


def _values(variables: Any) -> list[NDArray[Any]]:
    return [variable.numpy() for variable in variables]  # of a Keras variable that is a copy


def _numbered(arrays: Any, kind: str) -> list[NDArray[Any]]:
    return [arrays[name] for name in sorted(arrays) if name.startswith(f"{kind}/")]


def _assign(variables: Any, values: list[NDArray[Any]]) -> None:
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)
