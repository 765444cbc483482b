"""Texts that the same frozen model reads are read once: by one candidate of a search for all, and for later trainings."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from engine.models import embeddings
from engine.models.preset_import import import_preset
from engine.models.text import foundation
from engine.services.inline import run_waiting
from engine.workspace import DatasetVersion, Plan, Search, Workspace
from tests.models.tiny_presets import tiny_bert
from tests.models.toys import eagerly

pytestmark = pytest.mark.slow


@eagerly()
def test_searches_over_the_read_out_read_every_text_once(
    workspace: Workspace, imported: Callable[..., DatasetVersion], bentu_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    import_preset(tiny_bert(tmp_path / "source"), bentu_home / "presets", "tiny", ["en"])
    version = imported(120)
    recipe = workspace.recipes.choose(version.project_id, "foundation", "quick")
    few = {**recipe.family.params, "epochs": 2, "batch_size": 64}
    recipe = recipe.model_copy(update={"family": recipe.family.model_copy(update={"params": few})})
    read: list[int] = []
    real = embeddings._computed

    def watched(model: Any, rows: Any, training: Any) -> Any:
        read.append(len(rows))
        return real(model, rows, training)

    monkeypatch.setattr(embeddings, "_computed", watched)
    # that a saved one answers alike is shown beside the family; writing it takes longer than all the rest
    fitted: list[Any] = []
    monkeypatch.setattr(foundation.FoundationFitted, "save", lambda self, folder: fitted.append(self))
    monkeypatch.setattr(foundation.Foundation, "load", lambda self, folder: fitted[-1])

    def searched(most: int) -> Search:
        plan = Plan(minutes=5, most=most, fields=("learning_rate", "dropout"))
        begun = workspace.searches.start(version.project_id, recipe, "settings", plan, inline=True)
        run_waiting(workspace.scope)
        return workspace.searches.get(begun.id)

    found = searched(2)
    assert [one.state for one in found.candidates] == ["done"] * 2
    assert len({one.params["learning_rate"] for one in found.candidates}) == 2
    assert len({one.score for one in found.candidates}) > 1, "each learnt for itself"
    counts = workspace.splits.current(version.id).counts  # type: ignore[union-attr]
    assert read == [counts["train"], counts["validation"]]
    first, second = found.candidates
    assert len(fitted) == 1, "built alike: what is delivered of the first is measured"
    assert (second.note, second.size, second.latency) == ({"alike": 0}, first.size, first.latency)
    later = searched(1)
    assert len(read) == 2, "another job, another process, the same vectors"
    assert later.candidates[0].score == found.candidates[0].score
