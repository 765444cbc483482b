"""A table as checks look at it: read once, measured once, however many checks ask.

Stage 1 (data).
"""

from __future__ import annotations

from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from engine.data.findings import row_ids
from engine.data.labels import labels_of
from engine.data.schema import Schema
from engine.data.versions import read_inputs
from engine.modality import Modality


class TableView:
    """A table with its schema; everything derived from it is computed on first use and kept.

    Args:
        frame: text cells, with or without a `row_id` column.
        schema: roles of the columns.
        modality: of the schema's task.
    """

    def __init__(self, frame: pd.DataFrame, schema: Schema, modality: Modality) -> None:
        self.frame, self.schema, self.modality = frame, schema, modality

    @cached_property
    def ids(self) -> NDArray[np.int64]:
        """Row ids in the order of the table."""
        return row_ids(self.frame)

    @cached_property
    def labels(self) -> pd.Series[str]:
        """The label of every row, "" where it has none; by row id."""
        return labels_of(self.frame, self.schema).set_axis(pd.Index(self.ids))

    @cached_property
    def inputs(self) -> pd.Series:
        """The model inputs by row id."""
        return read_inputs(self.frame, self.schema, self.modality)

    @cached_property
    def sizes(self) -> pd.Series[int]:
        """Size of each input in the modality's unit, by row id."""
        return self.modality.sizes(self.inputs)
