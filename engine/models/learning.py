"""How a network learns: the settings that every network family shares, and what they mean for the training loop.

Importing this stays light; Keras is imported where an optimizer is made.
"""

from __future__ import annotations

from math import cos, pi
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from engine.errors import N_
from engine.models.decision import DecisionParams
from engine.models.family import FloatArray, Machine, Setting, TrainingData
from engine.params import Params, param

if TYPE_CHECKING:
    from engine.training.loop import Plan

MOMENTUM = 0.9

Decay = Literal["exponential", "step", "cosine", "linear", "plateau", "none"]
Precision = Literal["auto", "float32", "mixed_bfloat16", "mixed_float16"]
Optimizer = Literal[
    "adam", "adamw", "gradient_descent", "momentum", "nesterov", "rmsprop", "adafactor", "lion"
]


class LearningParams(DecisionParams):
    """Epochs, steps, learning rate, optimizer and loss of a network. A family sets its own defaults."""

    epochs: int = param(30, N_("Epochs"), N_("Most passes over the training texts."), low=1, high=200)
    patience: int = param(
        3, N_("Patience"), N_("Training ends after this many epochs without a better one; 0 runs all epochs."), low=0, high=50,
        unit=N_("epochs"),
    )  # fmt: skip
    batch_size: int = param(
        128, N_("Batch size"), N_("Texts between two updates of the weights."), low=8, high=1024, scale="log", unit=N_("texts"),
    )  # fmt: skip
    learning_rate: float = param(
        5e-4, N_("Learning rate"), N_("Size of the first steps."), low=1e-6, high=1.0, scale="log",
    )  # fmt: skip
    decay: Decay = param(
        "exponential", N_("Learning rate decay"), N_("How the steps shrink from epoch to epoch."),
        titles=(N_("exponential"), N_("in steps"), N_("cosine"), N_("linear to zero"), N_("when validation stops improving"), N_("none")),
    )  # fmt: skip
    decay_rate: float = param(
        0.95, N_("Decay factor"), N_("The learning rate is multiplied by this."), low=0.1, high=1.0, level="advanced",
        depends_on=("decay", ("exponential", "step", "plateau")),
    )  # fmt: skip
    decay_every: int = param(
        5, N_("Epochs a step"), N_("Epochs between two reductions; on a plateau, epochs without a better one."), low=1, high=50,
        level="advanced", depends_on=("decay", ("step", "plateau")),
    )  # fmt: skip
    warmup: float = param(
        0.0, N_("Warm-up"), N_("Share of the epochs in which the learning rate rises from zero; large networks start steadier."),
        low=0.0, high=0.5, level="advanced",
    )  # fmt: skip
    optimizer: Optimizer = param(
        "adam", N_("Optimizer"), N_("Adam adapts the step of every weight; plain gradient descent is the formula of the article."),
        level="advanced", titles=(
            "Adam", "AdamW", N_("gradient descent"), N_("with momentum"), N_("with Nesterov momentum"), "RMSprop", "Adafactor", "Lion",
        ),
    )  # fmt: skip
    loss: Literal["cross_entropy", "focal", "squared"] = param(
        "cross_entropy", N_("Loss"),
        N_("Cross-entropy suits classes; the focal loss looks at the hard texts; squared error is there to compare."),
        level="advanced", titles=(N_("cross-entropy"), N_("focal"), N_("squared error")),
    )  # fmt: skip
    focus: float = param(
        2.0, N_("Focus"), N_("The larger, the less texts count that are told apart already."), low=0.5, high=5.0,
        level="advanced", depends_on=("loss", ("focal",)),
    )  # fmt: skip
    smoothing: float = param(
        0.0, N_("Label smoothing"), N_("Share of each label that is spread over all classes; helps when some labels are wrong."),
        low=0.0, high=0.3, level="advanced",
    )  # fmt: skip
    weight_decay: float = param(
        0.0, N_("Weight decay"), N_("Each step shrinks the weights by this share of the learning rate (not biases and norms)."),
        low=0.0, high=0.3, level="advanced",
    )  # fmt: skip
    clip: float = param(
        0.0, N_("Gradient clipping"), N_("Longest gradient that a step follows; 0 does not clip."), low=0.0, high=10.0,
        level="advanced",
    )  # fmt: skip
    accumulate: int = param(
        1, N_("Batches an update"), N_("Gradients of several batches make one update: a larger batch without its memory."), low=1,
        high=64, scale="log", level="advanced",
    )  # fmt: skip
    precision: Precision = param(
        "auto", N_("Precision of numbers"),
        N_("16 bits are faster on graphics cards and slower on processors: automatic takes bfloat16 on cards that have it. The model that is delivered computes in 32 bits."),
        level="advanced", titles=(N_("automatic"), N_("32 bits"), N_("16 bits, bfloat16"), N_("16 bits, float16")),
    )  # fmt: skip
    cards: Literal["auto", "one", "all"] = param(
        "auto", N_("Graphics cards"),
        N_("Several cards share each batch. It pays with foundation models and large batches, so automatic takes all cards for those and one otherwise."),
        level="advanced", titles=(N_("automatic"), N_("one"), N_("all of this machine")),
    )  # fmt: skip
    deterministic: bool = param(
        False, N_("The same to the last bit"),
        N_("Only operations whose result does not depend on the order of threads: the run repeated gives the very same model, also on a graphics card. Steps take longer there."),
        level="advanced",
    )  # fmt: skip
    watch: Literal["loss", "macro_f1"] = param(
        "loss", N_("Best epoch by"), N_("The loss on validation is steadier than macro-F1 when there are few validation rows."),
        level="advanced", titles=(N_("validation loss"), N_("validation macro-F1")),
    )  # fmt: skip


