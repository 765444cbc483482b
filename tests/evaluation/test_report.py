from __future__ import annotations

import json
from datetime import UTC, datetime
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest

from engine.evaluation.metrics import evaluate
from engine.evaluation.report import report_html, report_json
from engine.evaluation.result import EvaluationResult
from engine.recipe import Evaluation

EVIL = [
    "<b>x",
    '"><img src=x onerror=alert(1)>',
    "</style></pre><script>alert(1)</script>",
    "{labels}",
    "\u202eright",
]
VOID = {"meta", "br", "hr", "img", "link", "input"}


class Page(HTMLParser):
    """What a browser would see: elements, attributes and words; every element closed in its turn."""

    def __init__(self, html):
        super().__init__()
        self.elements, self.attributes, self.words, self.open = [], [], "", []
        self.feed(html)
        self.close()
        assert not self.open

    def handle_starttag(self, tag, attrs):
        self.elements.append(tag)
        self.attributes += attrs
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] != "style":
            self.words += data + "\n"


def context(**changes):
    return {
        "project": "Shop <reviews>", "run": "run & try", "run_id": "r1", "dataset": "data", "version": 3, "split": "stratified",
        "openings": 4, "created": datetime(2025, 1, 2, tzinfo=UTC), "recipe_yaml": "format: 1\nname: <x>\n",
        "environment": {"python": "3.11", "packages": {"numpy": "2"}}, "parity": {"agreement": 1.0}, "synthetic": True, **changes,
    }  # fmt: skip


@pytest.fixture
def evaluation(draw):
    def make(classes=("a", "b", "c"), part="test", slices=None):
        truth, probabilities = draw(300, len(classes))
        if slices is None:
            slices = pd.DataFrame({"region": np.resize(["n", "s", ""], 300)})
        return evaluate(part=part, truth=truth, probabilities=probabilities, classes=classes, slices=slices, majority=0,
                        spec=Evaluation(resamples=100), seed=5)  # fmt: skip

    return make


@pytest.mark.parametrize("locale", ["en", "zh_CN"])
def test_the_page_stands_alone(locale, evaluation):
    html = report_html(evaluation(), context(), locale)
    page = Page(html)
    assert f'lang="{locale.replace("_", "-")}"' in html
    assert not {"script", "link", "img", "iframe"} & set(page.elements)
    assert not [value for name, value in page.attributes if name in ("src", "href") or name.startswith("on")]
    assert "http" not in html.replace("http-equiv", "")
    assert "prefers-color-scheme" in html
    assert "width=device-width" in html


def test_it_says_what_was_measured_and_how_often_the_test_part_was_opened(evaluation):
    result = evaluation()
    words = Page(report_html(result, context(), "en")).words
    for expected in ("run & try", "Shop <reviews>", "data", "stratified", "2025-01-02", "so far: 4", "Rows measured", "300",
                     "95 % bootstrap", "Majority class", "synthetic", "name: <x>", "Python", "Same class, %", "100.00", "missing value"):  # fmt: skip
        assert expected in words, expected
    for score in (*result.overall.values(), *result.baseline.values()):
        assert f"{100 * score.value:.1f}" in words
        assert f"{100 * score.low:.1f}–{100 * score.high:.1f}" in words
    assert "so far" not in Page(report_html(evaluation(part="validation"), context(), "en")).words


ENVIRONMENT = {"python": "3.11.9", "cores": 4, "memory_bytes": 16_800_000_000, "accelerator": None, "packages": {"numpy": "2", "keras": "3"}}  # fmt: skip
PARITY = {
    "n": 1200,
    "agreement": 0.999,
    "max_difference": 2.384185791015625e-07,
    "seconds": 3.21987,
    "ok": True,
}


