"""Vectors of texts outlive the training that computed them, until their data are deleted or room is needed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from engine.services import training
from engine.services.inline import run_waiting
from engine.services.kept_vectors import KeptVectors, kept_bytes
from engine.storage import artifacts
from engine.storage.home import folder
from engine.workspace import DatasetVersion, Workspace

Importer = Callable[..., DatasetVersion]


class Log(list[tuple[str, Any]]):
    def __call__(self, kind: str, **payload: Any) -> None:
        self.append((kind, payload["params"]["reason"]))


def vectors(seed: int, rows: int = 2500) -> np.ndarray[Any, np.dtype[np.float32]]:
    """0.4 MB."""
    return np.random.default_rng(seed).random((rows, 40), dtype=np.float32)


def files() -> int:
    return len(list((artifacts.root() / "sha256").glob("??/*")))


def test_kept_vectors_are_found_whole_until_room_is_needed(
    workspace: Workspace, imported: Importer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BENTU_VECTORS_MB", "1")
    version, said = imported(40), Log()
    kept = KeptVectors(workspace.scope, version.id, said)
    before = files()
    for seed, key in enumerate("ab"):
        kept.put(key, vectors(seed))
    elsewhere = KeptVectors(workspace.scope, "ver_other", said)
    assert elsewhere.get("a") is None, "what another version keeps is its own"
    assert np.array_equal(KeptVectors(workspace.scope, version.id, said).get("a"), vectors(0))  # type: ignore[arg-type]
    kept.put("c", vectors(2))
    assert [kept.get(key) is None for key in "abc"] == [False, True, False], "unused for longest"
    assert files() == before + 2, "its bytes are free at once"
    assert (
        kept_bytes(workspace.scope)
        == dict(workspace.settings.storage())["Text vectors for later trainings"]
        > 800_000
    )
    kept.put("d", vectors(3, rows=10_000))
    assert kept.get("d") is None
    assert said.pop()[1]["params"] == {"size": 2, "most": 1}
    assert not said


def test_damaged_vectors_are_computed_again(workspace: Workspace, imported: Importer) -> None:
    kept = KeptVectors(workspace.scope, imported(40).id, Log())
    known = {*(artifacts.root() / "sha256").glob("??/*")}
    kept.put("a", vectors(0))
    (file,) = {*(artifacts.root() / "sha256").glob("??/*")} - known
    whole = file.read_bytes()
    for bad in (whole[:200_000], whole[:-1] + b"?", b""):
        file.write_bytes(bad)
        assert kept.get("a") is None
        kept.put("a", vectors(0))
        assert np.array_equal(kept.get("a"), vectors(0))  # type: ignore[arg-type]
    file.unlink()
    assert kept.get("a") is None


def test_a_full_disk_costs_the_vectors_and_not_the_training(
    workspace: Workspace, imported: Importer, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = Log()
    kept = KeptVectors(workspace.scope, imported(40).id, said)

    def full(place: object, array: object) -> None:
        open(place, "wb").close()  # type: ignore[call-overload]
        raise OSError("2500 requested and 7 written")

    with monkeypatch.context() as patched:
        patched.setattr(np, "save", full)
        kept.put("a", vectors(0))
    monkeypatch.setenv("BENTU_MIN_FREE_MB", "1000000000")
    kept.put("a", vectors(0))
    assert [kind for kind, _ in said] == ["log", "log"]
    assert said[0][1] == "2500 requested and 7 written"
    assert "MB are free" in said[1][1]["message"]
    assert kept.get("a") is None
    assert list(folder("tmp").iterdir()) == []


def test_vectors_go_with_their_data_and_none_come_later(
    workspace: Workspace, imported: Importer, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = imported(40)
    imported(60, project=first.project_id, name="other")  # what is chosen is trained on the newest
    lines: list[Any] = []
    real = training.fit_run
    monkeypatch.setattr(
        training, "fit_run", lambda recipe, data, line: lines.append(line) or real(recipe, data, line)
    )
    workspace.runs.submit(first.project_id, workspace.recipes.choose(first.project_id, "majority", "quick"))
    run_waiting(workspace.scope)
    of_run, other = lines[0].vectors, KeptVectors(workspace.scope, first.id, Log())
    for kept in (of_run, other):
        kept.put("a", vectors(0))
    assert kept_bytes(workspace.scope) == 400_128, "the same bytes lie there once"
    workspace.datasets.delete(first.dataset_id)
    assert other.get("a") is None
    assert of_run.get("a") is not None
    other.put("a", vectors(1))
    assert other.get("a") is None, "a training that outlived its data keeps nothing"
    workspace.projects.delete(first.project_id)
    assert of_run.get("a") is None
    artifacts.collect(workspace.scope.engine, young=0)
    assert files() == 0
