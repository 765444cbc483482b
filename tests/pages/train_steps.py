"""What the train page says, and events as a training process would write them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import update
from streamlit.testing.v1 import AppTest

from engine.jobs import events
from engine.storage.clock import now
from engine.storage.database import write
from engine.storage.tables import job
from engine.workspace import Run, Workspace


def said(at: AppTest) -> str:
    """Everything that the page says."""
    kinds = (
        "title",
        "subheader",
        "markdown",
        "caption",
        "text",
        "info",
        "warning",
        "error",
        "success",
        "code",
    )
    return "\n".join(str(e.value) for kind in kinds for e in at.get(kind)).replace("\\", "")


def table(at: AppTest, key: str) -> Any:
    """The table whose widget key starts with `key`."""
    return next(e for e in at.dataframe if (e.key or "").startswith(key)).value


def primaries(at: AppTest) -> list[str | None]:
    return [b.key for b in at.button if b.proto.type == "primary"]


def running(workspace: Workspace, run: Run, phase: str | None = None) -> None:
    """Let a run that waits be one that computes, without a worker."""
    with write(workspace.scope.engine) as connection:
        connection.execute(
            update(job).where(job.c.id == run.job_id).values(state="running", phase=phase, started=now())
        )


def report(
    workspace: Workspace, run_id: str, *entries: tuple[str, dict[str, Any]], first: int = 1000
) -> None:
    """Events as the training process of the run would write them, half a second apart."""
    job_id = workspace.runs.get(run_id).job_id
    start = now()
    rows = [
        events.Event(first + i, start + timedelta(seconds=i / 2), kind, payload)
        for i, (kind, payload) in enumerate(entries)
    ]
    with write(workspace.scope.engine) as connection:
        events.append(connection, job_id, 1, rows)


def epochs(count: int) -> list[tuple[str, dict[str, Any]]]:
    """The events of that many epochs, of which the third was the best."""
    found: list[tuple[str, dict[str, Any]]] = []
    for e in range(1, count + 1):
        for s in (5, 10, 15):
            found.append(("batch", {"epoch": e, "epochs": 10, "step": s, "steps": 20, "loss": 1 / e, "accuracy": 0.5,
                                    "examples_per_second": 800.0}))  # fmt: skip
        found.append(("epoch", {"epoch": e, "epochs": 10, "loss": 1 / e, "accuracy": 0.8, "val_loss": abs(e - 3) + 0.5, "val_accuracy": 0.8,
                                "val_macro_f1": 0.7 + e / 100, "learning_rate": 0.1, "seconds": 2.0, "best_epoch": min(e, 3)}))  # fmt: skip
    return found
