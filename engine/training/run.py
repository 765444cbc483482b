"""From a recipe and encoded rows to a fitted model, within the threads that the run may use.

Stage 4 (training).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from engine.errors import N_
from engine.models.family import Fitted, Training, TrainingData, read_part
from engine.recipe import Part, Recipe
from engine.training.devices import find_cards, sharing


def fit_run(recipe: Recipe, data: TrainingData, training: Training) -> Fitted:
    """Fit the recipe's family on encoded rows, with at most `training.threads` processor threads.

    Args:
        recipe: names the family and its parameters.
        data: rows that were cleaned already, with at least two classes in train and some validation rows.
        training: the line to the outside; resumes from `training.checkpoints`.

    Raises:
        UnknownName, InvalidParameter, FamilyVersionUnknown: the recipe asks for what this code does not know.
        Discarded: the user gave the run up.
    """
    return fit_part(recipe.family, data, training)


def fit_part(part: Part, data: TrainingData, training: Training) -> Fitted:
    """As `fit_run`, for a family and its settings alone."""
    family, params = read_part(part)
    with _threads(training.threads):
        if not family.needs_tensorflow:
            return family.fit(data, params, training)
        _limit_tensorflow(training)
        if getattr(params, "deterministic", False):
            _repeat_exactly()
        with sharing(family, params, training):
            return family.fit(data, params, training)


@contextmanager
def _threads(count: int) -> Iterator[None]:
    """Keep the numeric libraries that are loaded already (BLAS, OpenMP) to `count` threads."""
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    with threadpool_limits(count):
        yield


def _limit_tensorflow(training: Training) -> None:
    from engine.training.preload import preload

    training.report("phase", name=N_("Loading TensorFlow"))
    preload()
    import tensorflow as tf

    try:
        find_cards(training)
        tf.config.threading.set_intra_op_parallelism_threads(training.threads)
        tf.config.threading.set_inter_op_parallelism_threads(training.threads)
    except RuntimeError:  # an operation ran in this process already, so its threads are what they are
        training.report(
            "log", level="info", message=N_("TensorFlow keeps the threads that it started with."), params={}
        )


def _repeat_exactly() -> None:
    """Take operations that give the same bits every time, for as long as this process lives."""
    import tensorflow as tf

    tf.config.experimental.enable_op_determinism()
