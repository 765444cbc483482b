"""Which part rows take that are added to a divided version: train or validation, never the sealed test part.

Stage 2 (prepare).
"""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import pandas as pd

from engine.data.findings import finding
from engine.data.schema import ROW_ID, Finding, Schema
from engine.data.times import read_times
from engine.errors import N_
from engine.modality import Modality
from engine.models.family import IntArray
from engine.prepare.blocks import OUT, TEST, TRAIN, VALIDATION, block_ids, draw_parts
from engine.prepare.leaks import NEVER, BoolArray
from engine.prepare.split import CODES, EXCLUDED, GIVEN, PARTS, label_codes
from engine.recipe import Split

_NAMES = np.array([*PARTS, EXCLUDED], dtype=object)


def place_added(
    table: pd.DataFrame, schema: Schema, modality: Modality, parts: pd.Series[str], spec: Split,
    alike: IntArray | None = None, opened: Collection[int] = (), gone: Collection[str] = (),
) -> tuple[pd.Series[str], list[Finding]]:  # fmt: skip
    """The part of every row of a table of which some are new, and what is to be said about the new ones.

    A new row goes where its copies and the other rows of its group are; one that belongs to the test part is left out,
    so that the test rows stay what they were and train does not know them. So is a copy of a row that somebody has seen
    as a test row. What the version was divided by holds for new rows too: a value of the split column that the data
    bring, the value of a slice that is tested on, the time from which the test rows are. All others are drawn by the
    shares of train and validation. Rows without a label take no part.

    Args:
        table: old and new rows.
        schema: of the table.
        modality: of the schema's task.
        parts: the part of the old rows by row id.
        spec: what the old rows were divided by.
        alike: near-duplicate group of each row of the table, where such rows stay together.
        opened: ids of rows of opened test parts, whatever part they have by now.
        gone: keys of inputs of such rows that are no longer in the table.
    """
    ids = table[ROW_ID].to_numpy(dtype=np.int64)
    known = parts.reindex(ids)
    codes = np.array(pd.Index(PARTS).get_indexer(pd.Index(known.fillna(""))), dtype=np.int64)
    new = known.isna().to_numpy()
    labels, groups = label_codes(table, schema)
    keys = modality.read(table, schema).map(modality.key)
    blocks = block_ids(pd.factorize(keys.to_numpy())[0].astype(np.int64), groups, alike)
    wanted = new & (labels >= 0)
    taken = np.full(int(blocks.max(initial=-1)) + 1, OUT, dtype=np.int64)
    seen = ~new & (codes == OUT) & np.isin(ids, np.fromiter(opened, dtype=np.int64, count=len(opened)))
    seen |= new & keys.isin(list(gone)).to_numpy()
    taken[blocks[seen]] = TEST
    for part in (TRAIN, VALIDATION, TEST):  # the last one wins: what stands in test is test
        taken[blocks[(codes == part) & ~new]] = part
    codes[wanted] = taken[blocks[wanted]]
    free = wanted & (codes == OUT)
    named, asked = _named(table, schema, spec, codes, new)
    codes[free] = named[free]
    told = free & asked
    drawn = free & ~asked
    if spec.kind != "given":  # the data's own column is honoured as it is; what Bentu divides tears no block
        highest = np.full(len(taken), OUT, dtype=np.int64)
        np.maximum.at(highest, blocks[told], codes[told])
        codes[told & (codes < highest[blocks])] = OUT
        along = drawn & (highest[blocks] != OUT)
        codes[along] = highest[blocks[along]]
        drawn &= ~along
    if drawn.any():
        codes[drawn] = _draw(labels[drawn], blocks[drawn], spec)
    sealed = new & (codes == TEST)
    nowhere = told & (codes == OUT)
    codes[sealed] = OUT
    assignment = pd.Series(_NAMES[codes], index=pd.Index(ids, name=ROW_ID), name="part", dtype="str")
    return assignment, _said(ids[sealed], ids[nowhere])


def _named(
    table: pd.DataFrame, schema: Schema, spec: Split, codes: IntArray, new: BoolArray
) -> tuple[IntArray, BoolArray]:
    """The part that what the version was divided by names for each row, and for which rows it names one or none."""
    named = np.full(len(table), OUT, dtype=np.int64)
    if spec.kind in ("given", "slice") and spec.column in table.columns:
        values = table[spec.column].fillna("").str.strip()
        if spec.kind == "given":
            meaning = {value.strip(): CODES[part] for value, part in spec.mapping.items()}
            found = values.map(meaning) if meaning else values.str.lower().map(GIVEN)
            asked = (values != "") | values.isin(list(meaning))
            return np.asarray(found.fillna(OUT), dtype=np.int64), asked.to_numpy()
        named[values.isin(spec.validation_values).to_numpy()] = VALIDATION
        named[values.isin(spec.values).to_numpy()] = TEST
        if spec.validation_values:  # validation is these values and no others
            named[named == OUT] = TRAIN
        return named, named != OUT
    column = schema.first("time")
    if spec.kind == "time" and column is not None:
        times = read_times(table[column])
        stamps = times.dt.as_unit("us").astype("int64").to_numpy(dtype=np.int64)
        moments = np.where(times.notna().to_numpy(), stamps, NEVER)
        dated = moments != NEVER
        latest = [moments[(codes == part) & ~new & dated].max(initial=NEVER) for part in (TRAIN, VALIDATION)]
        named[dated] = np.where(moments[dated] <= latest[0], TRAIN, VALIDATION)
        tested = moments[(codes == TEST) & ~new & dated]
        if len(tested) and tested.min() > max(latest):  # a new test set may be of any time
            named[dated & (moments >= tested.min())] = TEST
        return named, np.ones(len(table), dtype=bool)
    return named, np.zeros(len(table), dtype=bool)


def _draw(labels: IntArray, blocks: IntArray, spec: Split) -> IntArray:
    validation = spec.validation / (spec.train + spec.validation)
    own = np.unique(blocks, return_inverse=True)[1].astype(np.int64)
    classes = np.unique(labels, return_inverse=True)[1].astype(np.int64)
    return draw_parts(classes, own, (1 - validation, validation, 0.0), spec.seed, stratified=True)


def _said(sealed: IntArray, nowhere: IntArray) -> list[Finding]:
    found = []
    if len(sealed):
        message = N_(
            "{count} added {count:row repeats a row|rows repeat rows} of a sealed or opened test part, {count:belongs|belong} to one of its groups, values or times, or {count:calls itself|call themselves} test; {count:it is|they are} kept, but neither trained nor tested on."
        )
        found.append(finding("added_beside_test", "info", message, sealed))
    if len(nowhere):
        message = N_(
            "{count} added {count:row has|rows have} no part in how this version is divided (no readable date, another value of the split column, or a copy across parts); {count:it is kept, but takes|they are kept, but take} no part."
        )
        found.append(finding("added_left_out", "info", message, nowhere))
    return found
