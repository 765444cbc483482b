"""What the card beside the form says of a start's cost."""

from __future__ import annotations

import re
from typing import Any

import pytest

from engine.workspace import Workspace
from tests.pages.conftest import texts


@pytest.mark.parametrize(
    ("locale", "words"),
    [
        (
            "en-US",
            (
                "of training, estimated",
                "of memory, estimated",
                "Wh** of energy, estimated (Green Algorithms)",
            ),
        ),
        ("zh-CN", ("估计训练时间", "估计内存", "估计能耗", "瓦时**（Green Algorithms方法）")),
    ],
)
def test_time_memory_and_energy_are_named_before_the_start(
    trained: Any, open_page: Any, workspace: Workspace, locale: str, words: tuple[str, ...]
) -> None:
    at = open_page("model", locale=locale, project=trained.project)
    assert not at.exception
    said = texts(at)
    for word in words:
        assert word in said
    recipe = workspace.recipes.draft(trained.project)
    assert recipe is not None
    energy = workspace.recipes.estimate(trained.project, recipe).energy_wh
    (named,) = re.findall(r"\*\*([\d.]+) ?(?:Wh|瓦时)\*\*", said)
    assert float(named) == pytest.approx(energy, rel=0.05), "two digits, and no exponent"
