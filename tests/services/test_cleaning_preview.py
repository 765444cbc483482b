"""A preview of cleaning looks at every row but those of the sealed test part."""

from __future__ import annotations

from collections.abc import Callable

from engine.recipe import Split, Step
from engine.services import splits
from engine.services.inline import run_waiting
from engine.workspace import DatasetVersion, Workspace

Importer = Callable[..., DatasetVersion]


def previewed(workspace: Workspace, version_id: str, steps: list[Step]):
    workspace.datasets.start_cleaning_preview(version_id, steps)
    run_waiting(workspace.scope)
    found = workspace.datasets.cleaning_preview(version_id, steps)
    assert found is not None
    return found


def test_rows_of_the_test_part_are_not_counted_nor_quoted(workspace: Workspace, imported: Importer) -> None:
    version = imported()
    steps = [Step(name="boilerplate"), Step(name="length", params={"longest": 20, "whole_words": False}), Step(name="pattern", params={"pattern": "."})]  # fmt: skip
    before = previewed(workspace, version.id, steps)
    assert before.rows == version.rows
    workspace.splits.start(version.id, Split(seed=3))
    run_waiting(workspace.scope)
    view = workspace.splits.current(version.id)
    assert view is not None
    assert workspace.datasets.cleaning_preview(version.id, steps) is None, (
        "counted with rows that are sealed by now"
    )
    after = previewed(workspace, version.id, steps)
    parts = splits.assignment(workspace.scope, view.id)
    assert after.rows == int((parts != "test").sum()) < version.rows
    shown = [sample.row_id for step in after.steps for sample in step.samples]
    assert shown
    assert not set(parts[shown]) & {"test"}


def test_a_pattern_that_takes_too_long_fails_the_job_with_its_row(
    workspace: Workspace, imported: Importer
) -> None:
    lines = [f"fine {place},{'ab'[place % 2]}" for place in range(9)]
    content = "\n".join(["text,label", *lines, "a" * 3000 + "!,a"]).encode()
    version = imported(content=content, roles={"text": "input", "label": "label"})
    job = workspace.datasets.start_cleaning_preview(
        version.id, [Step(name="pattern", params={"pattern": "(a+)+$"})]
    )
    run_waiting(workspace.scope)
    ended = workspace.jobs.get(job.id)
    assert ended.state == "failed"
    assert ended.error is not None
    assert ended.error["code"] == "REGEX_TIMEOUT"
    assert ended.error["params"]["row"] == 10
