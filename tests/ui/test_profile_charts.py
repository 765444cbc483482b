"""Charts of a profile's spreads: boxes by class and histograms of columns hold the figures of the result."""

from __future__ import annotations

from engine.data.measures import Histogram
from engine.data.profile import ClassCount
from ui.charts.class_lengths import class_boxes
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
