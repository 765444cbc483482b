"""Columns and their roles; a dataset version is a table of text cells plus a `Schema`.

Stage 1 (data). Cells are text exactly as they came; nothing is inferred behind the user's back.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from engine.errors import N_, DataError, saying

Role = Literal["input", "label", "slice", "group", "time", "id", "split", "ignore"]
ROLES: tuple[Role, ...] = ("input", "label", "slice", "group", "time", "id", "split", "ignore")
ROLE_TITLES: Mapping[str, str] = {
    "input": N_("Text"), "label": N_("Label"), "slice": N_("Slice"), "group": N_("Group"), "time": N_("Time"),
    "id": N_("Id"), "split": N_("Split"), "ignore": N_("Ignore"),
}  # fmt: skip
"""What a reader calls the roles (message ids)."""

ROW_ID = "row_id"
"""Column of stable row ids (int64, 0-based position in the file) in every stored table and prediction file."""

MISSING_LABELS = frozenset({""})
"""Label cells (after stripping white space) that mean "no label". `NA`, `null`, `None` are labels like any other."""


class Column(BaseModel):
    """One column of a dataset version."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    name: str
    role: Role


class Schema(BaseModel):
    """The columns of a dataset version in file order, and the classes found in its label column.

    `classes` are the distinct non-missing labels sorted by text; macro averages run over them.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    task: str = "text-classification"
    columns: tuple[Column, ...]
    classes: tuple[str, ...] = ()

    def names(self, role: Role) -> tuple[str, ...]:
        """Names of the columns with `role`, in file order."""
        return tuple(c.name for c in self.columns if c.role == role)

    def first(self, role: Role) -> str | None:
        """Name of the first column with `role`, or None."""
        return next(iter(self.names(role)), None)


class RolesInvalid(DataError):
    code = "ROLES_INVALID"
    message = N_("The column roles do not fit together: {problem}.")
    remedy = N_("Choose at least one input column and at most one label, group, time, id and split column.")


def make_schema(
    roles: Mapping[str, str], columns: Sequence[str], task: str = "text-classification"
) -> Schema:
    """A schema from a mapping of column name to role; unnamed columns are ignored.

    Raises:
        RolesInvalid: unknown column or role, no input, or two columns where one is allowed.
    """
    for name, role in roles.items():
        if name not in columns:
            raise RolesInvalid(problem=saying(N_("there is no column “{name}”"), name=name))
        if role not in ROLES:
            raise RolesInvalid(problem=saying(N_("“{role}” is no role; roles are {roles}"), role=role, roles=list(ROLES)))  # fmt: skip
    schema = Schema(task=task, columns=tuple(Column(name=c, role=roles.get(c, "ignore")) for c in columns))  # type: ignore[arg-type]
    if not schema.names("input"):
        raise RolesInvalid(problem=saying(N_("no column has the role “{role}”"), role=saying(ROLE_TITLES["input"])))  # fmt: skip
    for role in ("label", "group", "time", "id", "split"):
        if len(schema.names(role)) > 1:  # type: ignore[arg-type]
            raise RolesInvalid(problem=saying(N_("more than one column has the role “{role}”"), role=saying(ROLE_TITLES[role])))  # fmt: skip
    return schema


Severity = Literal["info", "warning", "error"]


FixKind = Literal["drop", "dedupe", "relabel", "clean", "role", "regroup"]


@dataclass(frozen=True)
class Fix:
    """What one click can do about a finding, where a machine's answer is honest.

    `drop` removes its rows, `dedupe` all but the first of each group, `relabel` gives each row the suggested label: a
    child version. `clean` adds the cleaning step `params["step"]` (with `params["params"]`) to the recipe, `role` gives
    the column `params["column"]` the role `params["role"]`, `regroup` draws the split anew so that linked rows stay together.

    Args:
        kind: as above.
        title: what the button says, a message id.
        params: values of the kind and of the title's placeholders.
    """

    kind: FixKind
    title: str
    params: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Finding:
    """Something that a person should know about the data.

    Args:
        code: stable id ("duplicates").
        severity: `error` blocks training, `warning` should be looked at, `info` is good to know.
        message: English message id with placeholders; rendered by `engine.i18n.translate(message, locale, **params)`.
        count: rows concerned.
        rows: row ids concerned, at most ten thousand.
        params: values of the placeholders.
        fixes: what one click can do about it, the most careful one first.
    """

    code: str
    severity: Severity
    message: str
    count: int
    rows: tuple[int, ...] = ()
    params: Mapping[str, Any] = field(default_factory=dict)
    fixes: tuple[Fix, ...] = ()
