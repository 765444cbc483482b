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
                     "95 % bootstrap", "Majority class", "synthetic", "name: <x>", "python", "agreement", "missing value"):  # fmt: skip
        assert expected in words, expected
    for score in (*result.overall.values(), *result.baseline.values()):
        assert f"{100 * score.value:.1f}" in words
        assert f"{100 * score.low:.1f}–{100 * score.high:.1f}" in words
    assert "so far" not in Page(report_html(evaluation(part="validation"), context(), "en")).words


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