@pytest.mark.parametrize(
    ("locale", "shown"),
    [
        ("en", ("16.8 GB", "none", "numpy\n \n2", "1,200", "99.90", "2e-07", "3.2", "yes", "2025-01-02 00:00 UTC", "as the column “split <x>” of the data says")),
        ("zh_CN", ("16.8 GB", "内存", "无", "处理器核心数", "比较的行数", "是", "按数据中“split <x>”列的划分")),
    ],
)  # fmt: skip
def test_facts_are_words_and_figures_in_the_readers_language(locale, shown, evaluation):
    given = {"kind": "given", "column": "split <x>", "train": 0.8, "validation": 0.1, "test": 0.1, "seed": 7}
    changes = {"environment": ENVIRONMENT, "parity": PARITY, "split": given}
    words = Page(report_html(evaluation(), context(**changes), locale)).words
    for expected in shown:
        assert expected in words, expected
    for internal in ("memory_bytes", "max_difference", "None", "0.8", "{"):
        assert internal not in words.replace("{labels}", ""), internal


def test_a_drawn_split_is_said_with_its_shares(evaluation):
    drawn = {"kind": "stratified", "column": None, "train": 0.7, "validation": 0.15, "test": 0.15, "seed": 7}
    words = Page(report_html(evaluation(), context(split=drawn), "en")).words
    assert "balanced by class: train 70 %, validation 15 %, test 15 %, seed 7" in words


def test_leaks_and_rows_left_out_stand_with_the_scores_that_they_flatter(evaluation):
    leaks = {"validation_in_train": 215, "test_in_train": 9, "test_in_validation": 0}
    validation = Page(
        report_html(evaluation(part="validation"), context(leaks=leaks, excluded=31), "en")
    ).words
    assert "215 validation rows also stand in train" in validation
    assert "test rows also stand" not in validation
    assert "Rows that the split leaves out\n31" in validation
    test = Page(report_html(evaluation(), context(leaks=leaks), "zh_CN")).words
    assert "9" in test
    assert "215" not in test
    assert "sealed" not in Page(report_html(evaluation(), context(), "en")).words, (
        "it was opened to be measured"
    )


def test_what_is_missing_is_left_out(evaluation):
    result = evaluation(slices=pd.DataFrame())
    words = Page(report_html(result, {}, "en")).words
    for absent in ("None", "Slices", "Recipe", "What it ran on", "synthetic"):
        assert absent not in words


def test_text_from_outside_is_never_markup(evaluation):
    slices = pd.DataFrame({"<i>region": np.resize(EVIL, 300)})
    evil = context(**dict.fromkeys(("project", "run", "run_id", "dataset", "split", "recipe_yaml"), EVIL[2]),
                   environment={EVIL[1]: EVIL[2]}, parity={EVIL[0]: [EVIL[1]]})  # fmt: skip
    page = Page(report_html(evaluation(EVIL, slices=slices), evil, "en"))
    assert not {"script", "img"} & set(page.elements)
    for text in EVIL:
        assert text in page.words
    clean = Page(report_html(evaluation(), context(), "en"))
    assert set(page.elements) <= {*clean.elements, "bdi"}


def test_a_class_without_rows_is_noted_and_shown_as_a_dash():
    truth = np.array([0, 1] * 20)
    result = evaluate(part="test", truth=truth, probabilities=np.eye(3)[truth], classes=["a", "b", "<c>"], slices=pd.DataFrame(),
                      majority=0, spec=Evaluation(resamples=100), seed=0, unlabelled=6)  # fmt: skip
    words = Page(report_html(result, context(), "en")).words
    assert "No row here is truly of these classes; each counts as 0 in the macro averages: “<c>”." in words
    assert "Rows without a label" in words
    assert "–\n" in words


def test_json_holds_the_result_and_the_context(evaluation):
    result = evaluation()
    document = json.loads(report_json(result, context()))
    assert EvaluationResult.model_validate(document["result"]) == result
    assert document["context"]["openings"] == 4
    assert document["context"]["created"].startswith("2025-01-02")
    assert document["format"] == 1
