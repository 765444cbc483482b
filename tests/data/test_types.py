from __future__ import annotations

import pandas as pd
import pytest

from engine.data.types import draft_types


@pytest.mark.parametrize(
    ("cells", "kind", "share"),
    [
        (["", " ", ""], "empty", 1.0),
        (["yes", "no", "Yes", ""], "yes_no", 1.0),
        (["是", "否", "是"], "yes_no", 1.0),
        (["0", "1", "1", "0"], "yes_no", 1.0),
        (["1", "2.5", "-3e4", "1,234", "45 %", "-", "7", "8", "9", "10"], "number", 0.9),
        (["2021-03-05", "2021/3/6 10:20", "2021年3月5日"], "date", 1.0),
        (["20210305", "20210306"], "date", 1.0),
        (["A-0012", "A-0013", "A-0014"], "id", 1.0),
        (["00012", "00013", "00014"], "id", 1.0),
        (["good", "bad", "good", "bad", "good"], "category", 1.0),
        (["好评", "差评", "好评", "差评"], "category", 1.0),
        (["The room was clean and near the station.", "菜很好吃，下次还来", "Cold."], "text", 1.0),
    ],
)
def test_what_cells_look_like(cells: list[str], kind: str, share: float) -> None:
    (found,) = draft_types(pd.DataFrame({"c": cells}, dtype="str"))
    assert found.kind == kind and found.share == pytest.approx(share)
    assert found.seen == len(cells) and found.filled == sum(bool(c.strip()) for c in cells)


def test_a_column_of_numbers_with_many_words_is_no_number() -> None:
    (found,) = draft_types(pd.DataFrame({"c": ["1", "2", "none", "many", "3"]}, dtype="str"))
    assert found.kind == "text"


def test_repeated_ids_are_no_ids() -> None:
    (found,) = draft_types(pd.DataFrame({"c": ["u17", "u18", "u17", "u17"]}, dtype="str"))
    assert found.kind == "category"


def test_no_rows_and_columns_of_one_name() -> None:
    assert draft_types(pd.DataFrame()) == ()
    assert [
        t.kind for t in draft_types(pd.DataFrame([["1", "x y"], ["2", "z w q"]], columns=["a", "a"]))
    ] == ["number", "text"]
