"""What a profile is: plain numbers about a table, drawn elsewhere.

Stage 1 (data). The same object goes to the page, the command line and, as JSON, into the store.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.data.measures import Histogram, Measure, Plain
from engine.data.profile.crosses import CrossTab
from engine.data.profile.periods import Unit
from engine.data.profile.wording import Wording
from engine.data.schema import Finding, Role
from engine.data.types import TypeKind

FORMAT = 4
"""Of a stored profile; one of an older format is made anew."""


class ClassCount(Plain):
    """One class, its rows, and their share of the labelled rows; sizes (5th, 25th, 50th, 75th and 95th percentile) in the modality's unit."""

    label: str
    count: int
    share: float
    size_median: float
    size_p5: float = 0.0
    size_p25: float = 0.0
    size_p75: float = 0.0
    size_p95: float = 0.0


class ColumnProfile(Plain):
    """One column: empty cells, distinct values, and the most frequent values (cut to 200 characters) with their rows.

    `type` is a draft from `sampled` cells. Of those, `histogram` shows the numbers of a column of numbers, `lengths` the
    characters of a column of texts, and `periods` the dates of a column of dates by `unit`.
    """

    name: str
    role: Role
    missing: int
    distinct: int
    top: tuple[tuple[str, int], ...]
    type: TypeKind | None = None
    histogram: Histogram | None = None
    lengths: Histogram | None = None
    unit: Unit | None = None
    periods: Mapping[str, int] = {}
    sampled: int = 0


class Repeats(Plain):
    """Inputs that come more than once: `groups` different ones, all their `rows`, `extra` beyond the first of each."""

    groups: int
    rows: int
    extra: int


class Conflicts(Plain):
    """Equal inputs with different labels: how many inputs, and the rows that hold them."""

    groups: int
    rows: int


class SliceProfile(Plain):
    """One slice column against the labels.

    `table[i][j]` counts rows with `values[i]` and `labels[j]`; `counts[i]` counts all rows with `values[i]`. Only the
    largest values and labels are listed; `other` rows have further values, `missing` rows none.
    """

    column: str
    values: tuple[str, ...]
    counts: tuple[int, ...]
    labels: tuple[str, ...]
    table: tuple[tuple[int, ...], ...]
    other: int
    missing: int


class TimeProfile(Plain):
    """First and last day (ISO), rows with and without a readable date, and rows by period as `period_counts` calls them."""

    column: str
    first: str | None
    last: str | None
    readable: int
    unreadable: int
    periods: Mapping[str, int]
    unit: Unit | None = None


class Profile(Plain):
    """Everything a person sees of a dataset version before touching it.

    Args:
        task: name of the modality.
        rows: all rows.
        labelled: rows with a label.
        classes: every class, largest first.
        majority_share: share of the largest class among labelled rows; what guessing it would score.
        sizes: sizes of the inputs in the modality's unit.
        columns: every column in file order.
        duplicates: equal inputs (by the modality's key).
        conflicts: equal inputs with different labels.
        slices: the slice columns.
        crosses: every pair of them.
        time: the time column, if there is one.
        split: rows by value of the column with the role split, as the file spells them; empty without one.
        details: the modality's own part (`Modality.describe`); empty until `complete`.
        wording: how texts are worded; None for other modalities, and until `complete`.
        findings: what a person should know; each with at most 1000 rows. Those about contents once `complete`.
        seconds: how long it took.
        format: `FORMAT` when it was made; 1 in profiles older than that number.
        complete: whether the look into the contents has been added (`details`, `wording`, their findings), or only figures are here.
    """

    task: str
    rows: int
    labelled: int
    classes: tuple[ClassCount, ...]
    majority_share: float
    sizes: Measure
    columns: tuple[ColumnProfile, ...]
    duplicates: Repeats
    conflicts: Conflicts
    slices: tuple[SliceProfile, ...]
    crosses: tuple[CrossTab, ...] = ()
    time: TimeProfile | None
    split: Mapping[str, int]
    details: Mapping[str, Any]
    wording: Wording | None = None
    findings: tuple[Finding, ...]
    seconds: float
    format: int = 1
    complete: bool = True
