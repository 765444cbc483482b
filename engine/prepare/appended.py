"""Which part rows take that are added to a divided version: train or validation, never the sealed test part.

Stage 2 (prepare).
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from engine.data.findings import finding
from engine.data.schema import ROW_ID, Finding, Schema
from engine.errors import N_
from engine.modality import Modality
from engine.models.family import IntArray
from engine.prepare.blocks import OUT, TEST, TRAIN, VALIDATION, block_ids, draw_parts
from engine.prepare.split import EXCLUDED, GIVEN, PARTS, label_codes
from engine.recipe import Split

_NAMES = np.array([*PARTS, EXCLUDED], dtype=object)


def place_added(
    table: pd.DataFrame, schema: Schema, modality: Modality, parts: pd.Series[str], spec: Split
) -> tuple[pd.Series[str], list[Finding]]:
    """The part of every row of a table of which some are new, and what is to be said about the new ones.

    A new row goes where its copies and the other rows of its group are; one that belongs to the test part is left out,
    so that the test rows stay what they were and train does not know them. A value of the split column that the data
    bring counts where the version's own split does; "test" leaves the row out. All others are drawn by the shares of
    train and validation. Rows without a label take no part.

    Args:
        table: old and new rows.
        schema: of the table.
        modality: of the schema's task.
        parts: the part of the old rows by row id.
        spec: what the old rows were divided by.
    """
    ids = table[ROW_ID].to_numpy(dtype=np.int64)
    known = parts.reindex(ids)
    codes = np.array(pd.Index(PARTS).get_indexer(pd.Index(known.fillna(""))), dtype=np.int64)
    new = known.isna().to_numpy()
    labels, groups = label_codes(table, schema)
    keys = pd.factorize(modality.read(table, schema).map(modality.key).to_numpy())[0].astype(np.int64)
    blocks = block_ids(keys, groups)
    wanted = new & (labels >= 0)
    taken = np.full(int(blocks.max(initial=-1)) + 1, OUT, dtype=np.int64)
    for part in (TRAIN, VALIDATION, TEST):  # the last one wins: what stands in test is test
        taken[blocks[(codes == part) & ~new]] = part
    codes[wanted] = taken[blocks[wanted]]
    named = np.full(len(ids), OUT, dtype=np.int64)
    asked = np.zeros(len(ids), dtype=bool)
    if spec.kind == "given" and spec.column in table.columns:
        values = table[spec.column].fillna("").str.strip().str.lower()
        named = np.asarray(values.map(GIVEN).fillna(OUT), dtype=np.int64)
        asked = (values != "").to_numpy()
    free = wanted & (codes == OUT)
    codes[free] = named[free]
    drawn = free & ~asked
    if drawn.any():
        codes[drawn] = _draw(labels[drawn], blocks[drawn], spec)
    sealed = new & (codes == TEST)
    codes[sealed] = OUT
    assignment = pd.Series(_NAMES[codes], index=pd.Index(ids, name=ROW_ID), name="part", dtype="str")
    return assignment, _said(ids[sealed])


def _draw(labels: IntArray, blocks: IntArray, spec: Split) -> IntArray:
    validation = spec.validation / (spec.train + spec.validation)
    own = np.unique(blocks, return_inverse=True)[1].astype(np.int64)
    classes = np.unique(labels, return_inverse=True)[1].astype(np.int64)
    return draw_parts(classes, own, (1 - validation, validation, 0.0), spec.seed, stratified=True)


def _said(rows: IntArray) -> list[Finding]:
    if not len(rows):
        return []
    message = N_(
        "{count} added rows repeat rows of the sealed test part, belong to one of its groups or call themselves test; they are kept, but neither trained nor tested on."
    )
    return [finding("added_beside_test", "info", message, rows)]
