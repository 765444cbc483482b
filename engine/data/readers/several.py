"""Several files, or several files of one archive, as one table: columns united by name, one more that says the file.

Stage 1 (data).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from engine.data import errors, limits
from engine.data.findings import some
from engine.data.readers.options import ReadOptions
from engine.data.readers.reading import read_with_notes
from engine.data.readers.table import check_width
from engine.data.schema import Finding
from engine.errors import N_, DataError, saying

SOURCE_COLUMN = "source_file"


@dataclass(frozen=True)
class Source:
    """One of the files.

    Args:
        path: where its bytes are.
        name: what the person called it.
        options: how it is read; a file of an archive is named there.
        room: a folder for what is unpacked from it; as for `read_with_notes`.
    """

    path: Path
    name: str
    options: ReadOptions = field(default_factory=ReadOptions)
    room: Path | None = None


def read_several(
    sources: Sequence[Source], *, differing: bool = False, report: Callable[[float], None] | None = None
) -> tuple[pd.DataFrame, tuple[Finding, ...]]:
    """All rows of all files in their order, as text cells, and what reading them had to say.

    Columns are united by name, in order of first appearance; the last one, `source_file`, says which file a row is from.

    Args:
        sources: at least one, each with its own options.
        differing: whether a person agreed to empty cells where a file lacks a column of another one.
        report: called with the share done, 0 to 1.

    Raises:
        ProblemInFile: whatever is wrong with one of them, with its name.
        ColumnsDiffer: unless `differing`.
        TooManyFiles, TooManyRows, TableTooLarge, TooManyColumns: of the whole.
    """
    if len(sources) > limits.MAX_FILES:
        raise errors.TooManyFiles(found=len(sources), limit=limits.MAX_FILES)
    names = source_names([(s.name, s.options.member) for s in sources])
    frames: list[pd.DataFrame] = []
    notes: list[Finding] = []
    rows = size = 0
    for place, (source, name) in enumerate(zip(sources, names, strict=True)):
        part = _part(report, place, len(sources))
        try:
            frame, said = read_with_notes(source.path, source.name, source.options, part, source.room)
        except DataError as problem:
            raise in_file(name, problem) from problem
        rows, size = rows + len(frame), size + int(frame.memory_usage(index=False).sum())
        if rows > limits.MAX_ROWS:
            raise errors.TooManyRows(limit=limits.MAX_ROWS)
        if size > limits.MAX_UNPACKED:
            raise errors.TableTooLarge(limit=f"{limits.MAX_UNPACKED // 1024**3} GiB")
        if not differing and frames and set(frame.columns) != set(frames[0].columns):
            raise _differ(names[0], list(frames[0].columns), name, list(frame.columns))
        frames.append(frame)
        notes += [_of_file(note, name) for note in said]
    columns = united([list(frame.columns) for frame in frames])
    check_width(len(columns) + 1)
    partial = [c for c in columns if any(c not in frame.columns for frame in frames)]
    if partial:
        notes.append(_partial(partial, frames))
    filled = [frame.reindex(columns=columns, fill_value="") for frame in frames]
    whole = pd.concat(filled, ignore_index=True)
    origin = pd.Series(names, dtype="str").repeat([len(frame) for frame in frames])
    return whole.assign(**{source_column(columns): origin.to_numpy()}).astype("str"), tuple(notes)


def united(columns: Sequence[Sequence[str]]) -> list[str]:
    """The columns of all files, in order of first appearance."""
    return list(dict.fromkeys(name for names in columns for name in names))


def source_column(columns: Sequence[str]) -> str:
    """The name of the column that says the file: `source_file`, or with a number where a file has one of that name."""
    name, again = SOURCE_COLUMN, 2
    while name in columns:
        name, again = f"{SOURCE_COLUMN}_{again}", again + 1
    return name


def source_names(files: Sequence[tuple[str, str | None]]) -> list[str]:
    """What each file is called in that column: its name, or that of the member of its archive; never the same twice.

    Args:
        files: (name of the file, member of the archive or None).
    """
    several = Counter(name for name, _ in files)
    plain = [member if member and several[name] == len(files) else "/".join(filter(None, (name, member))) for name, member in files]  # fmt: skip
    seen: Counter[str] = Counter()
    found = []
    for name in plain:
        seen[name] += 1
        found.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return found


def in_file(name: str, problem: DataError) -> errors.ProblemInFile:
    """The problem of one of several files, with its name."""
    if isinstance(problem, errors.ProblemInFile):
        return problem
    said, remedy = (saying(text, **problem.params) for text in (problem.message, problem.remedy))
    return errors.ProblemInFile(name=name, problem=said, remedy=remedy, reason=problem.code)


def _differ(first: str, expected: Sequence[str], name: str, found: Sequence[str]) -> errors.ColumnsDiffer:
    lacking, extra = [c for c in expected if c not in found], [c for c in found if c not in expected]
    what: dict[str, Any]
    if lacking and extra:
        what = saying(
            N_("it lacks {lacking} and has {extra} instead"), lacking=some(lacking, 8), extra=some(extra, 8)
        )
    elif lacking:
        what = saying(N_("it lacks {lacking}"), lacking=some(lacking, 8))
    else:
        what = saying(N_("it also has {extra}"), extra=some(extra, 8))
    return errors.ColumnsDiffer(first=first, name=name, problem=what)


def _of_file(note: Finding, name: str) -> Finding:
    message, params = saying(note.message, **note.params), dict(note.params)
    return Finding(
        note.code, note.severity, N_("In the file “{name}”: {problem}"), note.count, note.rows,
        {**params, "name": name, "problem": message},
    )  # fmt: skip


def _partial(columns: Sequence[str], frames: Sequence[pd.DataFrame]) -> Finding:
    rows = sum(len(f) for f in frames if any(c not in f.columns for c in columns))
    params: Mapping[str, Any] = {"columns": some(columns, 8), "count": rows}
    message = N_(
        "Columns that not every file has: {columns}. In {count} {count:row|rows} their cells are empty."
    )
    return Finding("columns_differ", "warning", message, rows, params=params)


def _part(report: Callable[[float], None] | None, place: int, of: int) -> Callable[[float], None] | None:
    return (lambda share: report((place + share) / of)) if report else None
