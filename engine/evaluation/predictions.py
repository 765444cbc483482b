"""The predictions of a run row by row: table, error browser, export.

Stage 5 (evaluation).
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Literal

import pandas as pd

from engine.data.schema import ROW_ID
from engine.data.spreadsheet import guard
from engine.evaluation.metrics import predicted_classes
from engine.models.family import FloatArray, IntArray

Order = Literal["confidence_desc", "confidence_asc", "row"]


def predictions_frame(
    row_ids: Sequence[int],
    shown_texts: Sequence[str],
    truth: IntArray,
    probabilities: FloatArray,
    classes: Sequence[str],
    slices: pd.DataFrame,
) -> pd.DataFrame:
    """One row a prediction: row_id, input, true, predicted, confidence, correct, p_<class> …, then the slice columns.

    A slice column whose name is taken is called `slice:<name>`.

    Args:
        row_ids: stable row ids, n of them.
        shown_texts: inputs as a person reads them.
        truth: class codes, shape (n,).
        probabilities: shape (n, classes).
        classes: the schema's classes.
        slices: one column a slice column, rows in the same order.

    Raises:
        PredictionsNotFinite: a probability is NaN or infinite.
    """
    predicted = predicted_classes(probabilities)
    names = pd.array(list(classes), dtype="str")
    columns = {
        ROW_ID: list(row_ids),
        "input": pd.array(list(shown_texts), dtype="str"),
        "true": names.take(truth),
        "predicted": names.take(predicted),
        "confidence": probabilities.max(axis=1),
        "correct": predicted == truth,
        **{f"p_{label}": probabilities[:, at] for at, label in enumerate(classes)},
    }
    for name in slices.columns:
        columns[_free_name(str(name), columns)] = slices[name].fillna("").to_numpy()
    return pd.DataFrame(columns)


def _free_name(name: str, taken: Mapping[str, object]) -> str:
    while name in taken:
        name = f"slice:{name}"
    return name


def filter_predictions(
    frame: pd.DataFrame,
    true: str | None = None,
    predicted: str | None = None,
    only_wrong: bool = False,
    slices: Mapping[str, str] | None = None,
    order: Order = "confidence_desc",
) -> pd.DataFrame:
    """The rows that a person asked for, in the order asked for; equal confidence keeps the order of rows.

    Args:
        frame: as `predictions_frame` makes it.
        true: only rows truly of this class.
        predicted: only rows predicted as this class.
        only_wrong: only errors.
        slices: column to value, all of which must hold; "" asks for missing values.
        order: by confidence, or by row.
    """
    keep = pd.Series(True, index=frame.index)
    if true is not None:
        keep &= frame["true"] == true
    if predicted is not None:
        keep &= frame["predicted"] == predicted
    if only_wrong:
        keep &= ~frame["correct"]
    for column, value in (slices or {}).items():
        renamed = f"slice:{column}"
        keep &= frame[renamed if renamed in frame else column] == value
    kept = frame[keep].sort_values(ROW_ID)
    if order != "row":
        kept = kept.sort_values("confidence", ascending=order == "confidence_asc", kind="stable")
    return kept.reset_index(drop=True)


def export_csv(frame: pd.DataFrame, *, spreadsheet: bool) -> bytes:
    """The predictions as CSV.

    Args:
        frame: as `predictions_frame` makes it.
        spreadsheet: for opening in a spreadsheet: with a byte-order mark, and texts that could run as formulas
            (headings too) marked by an apostrophe. Otherwise raw, for programs: UTF-8, every text as it is.
    """
    if not spreadsheet:
        return _csv(frame).encode("utf-8")
    guarded = frame.copy()
    for column in guarded.select_dtypes(exclude=["number", "bool"]):
        guarded[column] = guarded[column].astype(str).map(guard)
    guarded.columns = pd.Index([guard(str(column)) for column in guarded.columns])
    return _csv(guarded).encode("utf-8-sig")


def _csv(frame: pd.DataFrame) -> str:
    buffer = io.StringIO(newline="")
    frame.to_csv(buffer, index=False, lineterminator="\r\n")
    return buffer.getvalue()
