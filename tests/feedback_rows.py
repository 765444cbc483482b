"""Demos and feedback as rows and as inbox entries, for tests that need no trained model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, insert

from engine.recipe import Part, Recipe
from engine.storage.clock import now
from engine.storage.database import write
from engine.storage.inbox import FILE
from engine.storage.tables import (
    dataset,
    dataset_version,
    demo,
    feedback,
    job,
    model_version,
    new_id,
    project,
    run,
)

CLASSES = ("complaint", "praise", "question")


def make_project(engine: Engine, name: str = "Reviews", owner: str = "local") -> str:
    """A project's row; its id."""
    project_id = new_id("prj")
    with write(engine) as connection:
        connection.execute(
            insert(project).values(id=project_id, owner=owner, name=name, sample=False, created=now(), updated=now(), draft_revision=0)
        )  # fmt: skip
    return project_id


def make_demo(
    engine: Engine, project_id: str, *, title: str = "Reviews", classes: Sequence[str] = CLASSES, inputs: Sequence[str] = ("text",),
    owner: str = "local", versions: int = 1,
) -> str:  # fmt: skip
    """A demo with `versions` model versions whose data has these classes; its id."""
    ids = {name: new_id(name) for name in ("dst", "ver", "dem")}
    columns = [*({"name": n, "role": "input"} for n in inputs), {"name": "label", "role": "label"}]
    schema = {"task": "text-classification", "columns": columns, "classes": sorted(classes)}
    recipe = Recipe(data=ids["ver"], family=Part(name="tfidf_svm")).model_dump(mode="json")
    mine: dict[str, Any] = {"owner": owner, "created": now()}
    here = {**mine, "project_id": project_id}
    with write(engine) as connection:
        connection.execute(insert(dataset).values(id=ids["dst"], name="reviews", **here))
        connection.execute(
            insert(dataset_version).values(
                id=ids["ver"], dataset_id=ids["dst"], number=1, digest="0" * 64, artifact="0" * 64, schema=schema, rows=10,
                columns=2, source={}, findings=[], **here,
            )
        )  # fmt: skip
        numbered = []
        for number in range(1, versions + 1):
            job_id, run_id, version_id = new_id("job"), new_id("run"), new_id("mdl")
            connection.execute(
                insert(job).values(
                    id=job_id, kind="train", lane="training", spec={}, priority=0, state="succeeded", attempt=1, max_attempts=1,
                    executor="local", folder=f"jobs/{job_id}", seconds=1.0, queued_at=now(), **here,
                )
            )  # fmt: skip
            connection.execute(
                insert(run).values(
                    id=run_id, version_id=ids["ver"], job_id=job_id, name=f"run {number}", family="tfidf_svm", recipe=recipe,
                    recipe_digest="0" * 64, stopped_early=False, idempotency=run_id, **here,
                )
            )  # fmt: skip
            numbered.append({"id": version_id, "demo_id": ids["dem"], "run_id": run_id, "number": number, "bundle": "0" * 64,
                             "manifest": "0" * 64, "parity": {}, **mine})  # fmt: skip
        connection.execute(
            insert(demo).values(
                id=ids["dem"], title=title, description="", consent="", examples=[], languages=["en", "zh_CN"], state="on",
                token_digest=new_id("tok"), serial=1, version_id=numbered[-1]["id"], visits=0, answers=0, updated=now(), **here,
            )
        )  # fmt: skip
        connection.execute(insert(model_version), numbered)
    return ids["dem"]


def said(text: str = "the food was cold", **values: Any) -> dict[str, Any]:
    """The payload of a feedback entry: by default a wrong answer with a correction."""
    return {
        "model": 1, "inputs": {"text": text}, "answer": "praise", "confidence": 0.75, "right": False,
        "correction": "complaint", "comment": None, "visitor": "0123456789abcdef", "locale": "en", **values,
    }  # fmt: skip


def add_feedback(
    engine: Engine, demo_id: str, project_id: str, payloads: Sequence[Mapping[str, Any]], owner: str = "local"
) -> list[str]:
    """Feedback as the drain would have stored it; the ids, in order."""
    rows = [
        {
            "id": new_id("fbk"), "owner": owner, "project_id": project_id, "demo_id": demo_id, "key": new_id("key"), **payload,
            "received": now(), "state": "pending", "label": None, "revision": 0, "updated": now(), "dataset_version_id": None,
        }
        for payload in payloads
    ]  # fmt: skip
    with write(engine) as connection:
        connection.execute(insert(feedback), rows)
    return [str(row["id"]) for row in rows]


def raw_entry(home: Path, kind: str, demo_id: str, key: str, payload: str, at: str | None = None) -> None:
    """Write an entry past the writer, as a demo process that was taken over could."""
    import sqlite3
    from contextlib import closing

    with closing(sqlite3.connect(home / FILE, isolation_level=None)) as connection:
        connection.execute(
            "INSERT INTO entry (kind, demo, key, payload, at) VALUES (?, ?, ?, ?, ?)",
            (kind, demo_id, key, payload, at or now().isoformat()),
        )
