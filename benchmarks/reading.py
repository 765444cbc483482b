"""How long reading a file of a million rows takes, and how much memory: `python -m benchmarks.reading [--rows N]`.

Three columns (a text of some fifty characters, a label, a region) in each kind; every figure from a process of its own. CPU
seconds, not wall clock, so that a busy machine changes them little; peak memory is that of the whole process.
"""

from __future__ import annotations

import argparse
import gzip
import json
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

PARTS = [
    "the",
    "food",
    "was",
    "味道很好",
    "very",
    "good",
    "and",
    "服务也不错",
    "the",
    "room",
    "cold",
    "bad",
    "下次还来",
    "price",
    "fair",
    "一般般",
    "never",
    "again",
    "ẹ̀kọ́",
    "dara",
]
_READ = """
import json, sys, time
from pathlib import Path
from engine.data.readers import ReadOptions, preview_file, read_with_notes
path = Path(sys.argv[1])
began = time.process_time()
preview = preview_file(path, path.name, ReadOptions())
looked = time.process_time() - began
def peak():
    return next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM")) / 1024
before, began = peak(), time.process_time()
frame, _ = read_with_notes(path, path.name, ReadOptions(encoding=preview.encoding or None, separator=preview.separator or None))
print(json.dumps({"rows": len(frame), "columns": frame.shape[1], "preview": looked, "read": time.process_time() - began,
                  "peak": peak(), "before": before}))
"""


def main() -> None:
    """Write the files, read each, print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    rows = parser.parse_args().rows
    with tempfile.TemporaryDirectory() as folder:
        print("| kind | MB | preview, CPU s | read, CPU s | peak MB |\n|---|---|---|---|---|")
        for path in _files(Path(folder), rows):
            done = subprocess.run(
                [sys.executable, "-c", _READ, str(path)], capture_output=True, text=True, check=True
            )
            found = json.loads(done.stdout)
            assert found["rows"] == rows, found
            size = path.stat().st_size / 1e6
            print(
                f"| {path.name} | {size:.0f} | {found['preview']:.2f} | {found['read']:.1f} | {found['peak']:.0f} |",
                flush=True,
            )
            path.unlink()


def _files(folder: Path, rows: int) -> Iterator[Path]:
    rng = np.random.default_rng(4)
    words = rng.integers(0, len(PARTS), (rows, 9))
    texts = [" ".join(PARTS[w] for w in row) + f" {i}" for i, row in enumerate(words)]
    labels = [("praise", "complaint")[i] for i in rng.integers(0, 2, rows)]
    regions = [f"region {i}" for i in rng.integers(0, 12, rows)]
    triples = list(zip(texts, labels, regions, strict=True))
    table = "text,label,region\n" + "".join(f"{t},{label},{r}\n" for t, label, r in triples)
    yield _written(folder / "table.csv", table.encode())
    yield _written(folder / "table-gb18030.csv", table.replace("ẹ̀kọ́", "ekao").encode("gb18030"))
    packed = folder / "table.zip"
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("table.csv", table)
    yield packed
    yield _written(folder / "table.csv.gz", gzip.compress(table.encode(), 4))
    objects = [
        json.dumps({"text": t, "label": label, "region": r}, ensure_ascii=False) for t, label, r in triples
    ]
    yield _written(folder / "table.jsonl", "\n".join(objects).encode())
    yield _written(folder / "table.json", ("[" + ",\n".join(objects) + "]").encode())
    target = folder / "table.parquet"
    pq.write_table(pa.table({"text": texts, "label": labels, "region": regions}), target)
    yield target


def _written(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


if __name__ == "__main__":
    main()
