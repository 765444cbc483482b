"""Facts of the train part: all that dial, estimate and suitability learn of the data.

Stage 2 (prepare). The dial sets hyperparameters, so it is fitted to the data like a model and may not see the sealed rows.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from engine.data.labels import labels_of
from engine.data.measures import measure
from engine.data.schema import Schema
from engine.errors import DataError
from engine.modality import Modality, keys_of
from engine.models.family import Facts
from engine.prepare.split import assign_split, default_split

_DESCRIBED = 5_000
"""Inputs that the modality describes for the dial: enough for a length and a language, and nobody waits for them."""


def train_facts(frame: pd.DataFrame, schema: Schema, modality: Modality, parts: pd.Series) -> Facts:
    """Rows, classes, sizes and the modality's description of the train part, and of nothing else.

    Args:
        frame: the version's table of text cells.
        schema: roles and classes.
        modality: of the schema's task.
        parts: the part of each row, in the order of `frame`.
    """
    columns = [*schema.names("input"), *schema.names("label")]
    train = frame.loc[(parts == "train").to_numpy(), columns]
    labels = labels_of(train, schema)
    counts = labels[labels != ""].value_counts()
    inputs = modality.read(train, schema)
    sizes = measure(modality.sizes(inputs).to_numpy(dtype=np.int64), modality.size_unit)
    if len(inputs) > _DESCRIBED:
        inputs = inputs.sample(_DESCRIBED, random_state=0)
    return Facts(
        rows=int(counts.sum()), classes=len(schema.classes), smallest_class=int(counts.min()) if len(counts) else 0,
        size_median=sizes.p50, size_p95=sizes.p95, extra=dict(modality.describe(inputs)),
    )  # fmt: skip


def first_facts(frame: pd.DataFrame, schema: Schema, modality: Modality) -> Facts:
    """The facts before anybody divided the rows: of those that the split one starts with will train on.

    Where no split can be drawn nothing can be trained either, and the facts are of all rows.
    """
    try:
        keys = keys_of(modality, modality.read(frame, schema))
        parts = assign_split(frame, schema, default_split(schema), keys).assignment
    except DataError:
        parts = pd.Series("train", index=frame.index)
    return train_facts(frame, schema, modality, parts)
