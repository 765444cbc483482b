"""What a graphics card brings: networks learn on the processor and on the card, in 32 bits and in 16.

    make minilm
    BENTU_SHARED_DATA=<folder of the development data> .venv/bin/python -m benchmarks.accelerator

Each case trains in a process of its own and is scored on validation ("dev"). "s/epoch" is the median after the first epoch, in which
kernels are compiled and loaded. Then, on the card: a LoRA training is killed in the middle and goes on; a batch that the card cannot
hold is refused, and the same process learns with a smaller one. Prints Markdown lines as they come.
"""

from __future__ import annotations

import csv
import io
import json
import os
import signal
import statistics
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from benchmarks.sets import SETS, codes
from engine.models.family import BatchTooLarge, Training, TrainingData
from engine.recipe import Part
from engine.samples import sample_csv
from engine.training.machine import machine
from engine.training.run import fit_part

ADAPTING = {"preset": "minilm-l6", "max_length": 128, "patience": 0, "batch_size": 32}
CASES: dict[str, tuple[str, str, dict[str, Any]]] = {
    "case network": ("reviews_zh", "case_network", {"analyzer": "characters", "epochs": 8, "patience": 0}),
    "Transformer from scratch": ("reviews_zh", "transformer", {"epochs": 4, "patience": 0, "batch_size": 64}),
    "MiniLM, read-out": ("pcm", "foundation", ADAPTING | {"adapt": "frozen", "epochs": 15, "learning_rate": 3e-3, "decay": "cosine"}),
    "MiniLM, LoRA": ("pcm", "foundation", ADAPTING | {"adapt": "lora", "epochs": 4, "learning_rate": 2e-3, "decay": "linear", "clip": 1.0}),
    "MiniLM, all weights": ("pcm", "foundation", ADAPTING | {"adapt": "full", "epochs": 4, "learning_rate": 1e-4, "decay": "linear", "clip": 1.0}),
}  # fmt: skip
PRECISIONS = ("float32", "mixed_bfloat16", "mixed_float16")
KILLED_AFTER, HUGE, SMALL = 2, 1024, 64


def main() -> None:
    here = machine()
    print(f"{here.cards} x {here.accelerator}, {here.card_memory_bytes / 2**30:.1f} GiB each; {here.cores} cores, {here.memory_bytes / 2**30:.0f} GiB\n")  # fmt: skip
    print("| case | where | precision | s/epoch | first epoch, s | all, s | dev macro-F1 | file against network |\n|---|---|---|---|---|---|---|---|", flush=True)  # fmt: skip
    for case in CASES:
        for precision in PRECISIONS:
            print(_answer("train", case, precision), flush=True)
    with TemporaryDirectory() as folder:
        print("\nkilled and resumed on the card:")
        for name, *rest in (("whole",), ("killed", "die"), ("killed",)):
            print(_answer("resume", f"{folder}/{name}", *rest), flush=True)
    print(
        "\na batch too large for the card:",
        _answer("large"),
        "\nthe processor of the same machine:",
        sep="\n",
        flush=True,
    )
    for case in CASES:
        print(_answer("train", case, "float32", card=False), flush=True)


def _answer(*asked: str, card: bool = True) -> str:
    seen = {} if card else {"CUDA_VISIBLE_DEVICES": ""}
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.accelerator", *asked], env=os.environ | seen, capture_output=True, text=True, check=False
    )  # fmt: skip
    last = done.stdout.strip().splitlines()[-1:] or done.stderr.strip().splitlines()[-1:]
    return (
        last[0]
        if done.returncode == 0 and last
        else f"{' '.join(asked)}: ended with {done.returncode}: {last}"
    )


def data_of(name: str) -> TrainingData:
    """Train and validation rows of a development set, or 8000 and 1000 of an embedded sample."""
    if name in SETS:
        train, held = SETS[name].part("train"), SETS[name].part("dev")
        classes = tuple(sorted(set(train["label"])))
        return TrainingData(
            list(train["text"]), codes(train["label"], classes), list(held["text"]), codes(held["label"], classes), classes, 0
        )  # fmt: skip
    table = list(csv.DictReader(io.StringIO(sample_csv(name).decode("utf-8-sig"))))
    order = np.random.default_rng(0).permutation(len(table))
    classes = tuple(sorted({row["label"] for row in table}))
    texts = [table[i]["text"] for i in order]
    labels = np.array([classes.index(table[i]["label"]) for i in order], dtype=np.int64)
    return TrainingData(texts[:8000], labels[:8000], texts[8000:9000], labels[8000:9000], classes, 0)


