"""What runs were scored on and said: the stored evaluations, and why one is not there."""

from __future__ import annotations

import io
from functools import lru_cache
from typing import Any

import pandas as pd
from sqlalchemy import select

from engine.errors import N_, BentuError
from engine.services.scope import Scope
from engine.storage import artifacts
from engine.storage.database import read
from engine.storage.tables import evaluation, run


class RunNotFinished(BentuError):
    code = "RUN_NOT_FINISHED"
    message = N_("The run “{name}” has no model yet, so it cannot be evaluated.")
    remedy = N_("Wait until it has succeeded, or resume it on the train page.")


class SealedTest(BentuError):
    code = "TEST_SEALED"
    message = N_("The test part has not been opened for the run “{name}”.")
    remedy = N_("Compare on validation, or open the test part for this run on the evaluate page.")


class NotComparable(BentuError):
    code = "NOT_COMPARABLE"
    message = N_("These runs cannot be compared: {problem}.")
    remedy = N_("Choose at least two runs that were trained on the same split.")


class NoTestPart(BentuError):
    code = "NO_TEST_PART"
    message = N_("The split of the run “{name}” has no test rows with a label.")
    remedy = N_("Divide the data with a test part on the prepare page and train again.")


def stored_row(scope: Scope, run_id: str, part: str) -> Any:
    """The evaluation of a run on a part, or None."""
    with read(scope.engine) as connection:
        return connection.execute(
            select(evaluation).where(
                evaluation.c.run_id == run_id, evaluation.c.part == part, evaluation.c.owner == scope.owner
            )
        ).one_or_none()


def absent(part: str, name: str) -> BentuError:
    """Why there is none: the part is sealed, or the run is not finished."""
    return SealedTest(name=name) if part == "test" else RunNotFinished(name=name)


def predictions_of(scope: Scope, run_id: str, part: str) -> pd.DataFrame:
    """Every prediction of a run on a part, one a row; raises `SealedTest`, `RunNotFinished`."""
    row = stored_row(scope, run_id, part)
    if row is None:
        raise absent(part, scope.row(run, run_id, "run").name)
    return _stored_predictions(row.predictions)


@lru_cache(maxsize=2)
def _stored_predictions(digest: str) -> pd.DataFrame:
    """By digest, so that paging through errors reads the file once; callers make new frames of it."""
    return pd.read_parquet(io.BytesIO(artifacts.read_bytes(digest)))
