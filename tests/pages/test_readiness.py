"""What the card beside the form says of a start's cost."""

from __future__ import annotations

import re
from typing import Any

import pytest

from engine.workspace import Workspace
from tests.pages.conftest import import_text, texts


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


def test_labels_are_guessed_only_where_rows_lack_one(
    trained: Any, open_page: Any, workspace: Workspace
) -> None:
    at = open_page("model", project=trained.project)
    assert at.toggle(key="pseudo_enabled").disabled
    assert "Every row of these data has a label" in texts(at)
    project = workspace.projects.create("half").id
    rows = "".join(f"text number {i},{('good', 'bad', '')[i % 3]}\n" for i in range(120))
    import_text(workspace, project, f"text,label\n{rows}", "half", text="input", label="label")
    at = open_page("model", project=project)
    assert "Rows without a label: 40" in texts(at)
    at.toggle(key="pseudo_enabled").set_value(True).run()
    assert not at.exception
    assert "40 rows have no label. The model is trained twice." in texts(at)
    assert "Rows without a label: 40" not in texts(at)
    at.slider(key="pseudo_threshold").set_value(0.75).run()
    guess = workspace.recipes.draft(project).pseudo_labels
    assert (guess.enabled, guess.threshold, guess.most) == (True, 0.75, 3.0)
    at.toggle(key="pseudo_enabled").set_value(False).run()
    workspace.recipes.choose(project, "transformer", "quick")
    workspace.recipes.set_param(project, "pretraining", 1)
    assert "Rows without a label: 40" not in texts(at.run()), "pretraining reads them"
