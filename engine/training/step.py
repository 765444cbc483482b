"""One step of gradient descent and one forward pass of a Keras model, compiled once.

Stage 4 (training).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from engine.models.family import FloatArray, IntArray

Loss = Literal["cross_entropy", "focal", "squared"]

_SURE = 1e-6
"""A text that lacks less than this of certainty is as good as certain; float32 rounds it away at a tenth of that."""


def forward_pass(model: Any) -> Callable[[NDArray[Any]], Any]:
    """The model as one compiled call from an input array to its output; dropout is off."""
    import tensorflow as tf

    signature = [tf.TensorSpec(model.inputs[0].shape, model.inputs[0].dtype)]
    forward: Callable[[NDArray[Any]], Any] = tf.function(
        lambda inputs: model(inputs, training=False), input_signature=signature, jit_compile=False
    )
    return forward


@dataclass(frozen=True)
class Objective:
    """What a step minimises.

    Args:
        loss: cross-entropy after softmax; "focal" weighs each row by (1 - p)^focus, p its probability of the right class
            (Lin et al., "Focal loss for dense object detection", 2017, equation 4); "squared" is the squared error of the
            probabilities, summed over the classes.
        focus: exponent of the focal loss.
        class_weights: weight of each class, or None.
        smoothing: share of each target that is spread over all classes.
    """

    loss: Loss = "cross_entropy"
    focus: float = 2.0
    class_weights: FloatArray | None = None
    smoothing: float = 0.0

    def losses(self, scores: Any, labels: Any, classes: int) -> Any:
        """The loss of every row, not weighted by class; `scores` are logits of shape (n, classes)."""
        import tensorflow as tf

        if self.loss == "cross_entropy" and not self.smoothing:
            return tf.nn.sparse_softmax_cross_entropy_with_logits(labels, scores)
        targets = tf.one_hot(labels, classes) * (1 - self.smoothing) + self.smoothing / classes
        if self.loss == "squared":
            return tf.reduce_sum(tf.square(tf.nn.softmax(scores) - targets), axis=-1)
        losses = tf.nn.softmax_cross_entropy_with_logits(targets, scores)
        if self.loss == "focal":
            right = tf.gather(tf.nn.softmax(scores), labels, batch_dims=1)
            # below a focus of 1 the slope at 0 is endless, and what is endless times nothing is no number
            losses *= tf.pow(tf.maximum(1 - right, _SURE), self.focus)
        return losses


class CompiledStep:
    """A model, its optimizer and the objective, compiled; running sums stay on the device until someone looks.

    Made in the scope of a `tf.distribute` strategy, every device learns from its share of the rows of a batch, and all from the
    sum of their gradients: what is learnt is what one device would learn.

    Args:
        model: Keras model from one input to logits, see `train_network`.
        optimizer: built Keras optimizer; what it clips is the gradient over the number of devices.
        objective: what a step minimises.
        scaled: whether each variable has a share of its own of the learning rate, see `set_shares`; costs a copy of the weights a step.
    """

    def __init__(self, model: Any, optimizer: Any, objective: Objective, scaled: bool = False) -> None:
        import tensorflow as tf

        self.optimizer = optimizer
        self.forward = forward_pass(model)
        self._loss, self._hits = tf.Variable(0.0), tf.Variable(0.0)
        self._measure, self._norm = tf.Variable(False), tf.Variable(0.0)
        self._seen, self._measured, self._rate = 0, False, float("nan")
        classes = max(int(model.outputs[0].shape[-1]), 2)
        weights = objective.class_weights
        variables = model.trainable_variables
        shares = tf.Variable(np.ones(len(variables)), dtype=tf.float32)
        self._shares = shares
        strategy = tf.distribute.get_strategy()
        devices = strategy.num_replicas_in_sync
        signature = [
            tf.TensorSpec(model.inputs[0].shape, model.inputs[0].dtype),
            tf.TensorSpec([None], tf.int64),
        ]

        def learn(inputs: Any, labels: Any) -> tuple[Any, Any, Any]:
            """What one device does: losses and hits of its rows, summed, and the length of the whole gradient if asked for."""
            rows = tf.cast(tf.size(labels), tf.float32)
            context = tf.distribute.get_replica_context()
            if devices > 1:
                first = context.replica_id_in_sync_group
                inputs, labels = inputs[first::devices], labels[first::devices]
            with tf.GradientTape() as tape:
                scores = tf.cast(model(inputs, training=True), tf.float32)
                if scores.shape[-1] == 1:
                    scores = tf.concat([tf.zeros_like(scores), scores], axis=-1)
                losses = objective.losses(scores, labels, classes)
                if weights is not None:
                    losses *= tf.gather(tf.constant(weights, tf.float32), labels)
                loss = tf.reduce_sum(losses)
                penalties = [penalty / devices for penalty in model.losses]
                aim = optimizer.scale_loss(tf.add_n([loss / rows, *penalties]) / devices)
            gradients = tape.gradient(aim, variables)
            if devices > 1:
                # The optimizer adds up over the devices too, but only after it has clipped.
                gradients = context.all_reduce(tf.distribute.ReduceOp.SUM, gradients)
            factor = devices / optimizer.scale_loss(1.0)
            length = tf.cond(self._measure, lambda: tf.linalg.global_norm(gradients) * factor, lambda: self._norm.read_value())  # fmt: skip
            optimizer.apply(gradients, variables)
            right = tf.equal(tf.argmax(scores, axis=-1, output_type=labels.dtype), labels)
            return loss, tf.reduce_sum(tf.cast(right, tf.float32)), length

        @tf.function(input_signature=signature, jit_compile=False)  # type: ignore[untyped-decorator]
        def step(inputs: Any, labels: Any) -> None:
            before = [tf.identity(variable) for variable in variables] if scaled else []
            loss, hits, length = strategy.run(learn, args=(inputs, labels))
            for index, value in enumerate(before):
                # the step itself is shortened: a smaller gradient would change nothing under Adam
                now = variables[index]
                now.assign(value + shares[index] * (now - value))
            self._loss.assign_add(strategy.reduce(tf.distribute.ReduceOp.SUM, loss, axis=None))
            self._hits.assign_add(strategy.reduce(tf.distribute.ReduceOp.SUM, hits, axis=None))
            self._norm.assign(strategy.experimental_local_results(length)[0])

        self._step = step

    def begin(self) -> None:
        """Start an epoch: forget the sums."""
        self._loss.assign(0.0)
        self._hits.assign(0.0)
        self._seen = 0

    def set_shares(self, shares: Sequence[float]) -> None:
        """The share of the learning rate that each trainable variable gets from now on; 0 holds it still."""
        self._shares.assign(np.asarray(shares, dtype=np.float32))

    def step(
        self, inputs: NDArray[Any], labels: IntArray, learning_rate: float, measure: bool = False
    ) -> None:
        """Learn from one batch; `measure` notes the length of the gradient, which takes time."""
        # written only where they change: a write costs as much as a small layer
        if learning_rate != self._rate:
            self.optimizer.learning_rate.assign(learning_rate)
            self._rate = learning_rate
        if measure != self._measured:
            self._measure.assign(measure)
            self._measured = measure
        self._step(inputs, labels)
        self._seen += len(labels)

    def figures(self) -> dict[str, float]:
        """Mean loss and accuracy of this epoch so far, and the length of the gradient when it was last measured."""
        return {
            "loss": float(self._loss.numpy()) / self._seen,
            "accuracy": float(self._hits.numpy()) / self._seen,
            "gradient_norm": float(self._norm.numpy()),
        }
