"""Findings about the wording offer the cleaning step that mends them, and only where it does."""

from __future__ import annotations

import pandas as pd
import pytest

from engine.data.checks import checks
from engine.data.findings import Found
from engine.data.modalities.text import TextClassification
from engine.data.schema import Column, Schema
from engine.data.table_view import TableView
from engine.prepare.steps import Cleaner, steps
from engine.recipe import Step


def look(name: str, texts: list[str]) -> list[Found]:
    schema = Schema(
        task="text-classification",
        columns=(Column(name="text", role="input"), Column(name="label", role="label")),
        classes=("a", "b"),
    )
    frame = pd.DataFrame({"text": texts, "label": ["a", "b"] * (len(texts) // 2) + ["a"] * (len(texts) % 2)})
    return list(checks.get(name).run(TableView(frame, schema, TextClassification())))


def mended(found: Found, text: str) -> str:
    (fix,) = found.finding.fixes
    assert fix.kind == "clean"
    step = steps.get(fix.params["step"])
    return str(
        Cleaner([Step(name=step.name, version=step.version, params=fix.params.get("params", {}))])([text])[0]
    )


@pytest.mark.parametrize(("wrong", "right"), [("cafÃ© crÃ¨me", "café crème"), ("浣犲ソ浣犲ソ", "你好你好")])
def test_wrong_decoding_is_mended_by_the_step_that_the_finding_offers(wrong: str, right: str) -> None:
    (found,) = look("mojibake", ["fine"] * 9 + [wrong])
    assert mended(found, wrong) == right


def test_lost_characters_are_not_promised_back() -> None:
    (found,) = look("mojibake", ["fine"] * 9 + ["锟斤拷锟斤拷"])
    assert found.finding.fixes == ()


def test_a_template_is_taken_out_by_the_step_that_the_finding_offers() -> None:
    words = "亲，感谢您对本店的支持，祝您生活愉快"
    texts = [
        f"{words}。第{i}单，客服{i * 37}号" if i % 5 == 0 else f"第{i}条各不相同的话{i * 91}"
        for i in range(300)
    ]
    found = [one for one in look("template_texts", texts) if one.finding.code == "template_texts"]
    assert found
    assert "感谢您对本店的支持" not in mended(found[0], texts[0])
    assert mended(found[0], texts[1]) == texts[1]
