"""The locality check reads train texts only, with what is on this machine."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from engine.recipe import Split
from engine.services import localities
from engine.services.inline import run_waiting
from engine.workspace import DatasetVersion, Workspace


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