def _training(folder: Path, events: list[tuple[str, dict[str, Any]]]) -> Training:
    return Training(lambda kind, **payload: events.append((kind, payload)), lambda: None, folder, threads=machine().cores)  # fmt: skip


def train(case: str, precision: str) -> str:
    """One row of the table."""
    from sklearn.metrics import f1_score

    from engine.models.family import families

    set_name, family, settings = CASES[case]
    data = data_of(set_name)
    events: list[tuple[str, dict[str, Any]]] = []
    with TemporaryDirectory() as folder:
        started = time.monotonic()
        fitted = fit_part(
            Part(name=family, params=settings | {"precision": precision}), data, _training(Path(folder) / "c", events)
        )  # fmt: skip
        seconds = time.monotonic() - started
        fitted.save(Path(folder))
        served = families.get(family).load(Path(folder)).predict_proba(data.validation_inputs)
        differs = float(np.abs(served - fitted.predict_proba(data.validation_inputs)).max())
    score = 100 * f1_score(data.validation_labels, served.argmax(axis=1), average="macro")
    epochs = [payload["seconds"] for kind, payload in events if kind == "epoch"]
    import tensorflow as tf

    where = "card" if tf.config.list_physical_devices("GPU") else "processor"
    return f"| {case} | {where} | {precision} | {statistics.median(epochs[1:]):.3f} | {epochs[0]:.2f} | {seconds:.1f} | {score:.1f} | {differs:.1e} |"


def resume(folder: str, die: bool = False) -> str:
    """The last epoch of a LoRA training that may be killed in its third epoch."""
    from engine.training import loop

    loop._BETWEEN_CHECKPOINTS = 0
    set_name, family, settings = CASES["MiniLM, LoRA"]
    events: list[tuple[str, dict[str, Any]]] = []
    batches = 0

    def stop() -> None:
        nonlocal batches
        batches += sum(kind == "epoch" for kind, _ in events) == KILLED_AFTER
        if die and batches > 10:
            os.kill(os.getpid(), signal.SIGKILL)

    training = replace(_training(Path(folder), events), stop=stop)
    fit_part(Part(name=family, params=settings), data_of(set_name), training)
    epochs = {
        p["epoch"]: (round(p["loss"], 6), round(p["val_loss"], 6)) for kind, p in events if kind == "epoch"
    }
    return f"{Path(folder).name}: loss, validation loss by epoch {json.dumps(epochs)}"


def large() -> str:
    """What is said of a batch that is too large, and what the same process scores with a smaller one."""
    _, family, settings = CASES["MiniLM, all weights"]
    data = data_of("pcm")
    settings |= {"max_length": 512, "epochs": 1, "precision": "float32"}
    with TemporaryDirectory() as folder:
        said = "it was not refused"
        try:
            fit_part(
                Part(name=family, params=settings | {"batch_size": HUGE}), data, _training(Path(folder) / "large", [])
            )  # fmt: skip
        except BatchTooLarge as problem:
            said = f"{problem} {problem.remedy}"
        events: list[tuple[str, dict[str, Any]]] = []
        fit_part(
            Part(name=family, params=settings | {"batch_size": SMALL}), data, _training(Path(folder) / "small", events)
        )  # fmt: skip
    score = next(payload["val_macro_f1"] for kind, payload in events if kind == "epoch")
    return f"{HUGE} rows of 512: {said}; then {SMALL} rows, same process: dev macro-F1 {100 * score:.1f}"


if __name__ == "__main__":
    work = {"train": train, "resume": resume, "large": large}
    if len(sys.argv) > 1:
        print(work[sys.argv[1]](*sys.argv[2:]))  # type: ignore[operator]
    else:
        main()