_LEARNING = {
    *LearningParams.model_fields, "dropout", "l2", "thaw", "layer_decay", "pretraining_rate", "general", "general_share",
}  # fmt: skip
"""Settings that only say how a network learns."""


def shaping(params: Params) -> dict[str, Any]:
    """The settings of a network that may decide over the size and the speed of what is delivered: all that are not known to do otherwise."""
    return {name: value for name, value in params.model_dump(mode="json").items() if name not in _LEARNING}


def on_machine(machine: Machine) -> dict[str, Setting]:
    """What the dial says of the fields that only a graphics card gives a meaning."""
    if not machine.cards:
        none = Setting("auto", N_("This machine has no graphics card: its processor computes, in 32 bits."))
        return {"precision": none, "cards": none}
    said = {
        "count": machine.cards,
        "name": machine.accelerator,
        "memory": round(machine.card_memory_bytes / 1e9),
    }
    here = Setting("auto", N_("This machine has {count} × {name} with {memory} GB."), said)
    return {"precision": here, "cards": here}


def learning_rate(params: LearningParams, done: float, reductions: int = 0) -> float:
    """The learning rate after `done` epochs: it rises in the warm-up and decays from the end of that on.

    Whole epochs count, the fraction only for the warm-up and the linear decay.

    Args:
        params: the settings.
        done: epochs behind, counted from 0; 2.5 is the middle of the third.
        reductions: how often a plateau was reached.
    """
    start, rising = params.learning_rate, params.warmup * params.epochs
    if done < rising:
        return start * (done + 1e-3) / (rising + 1e-3)
    epoch, falling = int(done - rising), max(params.epochs - rising, 1e-9)
    if params.decay == "exponential":
        return start * params.decay_rate**epoch
    if params.decay == "step":
        return start * params.decay_rate ** (epoch // params.decay_every)
    if params.decay == "cosine":
        return start * 0.5 * (1 + cos(pi * epoch / falling))
    if params.decay == "linear":
        return start * max(params.epochs - done, 0.0) / falling
    if params.decay == "plateau":
        return start * params.decay_rate**reductions
    return start


def expected_epochs(params: LearningParams) -> int:
    """Epochs that a training takes, roughly: with patience, the best one comes long before the last that is allowed."""
    return min(params.epochs, 3 * params.patience + 3) if params.patience else params.epochs


def rates(params: LearningParams) -> list[float]:
    """The learning rate over the whole training, as many values an epoch, for a preview; a plateau cannot be foreseen."""
    points = max(2, min(20, 1000 // params.epochs))
    return [learning_rate(params, (place + 0.5) / points) for place in range(points * params.epochs)]


def plan(params: LearningParams, data: TrainingData, fingerprint: str) -> Plan:
    """The settings as the training loop takes them."""
    from engine.training.loop import Plan

    return Plan(
        epochs=params.epochs,
        batch_size=params.batch_size,
        rate=lambda done, reductions: learning_rate(params, done, reductions),
        plateau=params.decay_every if params.decay == "plateau" else 0,
        watch=params.watch,
        patience=params.patience,
        class_weights=class_balance(data) if params.balanced else None,
        smoothing=params.smoothing,
        loss=params.loss,
        focus=params.focus,
        precision=params.precision,
        seed=data.seed,
        fingerprint=fingerprint,
    )


def make_optimizer(params: LearningParams) -> Any:
    """An unbuilt Keras optimizer of the chosen kind, made in the scope in which it is used.

    Weight decay is decoupled from the gradient (Loshchilov and Hutter, "Decoupled weight decay regularization", 2019) and
    leaves biases and the scales of normalizations alone.
    """
    import keras
    import tensorflow as tf

    devices = tf.distribute.get_strategy().num_replicas_in_sync
    kinds: dict[str, tuple[Any, dict[str, Any]]] = {
        "adam": (keras.optimizers.Adam, {}),
        # AdamW without a decay is Adam, and Keras' own refuses to be made without one
        "adamw": (keras.optimizers.AdamW if params.weight_decay else keras.optimizers.Adam, {}),
        "gradient_descent": (keras.optimizers.SGD, {}),
        "momentum": (keras.optimizers.SGD, {"momentum": MOMENTUM}),
        "nesterov": (keras.optimizers.SGD, {"momentum": MOMENTUM, "nesterov": True}),
        "rmsprop": (keras.optimizers.RMSprop, {}),
        "adafactor": (keras.optimizers.Adafactor, {"relative_step": False}),
        "lion": (keras.optimizers.Lion, {}),
    }
    kind, settings = kinds[params.optimizer]
    optimizer = kind(
        params.learning_rate,
        weight_decay=params.weight_decay or None,
        global_clipnorm=params.clip / devices
        or None,  # see `CompiledStep`: each brings its part of the gradient
        gradient_accumulation_steps=params.accumulate if params.accumulate > 1 else None,
        **settings,
    )
    if params.weight_decay:
        optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
    return optimizer


def class_balance(data: TrainingData) -> FloatArray:
    """A weight a class, inverse to its frequency, so that the mean over the rows is 1."""
    counts = np.bincount(data.train_labels, minlength=len(data.classes))
    return np.asarray(len(data.train_labels) / (len(data.classes) * np.maximum(counts, 1)), dtype=np.float64)
