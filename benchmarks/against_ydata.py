"""A profile of the same 100 000-row file by Bentu and by ydata-profiling, each in fresh processes of its own environment.

    python3 -m venv ydata && ydata/bin/pip install ydata-profiling==4.18.4 "setuptools<80"
    .venv/bin/python -m benchmarks.against_ydata ydata/bin/python [rows]

Prints Markdown. Both read the CSV and describe it; `benchmarks/README.md` says what each side works out. The turns alternate
and the median of each is shown; processor seconds say what is spent, wall seconds what is waited for.
"""

from __future__ import annotations

import csv
import json
import random
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from engine.samples import make_sample

ROUNDS = 3

_TIMED = """
import json, sys, time
begun = time.perf_counter(), time.process_time()
{imports}
loaded = time.perf_counter(), time.process_time()
{work}
ended = time.perf_counter(), time.process_time()
import resource
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps({{"import": [loaded[i] - begun[i] for i in (0, 1)], "work": [ended[i] - loaded[i] for i in (0, 1)], "peak": peak}}))
"""

_BENTU = _TIMED.format(
    imports="""
import pathlib
import engine.data.modalities.text
from engine.data.checks import run_checks
from engine.data.profile import core_profile, look_inside
from engine.data.readers import ReadOptions, read_table
from engine.data.schema import make_schema
from engine.data.table_view import TableView
from engine.modality import modalities
""",
    work="""
frame = read_table(pathlib.Path(sys.argv[1]), "rows.csv", ReadOptions())
roles = {"text": "input", "label": "label", "region": "slice"}
schema = make_schema(roles, list(frame.columns))
table = TableView(frame, schema, modalities.get("text-classification"))
table.modality.validate(table.inputs)
profile = core_profile(table, run_checks(table, "core"))
if sys.argv[2] == "all":
    look_inside(table, profile, run_checks(table, "content"))
""",
)

_YDATA = """
import warnings
warnings.filterwarnings("ignore")
""" + _TIMED.format(
    imports="""
import pandas
from ydata_profiling import ProfileReport
""",
    work="""
frame = pandas.read_csv(sys.argv[1], dtype=str, keep_default_na=False)
report = ProfileReport(frame, progress_bar=False, minimal=sys.argv[2] == "minimal")
report.to_html() if sys.argv[2] == "html" else report.get_description()
""",
)


def main() -> None:
    other, rows = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 100_000
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "rows.csv"
        write_rows(file, rows)
        programs = {
            "Bentu, the figures": [sys.executable, "-c", _BENTU, str(file), "figures"],
            "Bentu, both steps": [sys.executable, "-c", _BENTU, str(file), "all"],
            "ydata-profiling, description": [other, "-c", _YDATA, str(file), "full"],
            "ydata-profiling, minimal": [other, "-c", _YDATA, str(file), "minimal"],
            "ydata-profiling, with HTML": [other, "-c", _YDATA, str(file), "html"],
        }
        found: dict[str, list[dict[str, Any]]] = {name: [] for name in programs}
        for turn in range(ROUNDS):
            for name in list(programs)[:: -1 if turn % 2 else 1]:
                said = subprocess.run(programs[name], capture_output=True, text=True, check=True)
                found[name].append(json.loads(said.stdout.splitlines()[-1]))
    print(
        f"{rows:,} rows, {ROUNDS} turns each, median; as many times as Bentu's figures take, without / with imports\n"
    )
    print(
        "| | import, s | work, s | work, processor s | peak MiB | by the wall | by the processor |\n|---|---|---|---|---|---|---|"
    )
    mine = _medians(found["Bentu, the figures"])
    for name, measured in found.items():
        m = _medians(measured)
        ratios = [
            f"{m[work] / mine[work]:.1f} / {(m[work] + m[load]) / (mine[work] + mine[load]):.1f}"
            for work, load in (("work", "import"), ("spent", "loading"))
        ]
        print(
            f"| {name} | {m['import']:.1f} | {m['work']:.2f} | {m['spent']:.2f} | {m['peak']:.0f} | {' | '.join(ratios)} |"
        )


def write_rows(file: Path, rows: int) -> None:
    """Three columns: distinct texts of about 200 characters, Chinese and English in turn, a label and a region."""
    draw = random.Random(0)
    chinese, english = (make_sample(name) for name in ("reviews_zh", "reviews_en"))
    texts, regions = (chinese["text"].tolist(), english["text"].tolist()), chinese["region"].tolist()
    with file.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(["text", "label", "region"])
        for number in range(rows):
            source = number % 2
            text = " ".join(draw.choices(texts[source], k=2 if source else 4))
            writer.writerow([text, str(number // 2 % 2), regions[number % len(regions)]])


def _medians(measured: list[dict[str, Any]]) -> dict[str, float]:
    """Seconds of importing and of the work, by the wall and by the processor, and the highest memory."""
    return {
        "import": statistics.median(m["import"][0] for m in measured),
        "loading": statistics.median(m["import"][1] for m in measured),
        "work": statistics.median(m["work"][0] for m in measured),
        "spent": statistics.median(m["work"][1] for m in measured),
        "peak": max(m["peak"] for m in measured),
    }


if __name__ == "__main__":
    main()
