"""What profiling a million rows costs: seconds of each part and the highest memory, in a process of its own.

    python -m benchmarks.profile [--rows 1000000]

Texts are cut from the phrases of the embedded samples in both languages and numbered, so that nearly all differ; one row of
fifty repeats an earlier one. Three columns: text, label, region. Processor seconds are what is spent, wall seconds what is waited for.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import numpy as np
import pandas as pd

from engine.data.checks import run_checks
from engine.data.profile import core_profile, look_inside
from engine.data.readers import read_table
from engine.data.schema import make_schema
from engine.data.table_view import TableView
from engine.data.versions import check_table
from engine.modality import modalities

WORDS = [
    "the",
    "food",
    "was",
    "good",
    "but",
    "delivery",
    "took",
    "far",
    "too",
    "long",
    "and",
    "nobody",
    "answered",
    "my",
    "call",
    "again",
    "rice",
    "soup",
    "noodles",
    "cold",
    "warm",
    "fresh",
    "味道",
    "很好",
    "送餐",
    "太慢",
    "了",
    "下次",
    "还会",
    "再来",
    "米饭",
    "面条",
    "凉",
    "热",
    "新鲜",
    "服务",
    "态度",
    "一般",
    "包装",
    "破损",
    "客服",
    "不理",
    "人",
]


def table(rows: int) -> pd.DataFrame:
    """A table of `rows` rows, the same every time."""
    rng = np.random.default_rng(0)
    chosen = rng.integers(0, len(WORDS), size=(rows, 9))
    words = np.array(WORDS, dtype=object)
    texts = np.array([" ".join(row) for row in words[chosen]], dtype=object)
    again = rng.random(rows) < 0.02
    texts[again] = texts[rng.integers(0, rows, size=int(again.sum()))]
    return pd.DataFrame(
        {
            "text": texts, "label": rng.choice(["good", "bad", "so so"], size=rows, p=[0.5, 0.3, 0.2]),
            "region": rng.choice(["north", "south", "east", "west", "coast"], size=rows),
        },
        dtype="str",
    )  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--write", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.write:
        table(asked.rows).to_csv(asked.write, index=False)
        return
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "rows.csv"
        # in a process of its own: making the table takes more memory than looking at it
        command = [
            sys.executable,
            "-m",
            "benchmarks.profile",
            "--rows",
            str(asked.rows),
            "--write",
            str(file),
        ]
        subprocess.run(command, check=True)
        print(f"{asked.rows:,} rows x 3 columns, {file.stat().st_size / 2**20:.0f} MiB\n")
        print("| | wall s | processor s | highest memory MiB |\n|---|---|---|---|")
        _measure(file)


def _measure(file: Path) -> None:
    began = _now()
    frame = _said("read the file", lambda: read_table(file, "rows.csv"))
    modality = modalities.get("text-classification")
    schema = make_schema({"text": "input", "label": "label", "region": "slice"}, list(frame.columns))
    schema, _ = _said("check the table", lambda: check_table(frame, schema, modality))
    view = TableView(frame, schema, modality)
    found = _said("core checks", lambda: run_checks(view, "core"))
    core = _said("core figures", lambda: core_profile(view, found))
    _line("**until the figures are there**", began)
    second = _now()
    more = _said("checks of contents", lambda: run_checks(view, "content"))
    whole = _said("languages and wording", lambda: look_inside(view, core, more))
    _line("**the second step**", second)
    print(f"\n{len(whole.findings)} findings, {whole.duplicates.extra:,} repeats")


T = TypeVar("T")


def _said(name: str, work: Callable[[], T]) -> T:
    start = _now()
    done = work()
    _line(name, start)
    return done


def _now() -> tuple[float, float]:
    return time.perf_counter(), time.process_time()


def _line(name: str, start: tuple[float, float]) -> None:
    wall, spent = (now - then for now, then in zip(_now(), start, strict=True))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    print(f"| {name} | {wall:.2f} | {spent:.2f} | {peak / 2**20:.0f} |")


if __name__ == "__main__":
    main()
