"""Figures of training and evaluation, from result objects, without a browser."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from engine.evaluation.result import ClassScore, Difference, EvaluationResult, Score, SliceScore
from engine.models.linear import StrengthParams
from engine.params import fields_of
from ui.charts.comparison import difference_figure
from ui.charts.confusion import CIVIDIS, MOST_COUNTS, confusion_figure, ink, row_shares
from ui.charts.layout import plain
from ui.charts.search import paths_figure
from ui.charts.slice_scores import slice_figure
from ui.charts.training import MOST_POINTS, loss_figure, metric_figure, thin
from ui.run_feed import Batch, best_epoch

NOW = datetime(2026, 11, 23, tzinfo=UTC)


def score(value: float, n: int = 100) -> Score:
    return Score(value=value, low=value - 0.1, high=value + 0.05, n=n)


def result(classes: tuple[str, ...], confusion: tuple[tuple[int, ...], ...]) -> EvaluationResult:
    overall = {"accuracy": score(0.8), "macro_f1": score(0.7)}
    return EvaluationResult(
        part="validation", n=sum(map(sum, confusion)), classes=classes, overall=overall, baseline=overall,
        per_class=tuple(ClassScore(label=c, support=1, precision=None, recall=None, f1=None) for c in classes),
        confusion=confusion, slices=(), resamples=100, confidence=0.95, seed=0,
    )  # fmt: skip


def epochs(count: int) -> list[dict[str, float]]:
    return [
        {
            "epoch": i + 1,
            "loss": 1 / (i + 1),
            "val_loss": abs(i - 3) + 0.5,
            "val_macro_f1": i / count,
            "accuracy": 0.5,
            "val_accuracy": 0.5,
        }
        for i in range(count)
    ]


def test_the_best_epoch_is_the_lowest_validation_loss_and_is_marked() -> None:
    assert best_epoch(epochs(8))["epoch"] == 4
    figure = loss_figure(epochs(8))
    star = figure.data[-1]
    assert (star.marker.symbol, star.x[0], star.y[0]) == ("star", 4, 0.5)


def test_of_equal_losses_the_earlier_epoch_is_best() -> None:
    assert best_epoch([{"epoch": 2, "val_loss": 0.5}, {"epoch": 1, "val_loss": 0.5}])["epoch"] == 1


def test_long_trainings_stay_within_the_point_budget_and_keep_the_last_point() -> None:
    batches = [Batch(x=i / 100, loss=1.0, speed=None, when=NOW + timedelta(seconds=i)) for i in range(5000)]
    figure = loss_figure(epochs(400), batches)
    assert sum(len(trace.x) for trace in figure.data) <= MOST_POINTS
    assert figure.data[0].x[-1] == pytest.approx(49.99)


def test_thinning_keeps_both_ends() -> None:
    kept = thin(list(range(1000)), 10)
    assert (kept[0], kept[-1], len(kept)) == (0, 999, 10)
    assert thin([1, 2], 10) == [1, 2]


def test_curves_keep_zoom_between_updates_and_differ_in_dash() -> None:
    figure = metric_figure(epochs(5))
    assert figure.layout.uirevision
    assert len({trace.line.dash for trace in figure.data if trace.mode == "lines+markers"}) == 3
    assert figure.layout.yaxis.ticksuffix == " %"
    assert figure.data[0].y[0] == pytest.approx(100 * epochs(5)[0]["accuracy"]), "percent, as everywhere else"


def test_an_epoch_without_validation_draws_only_what_is_known() -> None:
    figure = loss_figure([{"epoch": 1, "loss": 0.3}])
    assert [len(trace.x) for trace in figure.data] == [1]


def test_row_shares_leave_a_class_without_rows_at_zero() -> None:
    assert row_shares(((3, 1), (0, 0))) == [[0.75, 0.25], [0.0, 0.0]]


def test_the_matrix_is_oriented_true_by_predicted_and_its_cells_can_be_clicked() -> None:
    figure = confusion_figure(result(("neg", "pos"), ((5, 2), (1, 9))), normalised=False)
    heat, words, cells = figure.data
    assert list(words.text) == ["5", "2", "1", "9"]
    assert heat.z[0][1] == 2
    assert figure.layout.yaxis.range[0] > figure.layout.yaxis.range[1], "the first true class stands on top"
    assert [tuple(c) for c in cells.customdata] == [(0, 0), (0, 1), (1, 0), (1, 1)]
    assert (cells.x[1], cells.y[1]) == (1, 0)
    assert "predicted" in figure.layout.xaxis.title.text
    assert "true" in figure.layout.yaxis.title.text


def test_normalised_cells_show_count_and_share() -> None:
    heat, words, _ = confusion_figure(result(("neg", "pos"), ((6, 2), (1, 9))), normalised=True).data
    assert heat.z[0][1] == 0.25
    assert words.text[1] == "2<br>25.0 %"


def test_the_words_of_every_cell_stand_out_from_it() -> None:
    def light(colour: str) -> float:
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    for place, colour in enumerate(CIVIDIS):
        dark, bright = sorted((light(colour), light(ink(place / 9))))
        assert (bright + 0.05) / (dark + 0.05) >= 4.5, colour


def test_labels_that_look_like_markup_or_numbers_are_shown_as_they_are() -> None:
    figure = confusion_figure(result(("<b>x</b>", "007"), ((1, 0), (0, 1))), normalised=False)
    assert list(figure.layout.xaxis.ticktext) == ["&lt;b&gt;x&lt;/b&gt;", "007"]
    assert "<b>" not in figure.data[-1].text[0]


def test_many_classes_drop_the_counts_from_the_cells() -> None:
    count = MOST_COUNTS + 1
    names = tuple(f"c{i}" for i in range(count))
    figure = confusion_figure(result(names, tuple(tuple([1] * count) for _ in names)), normalised=False)
    assert len(figure.data) == 2, "the colours and what is clicked"


def test_slices_are_ordered_with_whiskers_and_their_rows() -> None:
    shown = [
        SliceScore(column="region", value=v, n=n, accuracy=score(a), macro_f1=score(a))
        for v, n, a in [("a<b", 5, 0.9), ("c", 7, 0.6)]
    ]
    figure = slice_figure(shown, score(0.75), "accuracy")
    points = figure.data[0]
    assert list(points.x) == [60, 90]
    assert list(figure.layout.yaxis.ticktext) == ["c (n = 7)", "a&lt;b (n = 5)"]
    assert points.error_x.array[0] == pytest.approx(5)
    assert points.error_x.arrayminus[0] == pytest.approx(10)
    assert figure.layout.shapes[0].x0 == 75


def test_differences_are_points_with_a_symbol_for_each_verdict() -> None:
    def difference(value: float, verdict: str) -> Difference:
        return Difference(metric="macro_f1", first=0.5, second=0.5 + value, difference=value, low=value - 0.01, high=value + 0.02,
                          n=100, wins=3, losses=1, verdict=verdict)  # fmt: skip

    figure = difference_figure(["a", "b"], [difference(0.05, "better"), difference(0.0, "undecided")])
    points = figure.data[0]
    assert list(points.x) == [5.0, 0.0]
    assert len(set(points.marker.symbol)) == 2
    assert points.error_x.array[0] == pytest.approx(2)


@pytest.mark.parametrize(
    ("text", "shown"), [("<a href='x'>&</a>", "&lt;a href='x'&gt;&amp;&lt;/a&gt;"), ("a\nb", "a b")]
)
def test_user_text_is_plain_in_figures(text: str, shown: str) -> None:
    assert plain(text) == shown


def test_long_user_text_is_cut_in_figures() -> None:
    assert plain("x" * 100, 10) == "x" * 9 + "…"


def test_an_axis_in_powers_of_ten_reaches_to_its_outer_ticks() -> None:
    (strength,) = (field for field in fields_of(StrengthParams) if field.scale == "log")
    tried = [SimpleNamespace(params={"C": c}, score=0.5) for c in (0.05, 3.0)]
    axis, _ = paths_figure(tried, [strength], "Score").data[0].dimensions  # type: ignore[arg-type]
    assert (axis.range, axis.ticktext) == ((-2, 1), ("0.01", "0.1", "1", "10"))
