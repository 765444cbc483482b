"""Columns say what their cells look like, and how numbers are spread; profiles of an older format are made anew."""

from __future__ import annotations

import pandas as pd

from engine.data.modalities.text import TextClassification
from engine.data.profile import FORMAT, Profile, profile_table
from engine.data.schema import make_schema


def profiled(**more: list[str]) -> Profile:
    frame = pd.DataFrame(
        {"text": ["a", "bbb", "ccccc", "d" * 9] * 30, "label": ["x", "x", "y", "y"] * 30, **more}, dtype="str"
    )
    schema = make_schema({"text": "input", "label": "label"}, list(frame.columns))
    return profile_table(frame, schema, TextClassification())


def test_numbers_get_a_histogram_of_all_that_are_numbers() -> None:
    prices = [str(i * 10) for i in range(100)] + ["1,000", "unknown"] + [""] * 18
    column = profiled(price=prices).columns[-1]
    assert column.type == "number"
    assert column.sampled == 120
    assert column.histogram is not None
    assert sum(column.histogram.counts) == 101
    assert (column.histogram.edges[0], column.histogram.edges[-1]) == (0, 1000)


def test_texts_and_equal_numbers_have_none() -> None:
    found = profiled(town=["north", "south"] * 60, same=["7"] * 120).columns
    assert [(c.type, c.histogram) for c in found[1:]] == [
        ("category", None),
        ("category", None),
        ("number", None),
    ]


def test_lengths_of_classes_are_percentiles() -> None:
    by_label = {c.label: c for c in profiled().classes}
    x, y = by_label["x"], by_label["y"]
    assert (x.size_p5, x.size_median, x.size_p95) == (1, 2, 3)
    assert (y.size_p5, y.size_median, y.size_p95) == (5, 7, 9)


def test_a_profile_without_the_newer_figures_still_loads_and_is_known_as_old() -> None:
    stored = profiled().model_dump(mode="json")
    assert stored["format"] == FORMAT
    for column in stored["columns"]:
        for name in ("type", "histogram", "sampled"):
            column.pop(name)
    stored.pop("format")
    assert Profile.model_validate(stored).format != FORMAT
