"""Charts of data: a result in, a figure out; user text stays text and every number is the result's."""

from __future__ import annotations

import numpy as np
import pytest

from engine.data.measures import measure
from engine.data.profile import SliceProfile
from ui.charts.bars import MOST_BARS, class_bars, count_bars, largest
from ui.charts.layout import class_colours, plain
from ui.charts.lengths import MOST_MEDIANS, size_histogram
from ui.charts.parts import part_bars
from ui.charts.periods import period_bars
from ui.charts.slices import slice_bars

MARKUP = '<a href="x">a & b</a> %{x}'


def test_plain_escapes_what_plotly_would_read_as_markup() -> None:
    assert plain("<b>a & b</b>") == "&lt;b&gt;a &amp; b&lt;/b&gt;"
    assert plain("x" * 40) == "x" * 27 + "…"


def test_class_bars_are_sorted_keep_colours_and_name_the_rarest() -> None:
    classes = ("007", "1e999", "NA")
    figure = class_bars({"007": 5, "1e999": 10, "NA": 1}, classes)
    (bars,) = figure.data
    assert list(bars.x) == [10, 5, 1]
    assert list(figure.layout.yaxis.ticktext) == ["1e999", "007", "NA"], "labels are text, not numbers"
    colours = class_colours(classes)
    assert list(bars.marker.color) == [colours["1e999"], colours["007"], colours["NA"]]
    assert bars.text[0] == "10 · 62.5 %"
    assert bars.text[-1].endswith("rarest")


def test_many_classes_are_cut_to_what_can_be_read() -> None:
    counts = {f"class {i}": i + 1 for i in range(100)}
    figure = class_bars(counts, tuple(counts))
    assert len(figure.data[0].x) == MOST_BARS
    assert "rarest" not in figure.data[0].text[-1], "the rarest one is not among those shown"
    assert next(iter(largest(counts))) == "class 99"


def test_labels_that_share_a_beginning_stay_apart() -> None:
    counts = {"x" * 50 + "1": 3, "x" * 50 + "2": 2}
    figure = count_bars(counts, 5)
    assert list(figure.data[0].y) == [0, 1]


def test_bars_of_all_rows_show_how_few_a_few_are() -> None:
    assert count_bars({"a": 1}, 1000, of_total=True).layout.xaxis.range[1] >= 1000
    assert count_bars({"a": 1}, 1000).layout.xaxis.range[1] < 2


def test_no_bars_is_no_error() -> None:
    assert len(count_bars({}, 0).data[0].x) == 0


def test_histogram_counts_every_row_and_marks_medians() -> None:
    sizes = np.array([1, 2, 2, 3, 50, 400])
    found = measure(sizes, "characters")
    figure = size_histogram(found, {"a": 2.0, "b": 50.0}, ("a", "b"))
    bars, *medians = figure.data
    assert sum(bars.y) == len(sizes)
    assert [m.x[0] for m in medians] == [2.0, 50.0]
    assert len({m.line.dash for m in medians}) == 2, "colour is not the only difference"


def test_one_bar_does_not_fill_the_chart() -> None:
    bottom, top = count_bars({"Latin": 1}, 1).layout.yaxis.range
    assert bottom - top == 3
    assert tuple(count_bars(dict.fromkeys("abcd", 1), 4).layout.yaxis.range) == (3.5, -0.5)


def test_the_word_median_stands_once_in_the_legend() -> None:
    figure = size_histogram(measure(np.array([1, 2, 3]), "characters"), {"a": 2.0, "b": 1.0}, ("a", "b"))
    assert [line.name for line in figure.data[1:]] == ["a", "b"]
    assert figure.layout.legend.title.text == "median"


def test_too_many_medians_become_one_line() -> None:
    many = {f"c{i}": float(i) for i in range(MOST_MEDIANS + 1)}
    figure = size_histogram(measure(np.array([1, 2, 3]), "characters"), many, tuple(many))
    assert len(figure.data) == 2
    assert figure.data[1].x[0] == 2


def test_slices_show_shares_within_each_value_and_n_beside_it() -> None:
    found = SliceProfile(
        column="region", values=("north", MARKUP), counts=(10, 4), labels=("good", "bad"), table=((6, 4), (0, 4)),
        other=0, missing=0,
    )  # fmt: skip
    figure = slice_bars(found, ("bad", "good"))
    good, bad = figure.data
    assert list(good.x) == [60, 0]
    assert list(bad.x) == [40, 100]
    assert list(bad.customdata) == [4, 4]
    assert figure.layout.yaxis.ticktext[0] == "north · n=10"
    assert "<" not in figure.layout.yaxis.ticktext[1]
    assert good.marker.color == class_colours(("bad", "good"))["good"]


def test_parts_compare_as_shares_and_tell_their_size() -> None:
    figure = part_bars(
        {"train": {"a": 60, "b": 20}, "validation": {"a": 5, "b": 5}, "test": {"a": 0, "b": 0}}, ("a", "b")
    )
    a, b = figure.data
    assert list(a.x) == [75, 50, 0]
    assert list(b.customdata) == [20, 5, 0]
    assert list(figure.layout.yaxis.ticktext) == ["train · 80", "validation · 10", "test · 0"]


@pytest.mark.parametrize(
    "build",
    [lambda name: part_bars({"train": {name: 1}}, (name,)), lambda name: class_bars({name: 1}, (name,))],
)
def test_class_names_are_never_markup_or_a_template(build) -> None:
    figure = build(MARKUP)
    for trace in figure.data:
        assert "<a" not in (trace.name or "")
        assert MARKUP not in trace.hovertemplate
        assert "<a" not in str(trace.customdata)


def test_periods_are_categories_in_order() -> None:
    figure = period_bars({"2023": 1, "2024": 5})
    assert list(figure.data[0].x) == ["2023", "2024"]
    assert figure.layout.xaxis.type == "category"
