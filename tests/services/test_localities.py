"""The locality check reads train texts only, with what is on this machine."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from engine.recipe import Split
from engine.services import localities
from engine.services.inline import run_waiting
from engine.services.presets import take_over
from engine.workspace import DatasetVersion, Workspace
from tests.models.tiny_presets import tiny_bert


def test_it_is_worked_out_once_a_division(
    workspace: Workspace, imported: Callable[..., DatasetVersion], monkeypatch: pytest.MonkeyPatch
) -> None:
    version = imported(300)
    assert workspace.localities.get(version.id) is None
    workspace.splits.start(version.id, Split())
    run_waiting(workspace.scope)
    seen: list[str] = []
    real = localities.count_tokens

    def watched(tokenizer: Any, texts: Any) -> Any:
        seen.extend(texts)
        return real(tokenizer, texts)

    monkeypatch.setattr(localities, "count_tokens", watched)
    workspace.localities.start(version.id)
    run_waiting(workspace.scope)
    found = workspace.localities.get(version.id)
    assert found is not None
    split = workspace.splits.current(version.id)
    assert split is not None
    assert found[1] == len(seen) == split.counts["train"]
    (own,) = found[0]
    assert own.preset is None
    assert own.readings[0].verdict == "fits"
    assert {r.column for r in own.readings[1:]} == {"region", "domain"}
    workspace.splits.start(version.id, Split(seed=5))
    run_waiting(workspace.scope)
    assert workspace.localities.get(version.id) is None


def test_a_model_is_measured_by_its_own_tokens_and_by_the_languages_it_has_read(
    workspace: Workspace, imported: Callable[..., DatasetVersion], tmp_path: Path
) -> None:
    version = imported(120)  # English
    take_over(tiny_bert(tmp_path / "yoruba"), "yoruba", ["yo"], None)
    take_over(tiny_bert(tmp_path / "english"), "english", ["en"], None)
    take_over(tiny_bert(tmp_path / "silent"), "silent", [], None)
    workspace.localities.start(version.id)
    run_waiting(workspace.scope)
    found = workspace.localities.get(version.id)
    assert found is not None
    own, *models = found[0]
    assert own.readings[0].familiar_share is None
    assert own.readings[0].written_share == 1
    shares = {one.preset: one.readings[0].familiar_share for one in models}
    assert shares["yoruba"] == 0
    assert shares["english"] is not None
    assert shares["english"] > 0.9
    assert shares["silent"] is None
    assert own.readings[0].letters.keys() == {"Latin"}
    whole, part = models[0].readings[:2]
    assert whole.letters["Latin"][0] > part.letters["Latin"][0] > 0
    assert 0 < whole.written_share < 1, "the tiny vocabulary has the small letters of its toy texts only"
