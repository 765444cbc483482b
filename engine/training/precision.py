"""In which numbers a network computes while it learns: 32 bits, or 16 where a card does those several times as fast.

Mixed precision: weights, their updates and the last layer stay float32. Micikevicius et al., "Mixed precision training" (2018),
whose scaling of the loss keeps small gradients of float16 from becoming zero; bfloat16 has the range of float32 and needs none.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from engine.models.learning import Precision

_HAS_BFLOAT16 = (8, 0)
"""Compute capability of the first NVIDIA cards that multiply in bfloat16."""


def suited_precision(asked: Precision) -> Precision:
    """What "auto" stands for here: mixed bfloat16 if every card has it, else float32."""
    import tensorflow as tf

    if asked != "auto":
        return asked
    cards = tf.config.list_physical_devices("GPU")
    said = [tf.config.experimental.get_device_details(card).get("compute_capability") for card in cards]
    able = bool(said) and all(known is not None and known >= _HAS_BFLOAT16 for known in said)
    return "mixed_bfloat16" if able else "float32"


@contextmanager
def computing_in(precision: Precision, model: Any) -> Iterator[None]:
    """Within, the layers of `model` compute in `precision`; after it in float32 again, with what they have learnt.

    The last layer keeps float32, because losses are read off it, and so do recurrent ones: NVIDIA's library has them in no bfloat16.
    """
    import keras

    layers = [] if precision == "float32" else model._flatten_layers(include_self=False)
    kept = {
        id(part)
        for layer in layers
        if isinstance(layer, keras.layers.RNN)
        for part in layer._flatten_layers()
    }
    kept |= {id(model.layers[-1])}
    before = [(layer, layer.dtype_policy) for layer in layers if id(layer) not in kept]
    try:
        for layer, _ in before:
            layer.dtype_policy = precision
        yield
    finally:
        for layer, policy in before:
            layer.dtype_policy = policy


def loss_scaled(precision: Precision, optimizer: Any) -> Any:
    """The optimizer, which also scales the loss where small gradients would be lost."""
    import keras

    return keras.optimizers.LossScaleOptimizer(optimizer) if precision == "mixed_float16" else optimizer
