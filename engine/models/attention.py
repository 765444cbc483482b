"""The layers of a Transformer encoder, in operations that LiteRT can run at any batch and length.

Vaswani et al., "Attention is all you need" (2017), with the normalization before each part (Xiong et al., "On layer
normalization in the Transformer architecture", 2020), which learns steadily with little data.

Importing this imports TensorFlow.
"""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

_FAR = -3e4
"""Nothing is left of it after softmax, and float16 can hold it."""


class Vectors(keras.layers.Layer):  # type: ignore[misc]
    """The sum of a token's vector and its place's, shape (n, length, width); with `first`, a learnt vector stands before them.

    Args:
        vocabulary: different tokens.
        places: most places.
        width: length of a vector.
        first: whether a learnt vector, the same for all texts, is put in front; the encoder may gather the text in it.
    """

    def __init__(self, vocabulary: int, places: int, width: int, first: bool, **settings: Any) -> None:
        super().__init__(**settings)
        self._shapes = {"tokens": (vocabulary, width), "places": (places, width)}
        if first:
            self._shapes["first"] = (1, width)

    def build(self, shape: Any) -> None:
        """Make the tables."""
        small = keras.initializers.RandomNormal(stddev=0.02)
        self.tables = {
            name: self.add_weight(shape=size, initializer=small, name=name)
            for name, size in self._shapes.items()
        }
        self.built = True

    def call(self, tokens: Any) -> Any:
        table, places = (tf.convert_to_tensor(self.tables[name]) for name in ("tokens", "places"))
        vectors = tf.gather(table, tokens) + places[: tf.shape(tokens)[1]]
        if "first" not in self.tables:
            return vectors
        first = tf.convert_to_tensor(self.tables["first"])
        begin = tf.zeros_like(vectors[:, :1]) + first
        return tf.concat([begin, vectors], axis=1)

    def compute_output_shape(self, shape: Any) -> Any:
        return (shape[0], None, self._shapes["tokens"][1])


class Attention(keras.layers.Layer):  # type: ignore[misc]
    """What each place takes from the places that are read, by several heads.

    Args:
        width: of a vector, in and out.
        heads: how many; they share the width.
        dropout: share of the attention that is switched off in training.
    """

    def __init__(self, width: int, heads: int, dropout: float, **settings: Any) -> None:
        super().__init__(**settings)
        self._width, self._heads = width, heads
        self.asked = keras.layers.Dense(3 * width, name="asked")
        self.given = keras.layers.Dense(width, name="given")
        self.drop = keras.layers.Dropout(dropout)

    def build(self, vectors_shape: Any, read_shape: Any) -> None:
        """Make the weights."""
        self.asked.build((None, None, self._width))
        self.given.build((None, None, self._width))
        self.built = True

    def call(self, vectors: Any, read: Any, training: bool = False) -> Any:
        """`vectors` is (n, length, width); `read` is (n, length), 1 for what may be attended to and 0 for padding."""
        size = self._width // self._heads
        length = tf.shape(vectors)[1]
        parts = tf.reshape(self.asked(vectors), (-1, length, 3 * self._heads, size))
        query, key, value = tf.split(tf.transpose(parts, (0, 2, 1, 3)), 3, axis=1)
        likeness = tf.matmul(query, tf.transpose(key, (0, 1, 3, 2))) * size**-0.5
        hidden = tf.expand_dims(tf.expand_dims((1.0 - read) * _FAR, 1), 1)
        shares = tf.nn.softmax(likeness + hidden)
        found = tf.matmul(self.drop(shares, training=training), value)
        return self.given(tf.reshape(tf.transpose(found, (0, 2, 1, 3)), (-1, length, self._width)))

    def compute_output_shape(self, vectors_shape: Any, read_shape: Any) -> Any:
        return vectors_shape


def block(vectors: Any, read: Any, heads: int, inner: int, dropout: float, activation: str) -> Any:
    """One block: attention, then a feed-forward network of `inner` neurons, each added to what came in."""
    layers, width = keras.layers, int(vectors.shape[-1])
    found = Attention(width, heads, dropout)(layers.LayerNormalization(epsilon=1e-5)(vectors), read)
    vectors = vectors + layers.Dropout(dropout)(found)
    hidden = layers.Dense(inner, activation=activation)(layers.LayerNormalization(epsilon=1e-5)(vectors))
    return vectors + layers.Dropout(dropout)(layers.Dense(width)(hidden))
