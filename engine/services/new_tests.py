"""New test sets: drawn when one asks, from rows that nobody has seen as test rows, under a name of their own.

The former ones keep their record: runs stay tied to the split that they were begun on.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
import pandas as pd
from sqlalchemy import select

from engine.data.schema import ROW_ID, Schema
from engine.errors import N_, DataError
from engine.jobs.context import JobContext
from engine.jobs.job import Job
from engine.modality import modalities
from engine.models.family import IntArray
from engine.prepare.blocks import TEST, block_ids
from engine.prepare.facts import train_facts
from engine.prepare.new_test import draw_new_test, new_test_finding, shared_finding
from engine.prepare.split import EXCLUDED, PARTS, label_codes, recount_split
from engine.recipe import FIRST_TEST, Split
from engine.services import datasets, dividing, lineage, near_groups, splits, stored_versions
from engine.services.recipes import Recipes
from engine.services.scope import Scope
from engine.storage.database import read, serialise, write
from engine.storage.tables import dataset_version, new_id, run, split, test_opening


class NameOfTestTaken(DataError):
    code = "TEST_NAME_TAKEN"
    message = N_("There is a test set “{name}” already.")
    remedy = N_("Give the new one another name, so that scores say which rows they are on.")


class NameOfTestMissing(DataError):
    code = "TEST_NAME_MISSING"
    message = N_("The new test set needs a name of 1 to 80 characters.")
    remedy = N_("Name it after where its rows come from, for example “spring 2026”.")


class NotDivided(DataError):
    code = "NOT_DIVIDED"
    message = N_("“{version}” is not divided yet, so it has no test set to add another to.")
    remedy = N_("Divide the rows on the prepare page first.")


def start(scope: Scope, version_id: str, name: str, rows: int, seed: int) -> Job:
    """Put the making of a new test set in line; see `Splits.start_new_test`."""
    row = scope.row(dataset_version, version_id, "dataset version")
    name = name.strip()
    if not 1 <= len(name) <= 80:
        raise NameOfTestMissing()
    if splits.current(scope, version_id) is None:
        raise NotDivided(version=datasets.Datasets(scope).version(version_id).label)
    if name in names(scope, version_id):
        raise NameOfTestTaken(name=name)
    spec = {"version": version_id, "name": name, "rows": max(1, int(rows)), "seed": seed}
    return scope.submit("new_test", spec, row.project_id)


def names(scope: Scope, version_id: str) -> list[str]:
    """Names of the test sets of a version's lineage, the oldest first."""
    scope.row(dataset_version, version_id, "dataset version")
    with read(scope.engine) as connection:
        specs = connection.scalars(
            select(split.c.spec)
            .where(split.c.version_id.in_(lineage.kin(connection, version_id)))
            .order_by(split.c.created, split.c.id)
        ).all()
    return list(dict.fromkeys(spec.get("test_name", FIRST_TEST) for spec in specs))


def make_new_test(
    context: JobContext, scope: Scope, project_id: str, spec: Mapping[str, Any]
) -> dict[str, Any]:
    """Work of the job "new_test": a split of the version with the new test set; the draft goes on with it.

    Raises:
        NoUnseenRows: too few rows can be drawn.
        NameOfTestTaken: another tab was faster.
    """
    version_id, name = spec["version"], spec["name"]
    context.report("phase", name="loading")
    frame, schema = stored_versions.load_table(scope, version_id)
    former = splits.current(scope, version_id)
    if former is None:
        raise NotDivided(version=version_id)
    context.report("phase", name="splitting")
    modality = modalities.get(schema.task)
    inputs = modality.read(frame, schema)
    keys = inputs.map(modality.key)
    if former.spec.near_duplicates:
        alike: IntArray | None = near_groups.sure_groups(
            scope, version_id, frame, inputs, modality, context.report
        )
    else:
        alike = near_groups.known_groups(scope, version_id, frame)
    labels, groups = label_codes(frame, schema)
    blocks = block_ids(pd.factorize(keys.to_numpy())[0].astype(np.int64), groups, alike)
    ids = pd.Index(frame[ROW_ID])
    opened, used = _seen(scope, version_id)
    seen, known = (
        ids.isin(rows) | keys.isin(keys_of_gone(scope, version_id, schema, rows.difference(ids))).to_numpy()
        for rows in (opened, used)
    )
    codes = pd.Index(PARTS).get_indexer(pd.Index(splits.assignment(scope, former.id).reindex(ids)))
    made = draw_new_test(
        codes.astype(np.int64), labels, blocks, seen, known, spec["rows"], spec["seed"]
    )  # fmt: skip
    parts = np.array([*PARTS, EXCLUDED], dtype=object)[made.parts]
    assignment = pd.Series(parts, index=ids.rename(ROW_ID), name="part", dtype="str")
    kept = [f for f in former.findings if f.code not in ("split_new_test", "split_test_shared")]
    kept.append(new_test_finding(made, name))
    shared, others = _shared(scope, version_id, ids[made.parts == TEST])
    if others:
        kept.append(shared_finding(shared, name, others))
    found = recount_split(frame, schema, keys, assignment, kept, alike)
    folds = splits.fold_codes(scope, former.id)
    if folds is not None:
        folds = folds.reindex(ids).fillna(-1).astype("int64").where(assignment != "test", -1)
    artifact = dividing.keep_assignment(found.assignment, folds)
    measured = train_facts(frame, schema, modality, found.assignment)
    asked, split_id = former.spec.model_copy(update={"test_name": name}), new_id("spl")
    context.check()
    if name in names(scope, version_id):
        raise NameOfTestTaken(name=name)
    with write(scope.engine, durable=True) as connection:
        context.fence(connection)
        serialise(connection, f"split:{version_id}")
        dividing.insert_split(connection, scope, split_id, version_id, asked, artifact, found, others)
    splits.keep_facts(scope, version_id, split_id, measured)
    _go_on_with(scope, project_id, version_id, asked)
    return {"split_id": split_id, "fresh": made.fresh, "used": made.used, "left_out": made.left_out, "shared": len(shared)}  # fmt: skip


