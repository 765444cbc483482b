"""What profiling a million rows costs: processor seconds of each part and the highest memory, in a process of its own.

    python benchmarks/profile.py [--rows 1000000]

Texts are cut from the phrases of the embedded samples in both languages and numbered, so that nearly all differ; one row of
fifty repeats an earlier one. Three columns: text, label, region. Processor time, not wall: other work on the machine does not count.
"""

from __future__ import annotations

import argparse
import resource
import sys
import time

import numpy as np
import pandas as pd

from engine.data.profile import profile_table
from engine.data.schema import make_schema
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
    rows = parser.parse_args().rows
    frame = table(rows)
    modality = modalities.get("text-classification")
    schema = make_schema({"text": "input", "label": "label", "region": "slice"}, list(frame.columns))
    start = time.process_time()
    schema, _ = check_table(frame, schema, modality)
    checked = time.process_time()
    found = profile_table(frame, schema, modality)
    ended = time.process_time()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    print(f"{rows:,} rows x {len(frame.columns)} columns; processor seconds")
    print(f"  check_table    {checked - start:6.2f}")
    print(
        f"  profile_table  {ended - checked:6.2f}   {len(found.findings)} findings, {found.duplicates.extra:,} repeats"
    )
    print(f"  highest memory {peak / 2**20:6.0f} MB, the table's own making included")


if __name__ == "__main__":
    main()
