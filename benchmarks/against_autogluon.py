"""AutoGluon's tabular predictor on the development sets, for the table of the ladder: same split, macro-F1 on test.

    python3 -m venv autogluon && autogluon/bin/pip install "autogluon.tabular[lightgbm,catboost,xgboost]==1.6.*"
    BENTU_SHARED_DATA=<folder> .venv/bin/python -m benchmarks.against_autogluon autogluon/bin/python [SET ...] [--seconds 240]

It is given train to learn from, "dev" to choose on (`tuning_data`), macro-F1 as the metric, its default presets and the time; it makes
word counts of the texts by itself, and finds none in Chinese: there it gets each character as a word (most of which it drops, being one letter long). It runs in a process of its own environment. Prints Markdown.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import tempfile
from pathlib import Path

from benchmarks.sets import SETS, ZH

_WORK = """
import json, sys, time
import pandas
from autogluon.tabular import TabularPredictor
folder, seconds = sys.argv[1], float(sys.argv[2])
train, dev, test = (pandas.read_parquet(f"{folder}/{part}.parquet") for part in ("train", "dev", "test"))
begun = time.perf_counter()
predictor = TabularPredictor("label", eval_metric="f1_macro", path=f"{folder}/models", verbosity=0)
predictor.fit(train, tuning_data=dev, time_limit=seconds, num_cpus=2)
spent = time.perf_counter() - begun
from sklearn.metrics import f1_score
said = {part: f1_score(rows["label"], predictor.predict(rows), average="macro") for part, rows in (("dev", dev), ("test", test))}
print(json.dumps({"seconds": spent, "model": predictor.model_best, **said}))
"""


def main() -> None:
    asked = argparse.ArgumentParser()
    asked.add_argument("python")
    asked.add_argument("sets", nargs="*", default=list(SETS))
    asked.add_argument("--seconds", type=float, default=240)
    given = asked.parse_args()
    print("| set | AutoGluon chose | dev macro-F1 | test macro-F1 | n | seconds |\n|---|---|---|---|---|---|")
    for name in given.sets:
        with tempfile.TemporaryDirectory() as folder:
            for part in ("train", "dev", "test"):
                rows = SETS[name].part(part)
                if SETS[name].file.startswith(ZH):
                    rows["text"] = rows["text"].map(" ".join)
                rows.to_parquet(Path(folder) / f"{part}.parquet")
            done = subprocess.run(
                [given.python, "-c", _WORK, folder, str(given.seconds)], capture_output=True, text=True, check=True
            )  # fmt: skip
        said = json.loads(done.stdout.splitlines()[-1])
        print(f"| {name} | {said['model']} | {100 * said['dev']:.1f} | {100 * said['test']:.1f} | {len(rows):,} | {said['seconds']:.0f} |", flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