def _go_on_with(scope: Scope, project_id: str, version_id: str, asked: Split) -> None:
    recipes = Recipes(scope)
    draft = recipes.draft(project_id)
    if draft is not None and draft.data == version_id:
        recipes.update(project_id, split=asked)


def opened_ids(scope: Scope, version_id: str) -> set[int]:
    """Row ids of the test parts that were opened in the lineage of a version."""
    with read(scope.engine) as connection:
        opened = connection.scalars(
            select(test_opening.c.split_id)
            .join(split, split.c.id == test_opening.c.split_id)
            .where(split.c.version_id.in_(lineage.kin(connection, version_id)))
            .distinct()
        ).all()
    seen: set[int] = set()
    for split_id in opened:
        parts = splits.assignment(scope, split_id)
        seen.update(parts.index[parts == "test"].tolist())
    return seen


def keys_of_gone(scope: Scope, version_id: str, schema: Schema, rows: Collection[int]) -> set[str]:
    """Keys of the inputs that rows had which a version lacks, read in other versions of the lineage by its schema.

    A row that was dropped and comes back has another id; by its key it is known all the same.
    """
    missing, keys, modality = set(rows), set[str](), modalities.get(schema.task)
    if not missing:
        return keys
    with read(scope.engine) as connection:
        kin = lineage.kin(connection, version_id)
    for other in kin:
        frame, _ = stored_versions.load_table(scope, other)
        held = frame[frame[ROW_ID].isin(missing)]
        keys.update(modality.read(held, schema).map(modality.key))
        missing.difference_update(held[ROW_ID])
        if not missing:
            break
    return keys


def _shared(scope: Scope, version_id: str, rows: pd.Index[int]) -> tuple[IntArray, list[str]]:
    """Which of these rows stand in other test sets of the lineage, and the names of those sets."""
    with read(scope.engine) as connection:
        others = connection.execute(
            select(split.c.id, split.c.spec).where(
                split.c.version_id.in_(lineage.kin(connection, version_id))
            )
        ).all()
    held, sets = np.zeros(len(rows), dtype=bool), set[str]()
    for other in others:
        parts = splits.assignment(scope, other.id)
        both = rows.isin(parts.index[parts == "test"])
        if both.any():
            held |= both
            sets.add(other.spec.get("test_name", FIRST_TEST))
    return rows[held].to_numpy(dtype=np.int64), sorted(sets)


def _seen(scope: Scope, version_id: str) -> tuple[set[int], set[int]]:
    """Row ids of the opened test parts of the lineage, and of what its runs learned from or were chosen on."""
    with read(scope.engine) as connection:
        kin = lineage.kin(connection, version_id)
        trained = connection.scalars(
            select(run.c.split_id).where(run.c.version_id.in_(kin), run.c.split_id.is_not(None)).distinct()
        ).all()
    used: set[int] = set()
    for split_id in trained:
        parts = splits.assignment(scope, str(split_id))
        used.update(parts.index[parts.isin(["train", "validation"])].tolist())
    return opened_ids(scope, version_id), used
