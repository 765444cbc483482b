"""Does it pay to guess hidden pieces of the local texts first? The same training with and without, several seeds.

    BENTU_SHARED_DATA=<folder of the development data> .venv/bin/python -m benchmarks.pretraining [--seeds 3] [--test] [CASE ...]

A share of a set's train rows keeps its label, drawn anew by each seed; the others are read without one, as are later passages of
articles, of which the classifier reads the beginning only. The Transformer from scratch has the balanced dial's defaults; `pcm-minilm`
is the read-out of MiniLM instead (`make minilm`). The pairs are compared on the set's validation rows ("dev"), with `--test` on its test
rows too: mean over seeds, 95 % interval over rows and seeds. Training and comparison are the product's own. Prints Markdown.
"""

from __future__ import annotations

import argparse
import textwrap
import time
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from benchmarks.sets import SETS, codes, facts_of
from engine.evaluation.repeated import compare_repeated
from engine.models.family import Dial, Fitted, Training, TrainingData, families
from engine.recipe import Evaluation, Part
from engine.training.machine import machine
from engine.training.run import fit_part


@dataclass(frozen=True)
class Case:
    """Who learns from which set, and how.

    Args:
        set, family, dial: what learns from what.
        changes: settings by hand.
        epochs: of pretraining.
        shares: of the train rows, how many keep their label.
        passage: letters of a later passage; 0 reads none.
    """

    set: str
    family: str
    dial: Dial
    changes: dict[str, Any]
    epochs: int
    shares: tuple[float, ...] = (0.33, 1.0)
    passage: int = 0


CASES = {
    "lin": Case("lin", "transformer", "balanced", {"max_length": 64}, 6, passage=250),
    "swa": Case("swa", "transformer", "balanced", {"max_length": 48}, 15),
    "pcm-minilm": Case("pcm", "foundation", "quick", {"preset": "minilm-l6", "max_length": 32}, 2, (1.0,)),
}


def main() -> None:
    asked = argparse.ArgumentParser()
    asked.add_argument("cases", nargs="*", default=list(CASES))
    asked.add_argument("--seeds", type=int, default=3)
    asked.add_argument("--test", action="store_true")
    given = asked.parse_args()
    print("| case | labelled / read without a label | part, n | macro-F1 without, % | with, % | difference, points (95 %) | hidden pieces guessed | processor s without, with |")  # fmt: skip
    print("|---|---|---|---|---|---|---|---|")
    for name in given.cases:
        for share in CASES[name].shares:
            line(name, CASES[name], share, given.seeds, ["dev", "test"] if given.test else ["dev"])


def line(name: str, case: Case, share: float, seeds: int, parts: list[str]) -> None:
    train = SETS[case.set].part("train")
    classes = tuple(sorted(set(train["label"])))
    scored = {part: SETS[case.set].part(part) for part in parts}
    truth = {part: codes(rows["label"], classes) for part, rows in scored.items()}
    later = (
        [part for text in train["text"] for part in textwrap.wrap(text, case.passage)[1:]]
        if case.passage
        else []
    )
    pairs: dict[str, list[Any]] = {part: [] for part in parts}
    guessed, seconds = [], []
    for seed in range(seeds):
        mine, free = np.split(
            np.random.default_rng(seed).permutation(len(train)), [round(share * len(train))]
        )
        labelled, unlabelled = train.iloc[mine], [*train["text"].iloc[free], *later]
        data = TrainingData(
            list(labelled["text"]), codes(labelled["label"], classes), list(scored["dev"]["text"]), truth["dev"], classes, seed,
            unlabelled,
        )  # fmt: skip
        family = families.get(case.family)
        facts = facts_of(labelled["text"], data.train_labels, len(classes))
        params = family.defaults(case.dial, facts, machine()).model_dump() | case.changes
        without = Part(name=family.name, version=family.version, params=params)
        pretrained = without.model_copy(update={"params": {**params, "pretraining": case.epochs}})
        (before, first, _), (after, second, right) = fitted(without, data), fitted(pretrained, data)
        guessed.append(right)
        seconds.append((first, second))
        for part, rows in scored.items():
            texts = list(rows["text"])
            pairs[part].append((before.predict_proba(texts), after.predict_proba(texts)))
    spent = " and ".join(f"{s:.0f}" for s in np.mean(seconds, axis=0))
    for part in parts:
        found = compare_repeated(truth[part], pairs[part], classes, "macro_f1", Evaluation(), 0)
        print(
            f"| {name} | {len(mine)} / {len(unlabelled)} | {part}, {found.n} | {100 * found.first:.1f} | {100 * found.second:.1f} | {100 * found.difference:+.1f} "
            f"({100 * found.low:+.1f} to {100 * found.high:+.1f}) | {', '.join(guessed)} | {spent} |",
            flush=True,
        )  # fmt: skip


def fitted(part: Part, data: TrainingData) -> tuple[Fitted, float, str]:
    """The model, processor seconds, and the share of hidden pieces that the last epoch of pretraining guessed."""
    right = "-"

    def heard(kind: str, **said: Any) -> None:
        nonlocal right
        right = said["params"]["right"] if "right" in said.get("params", {}) else right

    started = time.process_time()
    with TemporaryDirectory() as folder:
        model = fit_part(part, data, Training(heard, lambda: None, Path(folder)))
    return model, time.process_time() - started, right


if __name__ == "__main__":
    main()
