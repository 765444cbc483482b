"""The development sets that benchmarks read, and how one comes into the product.

They lie in the folder that BENTU_SHARED_DATA names, and are no part of Bentu.
"""

from __future__ import annotations

import gzip
import io
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from engine.data.readers import ReadOptions
from engine.models.family import Facts, IntArray
from engine.services.inline import run_job_here
from engine.workspace import Workspace

ZH, NEWS, TWEETS = "text/zh-no-licence-stated", "text/masakhanews", "text/afrisenti"


@dataclass(frozen=True)
class Set:
    """A development set, and the macro-F1 on test (percent) of the best tuned TF-IDF with a linear model, or fastText."""

    file: str
    roles: Mapping[str, str]
    reference: float

    def content(self) -> bytes:
        """The table as a person would upload it."""
        shared = Path(os.environ.get("BENTU_SHARED_DATA") or Path(__file__).parents[2] / "shared/data")
        return gzip.decompress((shared / self.file).read_bytes())

    def part(self, name: str) -> pd.DataFrame:
        """Rows of "train", "dev" or "test" as `text` and `label`."""
        separator = "\t" if ".tsv" in self.file else ","
        frame = pd.read_csv(io.BytesIO(self.content()), sep=separator, dtype=str, keep_default_na=False)
        columns = {role: [c for c, r in self.roles.items() if r == role] for role in ("input", "label")}
        rows = frame[frame["split"] == name].reset_index(drop=True)
        return pd.DataFrame(
            {"text": rows[columns["input"]].agg("\n".join, axis=1), "label": rows[columns["label"][0]]}
        )


def _news(name: str, reference: float) -> Set:
    roles = {"headline": "input", "text": "input", "category": "label", "split": "split"}
    return Set(f"{NEWS}/{name}.tsv.gz", roles, reference)


def _tweets(name: str, reference: float) -> Set:
    return Set(f"{TWEETS}/{name}.tsv.gz", {"tweet": "input", "label": "label", "split": "split"}, reference)


def _reviews(name: str, reference: float) -> Set:
    return Set(f"{ZH}/{name}.csv.gz", {"review": "input", "label": "label", "split": "split"}, reference)


SETS = {
    "waimai": _reviews("waimai_10k", 87.6), "online_shopping": _reviews("online_shopping_9_cats", 93.5),
    "lin": _news("lin", 76.8), "pcm": _news("pcm", 93.5), "som": _news("som", 70.4), "yor": _news("yor", 91.2),
    "amh": _tweets("amh", 45.4), "hau": _tweets("hau", 76.5), "swa": _tweets("swa", 45.9),
}  # fmt: skip


def imported(ws: Workspace, name: str, content: bytes, roles: Mapping[str, str]) -> str:
    """Id of a new project with that table in it."""
    project = ws.projects.create(name).id
    upload = ws.datasets.stage(content, f"{name}.csv")
    job = ws.datasets.start_import(project, upload.id, name, ReadOptions(), dict(roles), idempotency=name)
    ended = run_job_here(ws.scope, job.id)
    assert ended.state == "succeeded", ended.error
    return project


def codes(labels: pd.Series, classes: tuple[str, ...]) -> IntArray:
    """Labels as places in `classes`."""
    return pd.Index(classes).get_indexer(pd.Index(labels)).astype(np.int64)


def facts_of(texts: pd.Series, labels: IntArray, classes: int) -> Facts:
    """What the dial goes by, of train rows that are in no project."""
    sizes = texts.str.len()
    smallest = int(np.bincount(labels, minlength=classes).min())
    return Facts(len(texts), classes, smallest, float(sizes.median()), float(sizes.quantile(0.95)))
