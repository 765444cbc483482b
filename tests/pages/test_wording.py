"""The page of a version says how its texts are worded and what its health score is made of, in both languages."""

from __future__ import annotations

import re

import pytest

from engine.services.inline import run_waiting
from engine.workspace import Workspace
from tests.pages.conftest import OpenPage, import_text, texts

ROWS = "text,label,region\n" + "".join(
    f"{('splendid' if i % 2 else 'dreadful') + f' food and *service* number {i}' if i < 58 else ''},{'good' if i % 2 else '[bad](http://x.y)'},{'north' if i % 3 else 'south'}\n"
    for i in range(60)
)


@pytest.mark.parametrize("locale", ["en-US", "zh-CN"])
def test_words_and_health_are_shown_with_their_reasons(
    open_page: OpenPage, workspace: Workspace, locale: str
) -> None:
    import_text(workspace, workspace.projects.create("mine").id, ROWS)
    at = open_page("data", locale=locale)
    assert not at.exception
    shown = texts(at)
    score = next(
        int(found[1])
        for found in (
            re.search(r"(?:Health so far: at most |数据健康度：最多)(\d+)", line.value)
            for line in at.markdown
        )
        if found
    )
    assert 0 <= score < 100
    assert ("can only take points away" if locale == "en-US" else "只会再扣分") in shown, (
        "deep checks are still to come"
    )
    assert "](#findings)" in shown and "findings" in [head.anchor for head in at.subheader]
    points = [int(found[1]) for found in (re.search(r"−(\d+)", line.value) for line in at.markdown) if found]
    assert 100 - sum(points) == score, "the reasons shown add up to what is missing"
    assert ("60 rows have a label" if locale == "en-US" else "60行有标签") in shown
    assert ("Words that tell classes apart" if locale == "en-US" else "区分类别的词") in shown
    choice = next(box for box in at.selectbox if (box.key or "").startswith("wording_class_"))
    assert len(choice.options) == 2
    choice.set_value(1).run()
    assert not at.exception


@pytest.mark.parametrize("locale", ["en-US", "zh-CN"])
def test_diversity_by_slice_says_which_repeats_it_counts(
    open_page: OpenPage, workspace: Workspace, locale: str
) -> None:
    version = import_text(
        workspace, workspace.projects.create("mine").id, ROWS, text="input", label="label", region="slice"
    )
    before, after = (
        ("Only exact copies", "nearly equal another")
        if locale == "en-US"
        else ("完全相同的文本才算重复", "近似的行都算重复")
    )
    shown = texts(open_page("data", locale=locale))
    assert before in shown and after not in shown
    workspace.findings.start_deep(version.id)
    run_waiting(workspace.scope)
    at = open_page("data", locale=locale)
    assert not at.exception
    assert after in texts(at) and before not in texts(at)
    assert any(re.search(r"(?:Health: |数据健康度：)\d+", line.value) for line in at.markdown), (
        "nothing is to come any more"
    )
