"""What an owner writes about a demo: title, description, consent line, examples, languages, end; checked before anything is stored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import pyarrow.parquet as pq
from sqlalchemy import select

from engine.data.labels import labels_of
from engine.data.schema import ROW_ID, Schema
from engine.errors import N_, saying
from engine.i18n import LOCALES
from engine.services import splits
from engine.services.demo_errors import DemoInvalid
from engine.services.scope import Scope
from engine.storage import artifacts
from engine.storage.clock import now
from engine.storage.database import read
from engine.storage.tables import dataset_version, run

MAX_TITLE, MAX_TEXT, MAX_EXAMPLE, MAX_EXAMPLES = 200, 2_000, 2_000, 8
"""Characters of a title, of a description or a consent line, and of one example; number of examples."""

SUGGESTED = 3
LOOKED_AT = 2_000
"""Train rows among which examples are sought."""

PRIVATE = r"@|https?:|www\.|\d{6}"
"""Addresses, links, and numbers that may be somebody's."""

FIELDS = ("title", "description", "consent", "examples", "languages", "expires")


def checked(given: Mapping[str, Any], inputs: Sequence[str]) -> dict[str, Any]:
    """The fields as they are stored.

    Args:
        given: some of `FIELDS`.
        inputs: names of the input columns, which every example must fill.

    Raises:
        DemoInvalid: naming what is wrong with the first bad field.
    """
    unknown = set(given) - set(FIELDS)
    if unknown:
        raise TypeError(f"a demo has no {', '.join(sorted(unknown))}")
    found = dict(given)
    if "title" in found:
        found["title"] = str(found["title"]).strip()
        if not found["title"]:
            raise _invalid(N_("A demo needs a title; this one is empty."))
        _limit(N_("The title has {found} characters; at most {limit} are shown."), found["title"], MAX_TITLE)
    for name in ("description", "consent"):
        if name in found:
            found[name] = str(found[name]).strip()
            words = {
                "description": N_("The description has {found} characters; at most {limit} are shown."),
                "consent": N_("The consent line has {found} characters; at most {limit} are shown."),
            }
            _limit(words[name], found[name], MAX_TEXT)
    if "examples" in found:
        found["examples"] = [_example(e, inputs, place) for place, e in enumerate(found["examples"], 1)]
        if len(found["examples"]) > MAX_EXAMPLES:
            raise _invalid(
                N_("There are {found} examples; at most {limit} are shown."),
                found=len(found["examples"]), limit=MAX_EXAMPLES,
            )  # fmt: skip
    if "languages" in found:
        found["languages"] = [name for name in LOCALES if name in set(found["languages"])]
        if not found["languages"] or len(found["languages"]) != len(set(given["languages"])):
            raise _invalid(N_("A demo speaks English, Chinese or both; choose at least one of them."))
    if found.get("expires") is not None and found["expires"] <= now():
        raise _invalid(N_("The demo would end in the past. Choose a later day, or let it go on."))
    return found


def suggested_examples(scope: Scope, run_id: str, count: int = SUGGESTED) -> list[dict[str, str]]:
    """Up to `count` short texts from the train part, of different classes where there are any; always the same ones.

    Never from validation or test rows. Rows that came from feedback are left out too: a visitor's text is not for other visitors.
    What looks like an address, a link or a number of somebody is passed over, but only a person can tell: the owner edits them.
    """
    row = scope.row(run, run_id, "run")
    if row.split_id is None:
        return []
    version = scope.row(dataset_version, row.version_id, "dataset version")
    schema = Schema.model_validate(version.schema)
    parts = splits.assignment(scope, row.split_id)
    mine = parts.index[(parts == "train") & (parts.index < _first_rows(scope, version))][:LOOKED_AT]
    columns = [ROW_ID, *schema.names("input"), *schema.names("label")]
    path = artifacts.path(version.artifact)
    frame = pq.read_table(path, columns=columns, filters=[(ROW_ID, "in", mine.tolist() or [-1])]).to_pandas()
    names = list(schema.names("input"))
    texts = frame[names].fillna("").astype(str)
    length = sum((texts[name].str.len() for name in names), start=pd.Series(0, texts.index))
    private = pd.Series(False, texts.index)
    for name in names:
        private |= texts[name].str.contains(PRIVATE, regex=True)
    fit = (texts != "").all(axis=1) & length.between(6, 300) & ~private
    fitting = frame[fit].assign(length=length[fit], label=labels_of(frame[fit], schema))
    fitting["far"] = (fitting["length"] - fitting["length"].median()).abs()
    fitting = fitting.sort_values(["far", ROW_ID], kind="stable").drop_duplicates(names)
    fitting["turn"] = fitting.groupby(
        "label", dropna=False
    ).cumcount()  # one of each class before a second one
    chosen = fitting.sort_values(["turn", "far", ROW_ID], kind="stable").head(count)
    return [dict(zip(names, values, strict=True)) for values in chosen[names].astype(str).to_numpy().tolist()]


def _first_rows(scope: Scope, version: Any) -> int:
    """How many rows the first version of a dataset has: those with higher ids were added from feedback."""
    with read(scope.engine) as connection:
        while version.parent_id is not None:
            query = select(dataset_version.c.parent_id, dataset_version.c.rows)
            version = connection.execute(query.where(dataset_version.c.id == version.parent_id)).one()
    return int(version.rows)


def _example(given: Any, inputs: Sequence[str], place: int) -> dict[str, str]:
    if not isinstance(given, Mapping) or set(given) != set(inputs):
        raise _invalid(
            N_("Example {place} must give a text for each of these: {inputs}."),
            place=place, inputs=", ".join(inputs),
        )  # fmt: skip
    example = {name: str(given[name]) for name in inputs}
    if not any(text.strip() for text in example.values()):
        raise _invalid(N_("Example {place} is empty."), place=place)
    size = sum(len(text) for text in example.values())
    if size > MAX_EXAMPLE:
        raise _invalid(
            N_("Example {place} has {found} characters; at most {limit} are shown."),
            place=place, found=size, limit=MAX_EXAMPLE,
        )  # fmt: skip
    return example


def _limit(message: str, text: str, limit: int) -> None:
    if len(text) > limit:
        raise _invalid(message, found=len(text), limit=limit)


def _invalid(message: str, **params: Any) -> DemoInvalid:
    return DemoInvalid(problem=saying(message, **params))
