"""The graphics cards of this machine in a training: how their memory is taken, and several of them learning together.

`tf.distribute.MirroredStrategy`: every card holds the weights, learns from its share of each batch, and the gradients are added up.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Any

from engine.errors import N_
from engine.models.family import Family, Training
from engine.params import Params
from engine.training.machine import machine


def find_cards(training: Training) -> None:
    """Let cards give memory as it is needed, so that two trainings can share one, and say where TensorFlow cannot use them.

    What is called 32 bits is: not TensorFloat-32, whose 10 bits of fraction the delivered file would not agree with.
    """
    import tensorflow as tf

    found = tf.config.list_physical_devices("GPU")
    for card in found:
        tf.config.experimental.set_memory_growth(card, True)
    tf.config.experimental.enable_tensor_float_32_execution(False)
    if machine().cards and not found:
        training.report(
            "log", level="warning", message=N_("TensorFlow cannot use the graphics card ({name}): its CUDA libraries are not installed here. docs/training.md says how they come."),
            params={"name": machine().accelerator},
        )  # fmt: skip


def sharing(family: Family, params: Params, training: Training) -> AbstractContextManager[Any]:
    """The scope in which `family` learns on as many cards as `params` ask for.

    "auto" takes them all for foundation models; a step of the smaller networks takes less time than exchanging its gradients.
    """
    import tensorflow as tf

    cards = tf.config.list_logical_devices("GPU")
    asked = getattr(params, "cards", "one")
    wanted = asked == "all" or (asked == "auto" and getattr(family, "pretrained", False))
    if len(cards) < 2 or not wanted:
        return nullcontext()
    training.report("log", level="info", message=N_("{count} graphics cards learn together."), params={"count": len(cards)})  # fmt: skip
    scope: AbstractContextManager[Any] = tf.distribute.MirroredStrategy([card.name for card in cards]).scope()
    return scope
