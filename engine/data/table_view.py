"""A table as checks look at it: read once, measured once, however many checks ask.

Stage 1 (data).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar, cast

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from engine.data.findings import row_ids
from engine.data.labels import labels_of
from engine.data.repeats import maybe_repeated
from engine.data.schema import Schema
from engine.data.times import read_times
from engine.data.versions import read_inputs
from engine.modality import Modality, keys_of

T = TypeVar("T")


@dataclass(frozen=True)
class Copies:
    """The inputs that come more than once, and only those.

    Args:
        rows: their positions in the table, ascending, shape (n,).
        codes: rows with an equal code have equal inputs, shape (n,); codes count up in the order of the table.
        groups: how many different inputs these are.
    """

    rows: NDArray[np.int64]
    codes: NDArray[np.int64]
    groups: int

    @cached_property
    def later(self) -> NDArray[np.bool_]:
        """Which of `rows` repeat an earlier one."""
        return pd.Series(self.codes).duplicated().to_numpy()


class TableView:
    """A table with its schema; everything derived from it is computed on first use and kept.

    Args:
        frame: text cells, with or without a `row_id` column.
        schema: roles of the columns.
        modality: of the schema's task.
    """

    def __init__(self, frame: pd.DataFrame, schema: Schema, modality: Modality) -> None:
        self.frame, self.schema, self.modality = frame, schema, modality
        self._made: dict[str, Any] = {}
        self._cells: dict[str, pd.Series[str]] = {}
        self._values: dict[str, tuple[NDArray[np.int64], pd.Series[str]]] = {}

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

    @cached_property
    def given(self) -> NDArray[np.bool_]:
        """Which rows have a label, by position."""
        return np.asarray((self.labels != "").to_numpy(), dtype=np.bool_)

    @cached_property
    def classes(self) -> pd.Series[int]:
        """Rows of each class, largest first."""
        return self.labels[self.given].value_counts()

    @cached_property
    def label_codes(self) -> NDArray[np.int64]:
        """Place of each row's label in `classes`, -1 without a label, by position."""
        return np.asarray(pd.Index(self.classes.index).get_indexer(pd.Index(self.labels)), dtype=np.int64)

    def rows_labelled(self, names: Sequence[str]) -> NDArray[np.int64]:
        """Ids of the rows with one of these labels."""
        wanted = pd.Index(self.classes.index).get_indexer(pd.Index(list(names)))
        return self.ids[np.isin(self.label_codes, wanted)]

    @cached_property
    def copies(self) -> Copies:
        """The inputs that come more than once by the modality's key; inputs without content are left out."""
        rows = maybe_repeated(self.inputs, lambda some: keys_of(self.modality, some))
        codes, names = pd.factorize(keys_of(self.modality, self.inputs.iloc[rows]))
        often = np.bincount(codes, minlength=len(names)) > 1
        often[np.asarray(names == "", dtype=bool)] = False
        kept = often[codes]
        again, different = pd.factorize(codes[kept])
        return Copies(rows[kept], again.astype(np.int64), len(different))

    def cells(self, column: str) -> pd.Series[str]:
        """A column's cells without surrounding white space, "" where one is missing; computed once."""
        if column not in self._cells:
            self._cells[column] = _stripped(self.frame[column].fillna(""))
        return self._cells[column]

    def values(self, column: str) -> tuple[NDArray[np.int64], pd.Series[str]]:
        """The distinct cells of a column (as `cells`, in the order of the table) and which of them each row has."""
        if column not in self._values:
            codes, distinct = pd.factorize(self.cells(column))
            self._values[column] = codes.astype(np.int64), pd.Series(distinct, dtype="str")
        return self._values[column]

    @cached_property
    def times(self) -> pd.Series[pd.Timestamp]:
        """The moment of each row by the time column, NaT where it cannot be read or there is no such column; by position."""
        column = self.schema.first("time")
        if column is None:
            return pd.Series(pd.NaT, index=range(len(self.frame)), dtype="datetime64[ns, UTC]")
        codes, distinct = self.values(column)
        return read_times(distinct).iloc[codes].reset_index(drop=True)

    def once(self, name: str, make: Callable[[TableView], T]) -> T:
        """What several checks need and `make` takes long to work out; `name` tells such things apart."""
        if name not in self._made:
            self._made[name] = make(self)
        return cast(T, self._made[name])


def _stripped(cells: pd.Series[str]) -> pd.Series[str]:
    """Cells without surrounding white space; what has none keeps its memory, so that long texts are not there twice."""
    found = pa.array(cells, pa.large_string())
    chunks = found.chunks if isinstance(found, pa.ChunkedArray) else [found]
    kept = []
    for chunk in chunks:
        bare = pc.utf8_trim_whitespace(chunk)
        shorter = pc.sum(pc.binary_length(bare)).as_py() != pc.sum(pc.binary_length(chunk)).as_py()
        kept.append(bare if shorter else chunk)
    whole = pa.chunked_array(kept, pa.large_string())
    return pd.Series(whole.to_pandas(), dtype="str").set_axis(cells.index)
