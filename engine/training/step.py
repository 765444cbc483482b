"""One step of gradient descent and one forward pass of a Keras model, compiled once.

Stage 4 (training).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.models.family import FloatArray, IntArray


def forward_pass(model: Any) -> Callable[[NDArray[Any]], Any]:
    """The model as one compiled call from an input array to its output; dropout is off."""
    import tensorflow as tf

    signature = [tf.TensorSpec(model.inputs[0].shape, model.inputs[0].dtype)]
    forward: Callable[[NDArray[Any]], Any] = tf.function(
        lambda inputs: model(inputs, training=False), input_signature=signature, jit_compile=False
    )
    return forward


class CompiledStep:
    """A model, its optimizer and the loss, compiled; running sums stay on the device until someone looks.

    Args:
        model: Keras model from one input to logits, see `train_network`.
        optimizer: built Keras optimizer.
        class_weights: weight of each class in the loss, or None.
        smoothing: share of each target that is spread over all classes.
    """

    def __init__(
        self, model: Any, optimizer: Any, class_weights: FloatArray | None, smoothing: float
    ) -> None:
        import tensorflow as tf

        self.optimizer = optimizer
        self.forward = forward_pass(model)
        self._loss, self._hits = tf.Variable(0.0), tf.Variable(0.0)
        self._seen = 0
        classes = max(int(model.outputs[0].shape[-1]), 2)
        weights = tf.constant(np.ones(classes) if class_weights is None else class_weights, tf.float32)
        signature = [
            tf.TensorSpec(model.inputs[0].shape, model.inputs[0].dtype),
            tf.TensorSpec([None], tf.int64),
        ]

        @tf.function(input_signature=signature, jit_compile=False)  # type: ignore[untyped-decorator]
        def step(inputs: Any, labels: Any) -> None:
            with tf.GradientTape() as tape:
                scores = model(inputs, training=True)
                if scores.shape[-1] == 1:
                    scores = tf.concat([tf.zeros_like(scores), scores], axis=-1)
                targets = tf.one_hot(labels, classes) * (1 - smoothing) + smoothing / classes
                losses = tf.nn.softmax_cross_entropy_with_logits(targets, scores)
                loss = tf.reduce_mean(losses * tf.gather(weights, labels))
                objective = tf.add_n([loss, *model.losses])
            gradients = tape.gradient(objective, model.trainable_variables)
            optimizer.apply(gradients, model.trainable_variables)
            right = tf.equal(tf.argmax(scores, axis=-1, output_type=labels.dtype), labels)
            self._loss.assign_add(loss * tf.cast(tf.size(labels), tf.float32))
            self._hits.assign_add(tf.reduce_sum(tf.cast(right, tf.float32)))

        self._step = step

    def begin(self, learning_rate: float) -> None:
        """Start an epoch: set the learning rate, forget the sums."""
        self.optimizer.learning_rate.assign(learning_rate)
        self._loss.assign(0.0)
        self._hits.assign(0.0)
        self._seen = 0

    def step(self, inputs: NDArray[Any], labels: IntArray) -> None:
        """Learn from one batch."""
        self._step(inputs, labels)
        self._seen += len(labels)

    def figures(self) -> dict[str, float]:
        """Mean loss and accuracy of this epoch so far."""
        return {"loss": float(self._loss) / self._seen, "accuracy": float(self._hits) / self._seen}
