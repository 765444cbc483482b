"""Class names that look alike: one class written in two ways, or two that people will confuse.

Stage 1 (data).
"""

from __future__ import annotations

from collections.abc import Iterable

from engine.data.checks import Stage, checks
from engine.data.findings import Found, found, some
from engine.data.schema import Fix
from engine.data.similar_names import alike, folded, near_spelling, skeleton
from engine.data.table_view import TableView
from engine.errors import N_

MOST = 2_000
"""Classes up to which names are compared with each other by spelling."""


class SimilarClasses:
    name, order, title = "similar_classes", 12, N_("Class names that look alike")
    task: str | None = None
    stage: Stage = "core"

    def run(self, table: TableView) -> Iterable[Found]:
        names = [str(name) for name in table.classes.index]  # largest first
        same = alike(names, folded)
        if same:
            yield self._written_twice(table, same)
        said = {name for group in same for name in group}
        rest = [name for name in names if name not in said]
        spoofed = alike(rest, skeleton)
        if spoofed:
            flat = [name for group in spoofed for name in group]
            said |= set(flat)
            yield found(
                "lookalike_classes", "warning", N_("These classes look the same but are written with letters of different alphabets: {classes}. If they mean the same, correct the file."),
                table.rows_labelled(flat), classes=some(flat, 10),
            )  # fmt: skip
        near = near_spelling([name for name in rest if name not in said][:MOST])
        if near:
            flat = [name for group in near for name in group]
            yield found(
                "near_classes", "info", N_("The names of these classes differ in one letter: {classes}. If it is a slip, correct the file."),
                table.rows_labelled(flat), classes=some(flat, 10),
            )  # fmt: skip

    def _written_twice(self, table: TableView, same: list[list[str]]) -> Found:
        """Case, width, normal form and white space are ways to write one name: the most frequent one is suggested to all."""
        flat = [name for group in same for name in group]
        best = {name: group[0] for group in same for name in group}
        here = table.labels.isin(flat).to_numpy()
        rows, labels = table.ids[here], table.labels[here]
        suggested = [best[label] for label in labels]
        wrong = sum(new != old for new, old in zip(suggested, labels, strict=True))
        fix = Fix(
            "relabel", N_("Write {count} {count:label|labels} like the most frequent form"), {"count": wrong}
        )
        return found(
            "similar_classes", "warning", N_("These classes differ only in letter case, width, spaces or accents' encoding: {classes}. They stay apart; if they mean the same, make them one."),
            rows, suggested=suggested, fixes=[fix], classes=some(flat, 10),
        )  # fmt: skip


checks.register(SimilarClasses())
