from __future__ import annotations

import pandas as pd
import pytest

from engine.prepare.preview import QUOTE, CleaningPreview, preview_cleaning
from engine.prepare.steps import Cleaner
from engine.recipe import Step
from engine.registry import UnknownName

INPUTS = pd.Series(["  Good ", "bad", "<p></p>", "GREAT", ""], index=[10, 11, 12, 13, 14])


def test_it_counts_changed_and_emptied_rows_step_by_step():
    preview = preview_cleaning(INPUTS, [Step(name="html"), Step(name="whitespace"), Step(name="case")])
    html, whitespace, case = preview.steps
    assert (html.changed, html.emptied) == (1, 1)
    assert (whitespace.changed, whitespace.emptied) == (2, 0)
    assert (case.changed, case.emptied) == (2, 0)
    assert (preview.rows, preview.changed, preview.emptied) == (5, 3, 1)
    assert [(s.row_id, s.before, s.after) for s in case.samples] == [
        (10, "Good", "good"),
        (13, "GREAT", "great"),
    ]
    assert next((s.row_id, s.before, s.after) for s in preview.samples) == (10, "  Good ", "good")


def test_switched_off_steps_are_skipped_in_their_place():
    preview = preview_cleaning(INPUTS, [Step(name="case", enabled=False), Step(name="whitespace")])
    assert [(s.name, s.enabled, s.changed) for s in preview.steps] == [
        ("case", False, 0),
        ("whitespace", True, 1),
    ]
    assert preview.samples[0].after == "Good"


def test_the_last_step_sees_what_the_cleaner_gives():
    parts = [Step(name=name) for name in ("control", "html", "case", "whitespace")]
    preview = preview_cleaning(INPUTS, parts)
    expected = dict(zip(INPUTS.index, Cleaner(parts)(INPUTS.tolist()), strict=True))
    assert {s.row_id: s.after for s in preview.samples} == {
        row: text for row, text in expected.items() if text != INPUTS[row]
    }


def test_samples_are_drawn_by_seed_and_limited():
    many = pd.Series([f"TEXT {n}" for n in range(500)])
    first = preview_cleaning(many, [Step(name="case")], samples=7, seed=1)
    assert len(first.steps[0].samples) == 7
    assert first == preview_cleaning(many, [Step(name="case")], samples=7, seed=1)
    assert (
        first.steps[0].samples
        != preview_cleaning(many, [Step(name="case")], samples=7, seed=2).steps[0].samples
    )
    assert max(s.row_id for s in first.steps[0].samples) > 20


def test_long_texts_are_quoted_around_the_first_change():
    long = pd.Series(["x" * 5000 + "Y" + "z" * 5000])
    (sample,) = preview_cleaning(long, [Step(name="case")]).samples
    assert len(sample.before) <= QUOTE
    assert "Y" in sample.before
    assert "y" in sample.after
    assert sample.before.startswith("…")
    assert sample.before.endswith("…")


def test_it_survives_json_reports_progress_and_takes_no_rows_and_no_steps():
    seen: list[float] = []
    preview = preview_cleaning(INPUTS, [Step(name="case"), Step(name="html")], progress=seen.append)
    assert CleaningPreview.model_validate_json(preview.model_dump_json()) == preview
    assert seen == [0.5, 1.0]
    assert preview_cleaning(INPUTS, []).changed == 0
    assert preview_cleaning(pd.Series([], dtype=str), [Step(name="case")]).rows == 0


def test_unknown_steps_are_refused():
    with pytest.raises(UnknownName):
        preview_cleaning(INPUTS, [Step(name="nonsense")])
