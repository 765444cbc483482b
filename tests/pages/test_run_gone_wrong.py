"""A run that a setting led astray: what the train page says of it, and the way out."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import update

from engine.errors import BentuError
from engine.jobs.errors import OutOfMemory
from engine.models.family import BatchTooLarge, Diverged, PretrainingDiverged
from engine.storage.clock import now
from engine.storage.database import write
from engine.storage.tables import job
from engine.workspace import Run, Workspace
from tests.pages.test_train import epochs, primaries, report, said

SURVIVED = (
    "note",
    {
        "message": "The loss stopped being a number in epoch {epoch}; the weights of epoch {best} are kept. Choose a smaller learning rate.",
        "params": {"epoch": 3, "best": 2}, "level": "warning", "code": Diverged.code,
    },
)  # fmt: skip


def ended(workspace: Workspace, project: str, state: str, problem: BentuError | None = None) -> Run:
    """A run of the transformer that ended so."""
    recipe = workspace.recipes.choose(project, "transformer", "quick")
    run = workspace.runs.submit(project, recipe, name="astray")
    error = problem.to_json() if problem else None
    with write(workspace.scope.engine) as connection:
        connection.execute(
            update(job).where(job.c.id == run.job_id).values(state=state, started=now(), finished=now(), error=error)
        )  # fmt: skip
    return workspace.runs.get(run.id)


@pytest.mark.parametrize(
    ("locale", "first", "none_yet"),
    [
        ("en-US", "stopped being a number", "No epoch was finished"),
        ("zh-CN", "不再是有效数字", "没有一轮完成"),
    ],
)
def test_a_run_that_diverged_at_once_offers_a_smaller_rate(
    trained: Any, open_page: Any, workspace: Workspace, locale: str, first: str, none_yet: str
) -> None:
    run = ended(workspace, trained.project, "failed", Diverged(epoch=1, learning_rate=0.001))
    report(workspace, run.id, ("phase", {"name": "training"}), epochs(1)[0])
    at = open_page("train", locale=locale, project=trained.project, run=run.id)
    assert not at.exception
    assert first in at.error[0].value
    assert none_yet in said(at)
    assert "attempt" not in said(at), "the process printed nothing of use"
    assert primaries(at) == [f"gentler_{run.id}"]
    assert "0.0001" in at.button(key=f"gentler_{run.id}").label


def test_the_way_out_loads_the_recipe_with_the_smaller_rate(
    trained: Any, open_page: Any, workspace: Workspace
) -> None:
    run = ended(workspace, trained.project, "failed", Diverged(epoch=1, learning_rate=0.001))
    before = run.recipe.family.params
    workspace.recipes.choose(trained.project, "majority")
    at = open_page("train", project=trained.project, run=run.id)
    at.button(key=f"gentler_{run.id}").click().run()
    assert not at.exception
    assert at.title[0].value == "Model"
    draft = workspace.recipes.draft(trained.project)
    assert draft.family.params == {**before, "learning_rate": pytest.approx(before["learning_rate"] / 10)}


@pytest.mark.parametrize(("locale", "words"), [("en-US", "are kept"), ("zh-CN", "保留第2轮的权重")])
def test_a_run_that_diverged_later_warns_beside_its_score(
    trained: Any, open_page: Any, workspace: Workspace, locale: str, words: str
) -> None:
    run = ended(workspace, trained.project, "succeeded")
    report(workspace, run.id, ("phase", {"name": "training"}), *epochs(2), SURVIVED)
    at = open_page("train", locale=locale, project=trained.project, run=run.id)
    assert not at.exception
    assert words in at.warning[0].value
    assert at.button(key=f"gentler_{run.id}")
    assert primaries(at) == [f"evaluate_{run.id}"]


@pytest.mark.parametrize(
    ("locale", "words"), [("en-US", "never fell clearly"), ("zh-CN", "始终没有明显低于起点")]
)
def test_a_loss_that_never_fell_is_explained(
    trained: Any, open_page: Any, workspace: Workspace, locale: str, words: str
) -> None:
    run = ended(workspace, trained.project, "succeeded")
    wild = [(kind, payload | {"loss": 7.0} if kind == "epoch" else payload) for kind, payload in epochs(2)]
    report(workspace, run.id, ("phase", {"name": "training"}), *wild)
    assert words in said(open_page("train", locale=locale, project=trained.project, run=run.id))


@pytest.mark.parametrize(
    ("problem", "changed"),
    [
        (Diverged(epoch=1, learning_rate=1.0), {"learning_rate": 0.03}),
        (PretrainingDiverged(epoch=1, learning_rate=1.0), {"pretraining_rate": 5e-6}),
        (BatchTooLarge(size=64), {"batch_size": 32, "accumulate": 4}),
        (OutOfMemory(), {"batch_size": 32, "accumulate": 4}),
    ],
)
def test_the_remedy_of_an_error_in_numbers(
    workspace: Workspace, trained: Any, problem: BentuError, changed: dict[str, Any]
) -> None:
    recipe = workspace.recipes.draft(trained.project)
    params = {"learning_rate": 0.3, "pretraining_rate": 5e-5, "batch_size": 64, "accumulate": 2}
    part = recipe.family.model_copy(update={"params": params})
    found = workspace.recipes.gentler(recipe.model_copy(update={"family": part}), problem.code)
    assert found == pytest.approx(changed)


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"learning_rate": 1e-6}, Diverged.code),
        ({"batch_size": 8, "accumulate": 1}, BatchTooLarge.code),
        ({"batch_size": 64, "accumulate": 64}, OutOfMemory.code),
        ({"c": 1.0}, OutOfMemory.code),
        ({"learning_rate": 0.3}, "RUN_FAILED"),
    ],
)
def test_where_no_number_helps_none_is_offered(
    workspace: Workspace, trained: Any, params: dict[str, Any], code: str
) -> None:
    recipe = workspace.recipes.draft(trained.project)
    part = recipe.family.model_copy(update={"params": params})
    assert workspace.recipes.gentler(recipe.model_copy(update={"family": part}), code) == {}
