"""Charts of a profile's spreads: boxes by class and histograms of columns hold the figures of the result."""

from __future__ import annotations

import pandas as pd

from engine.data.measures import Histogram
from engine.data.profile import ClassCount
from ui.charts.class_lengths import class_boxes
from ui.charts.example_map import MOST_CLASSES, example_points
from ui.charts.periods import period_bars
from ui.charts.spread import spread_bars

MARKUP = '<a href="x">a & b</a> %{x}'


def test_a_box_holds_the_percentiles_of_its_class() -> None:
    counts = [
        ClassCount(label=MARKUP, count=9, share=0.9, size_p5=1, size_p25=3, size_median=5, size_p75=8, size_p95=20),
        ClassCount(label="b", count=1, share=0.1, size_p5=2, size_p25=2, size_median=2, size_p75=2, size_p95=2),
    ]  # fmt: skip
    *boxes, points = class_boxes(counts, (MARKUP, "b"), "characters").data
    assert [(b.lowerfence[0], b.q1[0], b.median[0], b.q3[0], b.upperfence[0]) for b in boxes] == [
        (1, 3, 5, 8, 20),
        (2, 2, 2, 2, 2),
    ]
    assert "<a" not in boxes[0].name and "<a" not in str(points.customdata)
    assert MARKUP not in points.hovertemplate
    assert boxes[0].line.color != boxes[1].line.color


def test_a_spread_has_a_bar_for_every_bin_and_all_rows() -> None:
    (bars,) = spread_bars(Histogram(edges=(0, 10, 1500), counts=(3, 4)), "value").data
    assert list(bars.y) == [3, 4]
    assert list(bars.width) == [10, 1490]
    assert list(bars.customdata) == ["0 – 10", "10 – 1,500"]


def test_a_card_has_a_lower_chart_of_periods() -> None:
    assert period_bars({"2024-01": 0, "2024-02": 2}, 180).layout.height == 180


def places(*regions: str) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "row_id": range(len(regions)),
            "x": 0.0,
            "y": 0.0,
            "label": "good",
            "shown": "s",
            "slice:region": list(regions),
        }
    )


def test_the_map_takes_its_colours_from_the_class_or_a_slice() -> None:
    frame = places("north", "north", "<b>south</b>", "")
    assert [(trace.name, len(trace.x)) for trace in example_points(frame, ("bad", "good")).data] == [
        ("good", 4)
    ]
    north, south, rest = example_points(frame, ("bad", "good"), "slice:region").data
    assert [(trace.name, len(trace.x)) for trace in (north, south, rest)] == [
        ("north", 2),
        ("&lt;b&gt;south&lt;/b&gt;", 1),
        ("without a value", 1),
    ]
    assert len({trace.marker.color for trace in (north, south, rest)}) == 3


def test_rarer_values_of_a_slice_share_a_colour() -> None:
    frame = places(*(f"r{i}" for i in range(MOST_CLASSES + 3)))
    *_, rest = example_points(frame, (), "slice:region").data
    assert (rest.name, len(rest.x)) == ("other values", 3)
