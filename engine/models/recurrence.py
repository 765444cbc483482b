"""A recurrent layer in both directions as LiteRT can run it.

Keras' own GRU and LSTM keep every state in a list of tensors, which needs operations that our interpreter lacks. Here one loop
of plain tensors carries the two states and what is pooled of them. The weights are those of the trained layers.

Importing this imports TensorFlow.
"""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

FLOOR = -1.0
"""States lie between -1 and 1, so this is the strongest that was found in nothing."""


class PooledStates(keras.layers.Layer):  # type: ignore[misc]
    """The strongest and the mean state of both directions over the tokens that are read, shape (n, 4 * units).

    Args:
        cells: the trained cells, forward and backward, both GRU (reset after) or both LSTM.
    """

    def __init__(self, cells: tuple[Any, Any], **settings: Any) -> None:
        super().__init__(trainable=False, **settings)
        self.cells = list(cells)

    def build(self, vectors_shape: Any, read_shape: Any) -> None:
        """The cells are built already."""
        self.built = True

    def call(self, vectors: Any, read: Any) -> Any:
        """Run over `vectors` (n, length, size), where `read` (n, length, 1) is 1 for tokens and 0 for padding."""
        step = _gru if isinstance(self.cells[0], keras.layers.GRUCell) else _lstm
        kinds = 1 if step is _gru else 2
        units = self.cells[0].units
        inputs = [tf.transpose(_prepared(cell, vectors), (1, 0, 2)) for cell in self.cells]
        counted = tf.transpose(read, (1, 0, 2))
        length = tf.shape(counted)[0]
        nothing = tf.zeros_like(vectors[:, 0, :1]) * tf.zeros((1, units))
        start = [tf.constant(0), *[nothing] * (2 * kinds), *[nothing + FLOOR] * 2, *[nothing] * 2]

        def one(at: Any, *carried: Any) -> list[Any]:
            after: list[Any] = []
            strongest, total = list(carried[-4:-2]), list(carried[-2:])
            for way, cell in enumerate(self.cells):
                place = at if way == 0 else length - 1 - at
                here, before = counted[place], carried[way * kinds : (way + 1) * kinds]
                new = step(cell, inputs[way][place], before)
                kept = [here * fresh + (1 - here) * old for fresh, old in zip(new, before, strict=True)]
                after += kept
                strongest[way] = tf.maximum(strongest[way], here * kept[0] + (1 - here) * FLOOR)
                total[way] += here * kept[0]
            return [at + 1, *after, *strongest, *total]

        shapes = [tf.TensorShape([]), *[tf.TensorShape([None, units])] * (2 * kinds + 4)]
        end = tf.while_loop(lambda at, *rest: at < length, one, start, shape_invariants=shapes)
        number = tf.maximum(tf.reduce_sum(read, axis=1), 1.0)
        pooled = tf.concat([end[-4], end[-3], end[-2] / number, end[-1] / number], axis=-1)
        return tf.ensure_shape(pooled, (None, 4 * units))

    def compute_output_shape(self, vectors_shape: Any, read_shape: Any) -> Any:
        return (vectors_shape[0], 4 * self.cells[0].units)


def _prepared(cell: Any, vectors: Any) -> Any:
    """What the inputs bring to the gates, for all places at once."""
    bias = cell.bias[0] if isinstance(cell, keras.layers.GRUCell) else cell.bias
    return tf.matmul(vectors, tf.convert_to_tensor(cell.kernel)) + bias


def _gru(cell: Any, inputs: Any, before: Any) -> tuple[Any, ...]:
    state = before[0]
    inner = tf.matmul(state, tf.convert_to_tensor(cell.recurrent_kernel)) + cell.bias[1]
    keep, reset, new = tf.split(inputs, 3, axis=-1)
    keep_inner, reset_inner, new_inner = tf.split(inner, 3, axis=-1)
    kept = tf.sigmoid(keep + keep_inner)
    fresh = tf.tanh(new + tf.sigmoid(reset + reset_inner) * new_inner)
    return (kept * state + (1 - kept) * fresh,)


def _lstm(cell: Any, inputs: Any, before: Any) -> tuple[Any, ...]:
    state, memory = before
    let_in, kept, new, let_out = tf.split(
        inputs + tf.matmul(state, tf.convert_to_tensor(cell.recurrent_kernel)), 4, axis=-1
    )
    memory = tf.sigmoid(kept) * memory + tf.sigmoid(let_in) * tf.tanh(new)
    return tf.sigmoid(let_out) * tf.tanh(memory), memory
