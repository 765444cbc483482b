"""Rows without a label get the one that a first training is sure of, and join the train rows of the second.

Lee, "Pseudo-Label: the simple and efficient semi-supervised learning method for deep neural networks" (2013), section 2; here
once between two trainings instead of in every step, so that it works for every family, and above a threshold.

Stage 4 (training).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from engine.errors import N_
from engine.models.decision import macro_f1
from engine.models.family import Fitted, FloatArray, IntArray, Training, TrainingData, read_part
from engine.models.network import fingerprint
from engine.recipe import PseudoLabels, Recipe
from engine.training.checkpoint import Checkpoints, spared
from engine.training.run import fit_run

FOLDER = "pseudo-labels"


def with_pseudo_labels(
    recipe: Recipe, data: TrainingData, training: Training
) -> tuple[TrainingData, Fitted | None]:
    """The data for the second training; unchanged where the recipe asks for no guesses or no row lacks a label.

    Args:
        recipe: see `PseudoLabels`.
        data: `unlabelled_inputs` are guessed; those that join the train rows stand at their end.
        training: the line to the outside. What was guessed is kept in `training.checkpoints`: a killed run guesses once.

    Returns:
        The data, and the first model if somebody stopped there to keep it, whole or not: then there is no second training.
    """
    settings = recipe.pseudo_labels
    if not (settings.enabled and data.unlabelled_inputs):
        return data, None
    family, params = read_part(recipe.family)
    mark = fingerprint(f"{family.name} {settings.model_dump_json()}", family.version, params, data)
    kept = Checkpoints(training.checkpoints / FOLDER, mark)
    snapshot = kept.latest()
    if snapshot is None:
        training.report("phase", name=N_("First training, on the rows with a label"))
        first = replace(training, report=_told_apart(training), checkpoints=training.checkpoints / FOLDER / "first")  # fmt: skip
        fitted = fit_run(recipe, data, first)
        training.report("phase", name=N_("Guessing labels"))
        said = fitted.predict_proba(data.unlabelled_inputs)
        if fitted.stopped_early or training.stop() == "keep":
            training.report("note", message=N_("The first training was stopped, so no label was guessed."), params={})  # fmt: skip
            return data, fitted
        rows = sure(said, np.bincount(data.train_labels, minlength=len(data.classes)), settings)
        labels = said[rows].argmax(axis=1)
        reached = fitted.predict_proba(data.validation_inputs).argmax(axis=1)
        score = macro_f1(data.validation_labels, reached, len(data.classes))
        training.report(
            "log", level="info", message=N_("First training: macro-F1 {score} on validation"), params={"score": f"{score:.4f}"},
        )  # fmt: skip
        with spared(training.report):
            kept.save(1, {"rows": rows, "labels": labels}, {})
    else:
        rows, labels = snapshot.arrays["rows"], snapshot.arrays["labels"]
    made = np.bincount(labels, minlength=len(data.classes))
    training.report(
        "note", message=N_("{made:,} of {all:,} rows without a label join the train rows with a guessed one: {classes}."),
        params={
            "made": len(rows), "all": len(data.unlabelled_inputs),
            "classes": [f"“{name}” {count:,}" for name, count in zip(data.classes, made.tolist(), strict=True)],
        },
    )  # fmt: skip
    joined, left = set(rows.tolist()), data.unlabelled_inputs
    grown = replace(
        data,
        train_inputs=[*data.train_inputs, *(left[row] for row in rows)],
        train_labels=np.concatenate([data.train_labels, labels]),
        unlabelled_inputs=[text for row, text in enumerate(left) if row not in joined],
    )
    return grown, None


def sure(said: FloatArray, sizes: IntArray, settings: PseudoLabels) -> IntArray:
    """The rows whose guess counts, in order: of each class the surest above the threshold, so many as its train rows allow.

    Args:
        said: calibrated probabilities of the rows without a label, shape (n, classes).
        sizes: train rows of each class.
        settings: threshold and share.
    """
    guesses, confidence = said.argmax(axis=1), said.max(axis=1)
    surest = np.argsort(-confidence, kind="stable")
    surest = surest[confidence[surest] >= settings.threshold]
    chosen = [
        surest[guesses[surest] == label][: int(settings.most * size)] for label, size in enumerate(sizes)
    ]
    return np.asarray(np.sort(np.concatenate(chosen)), dtype=np.int64)


def _told_apart(training: Training) -> Any:
    """The line for the first training, whose epochs must not be taken for those of the second."""

    def report(kind: str, **payload: Any) -> None:
        if kind == "epoch":
            training.report(
                "log", level="info", message=N_("First training, epoch {epoch} of {epochs}: macro-F1 {score} on validation"),
                params={"epoch": payload["epoch"], "epochs": payload["epochs"], "score": f"{payload['val_macro_f1']:.4f}"},
            )  # fmt: skip
        elif kind != "batch":
            training.report(kind, **payload)

    return report
