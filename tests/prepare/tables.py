"""Small tables to divide, and looks at how they were divided."""

from __future__ import annotations

import random

import pandas as pd

from engine.data.schema import make_schema
from engine.prepare.split import assign_split

ROLES = {"text": "input", "label": "label", "group": "group", "time": "time", "region": "slice"}
REGIONS = ("north", "south", "east", "west")


def table(rows, roles=None):
    """A frame with row ids and its schema, from dicts of cells; text and label are mapped unless said otherwise."""
    frame = pd.DataFrame(rows, dtype="str")
    roles = roles or {"text": "input", "label": "label", "group": "group"}
    schema = make_schema({name: role for name, role in roles.items() if name in frame}, list(frame.columns))
    classes = tuple(sorted(set(frame["label"].str.strip()) - {""})) if "label" in frame else ()
    frame.insert(0, "row_id", range(len(frame)))
    return frame, schema.model_copy(update={"classes": classes})


def many(n=400, **extra):
    """Rows of two classes and distinct texts, with a function of the row's number for each further column."""
    return [
        {"text": f"text {i}", "label": "ab"[i % 2], **{k: f(i) for k, f in extra.items()}} for i in range(n)
    ]


def given(**parts):
    """Rows of two classes, distinct texts: so many with each value in the column `part`."""
    rows = []
    for value, n in parts.items():
        rows += [{"text": f"{value} {i}", "label": "ab"[i % 2], "part": value} for i in range(n)]
    return rows


def dated(n=400, day=lambda i: i, **extra):
    """Rows of which row i is of day `day(i)` after the first of January 2020, in a shuffled order of days."""
    start = pd.Timestamp("2020-01-01")
    order = list(range(n))
    random.Random(1).shuffle(order)
    return many(n, time=lambda i: str((start + pd.Timedelta(days=day(order[i]))).date()), **extra)


def run(rows, spec, alike=None):
    """The rows divided, with every role that a column may have."""
    frame, schema = table(rows, ROLES)
    return assign_split(frame, schema, spec, frame["text"], alike)


def codes(result):
    return {finding.code for finding in result.findings}


def finding(result, code):
    return next(f for f in result.findings if f.code == code)


def of(rows, result, part):
    """The rows that came into the part."""
    return [row for row, name in zip(rows, result.assignment, strict=True) if name == part]
