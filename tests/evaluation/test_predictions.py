from __future__ import annotations

import csv
import io

import numpy as np
import pandas as pd
import pytest

from engine.data.spreadsheet import guard, unguard
from engine.evaluation.metrics import PredictionsNotFinite
from engine.evaluation.predictions import export_csv, filter_predictions, predictions_frame

CLASSES = ["good", "bad"]
TEXTS = ["fine", "=1+1", "so, so", "two\nlines"]
FORMULAS = [
    '=HYPERLINK("http://x",A1)',
    "\t=1+1",
    "＝cmd",
    "-1",
    "+1",
    "@SUM(A1)",
    "\r=1",
    "\x00=1",
    "＋1",
    "－1",
    "＠a",
    "'=1",
    "''-1",
    "\n=1",
]


@pytest.fixture
def frame():
    probabilities = np.array([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4], [0.4, 0.6]])
    slices = pd.DataFrame({"region": ["n", "s", "", "n"], "input": list("wxyz")})
    return predictions_frame([7, 3, 9, 1], TEXTS, np.array([0, 0, 1, 1]), probabilities, CLASSES, slices)


def rows(data, encoding):
    return list(csv.DictReader(io.StringIO(data.decode(encoding), newline="")))


def test_the_frame_has_its_columns_and_keeps_clashing_slices_apart(frame):
    assert list(frame) == [
        "row_id", "input", "true", "predicted", "confidence", "correct", "p_good", "p_bad", "region", "slice:input",
    ]  # fmt: skip
    assert frame["predicted"].tolist() == ["good", "bad", "good", "bad"]
    assert frame["confidence"].tolist() == [0.9, 0.8, 0.6, 0.6]
    assert frame["correct"].tolist() == [True, False, False, True]


def test_filters_and_orders(frame):
    def ids(**wanted):
        return filter_predictions(frame, **wanted)["row_id"].tolist()

    assert ids() == [7, 3, 1, 9]
    assert ids(order="confidence_asc") == [1, 9, 3, 7]
    assert ids(order="row") == [1, 3, 7, 9]
    assert ids(true="good") == [7, 3]
    assert ids(true="good", predicted="bad") == [3]
    assert ids(only_wrong=True) == [3, 9]
    assert ids(slices={"region": "n"}) == [7, 1]
    assert ids(slices={"region": ""}) == [9]
    assert ids(slices={"region": "n", "input": "z"}) == [1]
    assert ids(true="good", predicted="good", only_wrong=True) == []


def test_the_raw_export_gives_every_text_back(frame):
    data = export_csv(frame, spreadsheet=False)
    assert not data.startswith(b"\xef\xbb\xbf")
    assert [row["input"] for row in rows(data, "utf-8")] == TEXTS
    assert float(rows(data, "utf-8")[0]["p_good"]) == 0.9


def test_the_spreadsheet_export_has_a_mark_and_no_formula():
    classes = ["=bad", "ok"]
    slices = pd.DataFrame({"@domain": FORMULAS})
    n = len(FORMULAS)
    probabilities = np.tile([0.7, 0.3], (n, 1))
    frame = predictions_frame(range(n), FORMULAS, np.zeros(n, dtype=int), probabilities, classes, slices)
    data = export_csv(frame, spreadsheet=True)
    assert data.startswith(b"\xef\xbb\xbf")
    read = list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))
    for line in read:
        for cell in line:
            assert not cell.startswith(tuple("=+-@＝＋－＠\t\r\n\x00")), cell
    assert "'@domain" in read[0]
    assert [unguard(line[1]) for line in read[1:]] == FORMULAS
    assert read[1][2:4] == ["'=bad", "'=bad"]
    assert [row["input"] for row in rows(export_csv(frame, spreadsheet=False), "utf-8")] == FORMULAS


@pytest.mark.parametrize(
    "text", [*FORMULAS, "", "'", "''", "plain", "'quoted'", "a=b", "它=好", "'plain", "😀"]
)
def test_the_guard_takes_off_exactly_what_it_added(text):
    assert unguard(guard(text)) == text
    assert guard(text)[:1] not in tuple("=+-@＝＋－＠\t\r\n\x00")


def test_nothing_and_broken_probabilities():
    empty = predictions_frame(
        [], [], np.array([], dtype=int), np.zeros((0, 2)), CLASSES, pd.DataFrame({"region": []})
    )
    assert filter_predictions(empty, true="good", only_wrong=True, slices={"region": "n"}).empty
    assert export_csv(empty, spreadsheet=True).startswith(b"\xef\xbb\xbfrow_id,input")
    with pytest.raises(PredictionsNotFinite):
        predictions_frame([1], ["x"], np.array([0]), np.array([[np.inf, 0.0]]), CLASSES, pd.DataFrame())
