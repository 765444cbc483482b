"""What a foundation model costs on a graphics card: time, memory and energy, beside what the product said before the start.

    make minilm
    BENTU_SHARED_DATA=<folder of the development data> .venv/bin/python -m benchmarks.card_cost

Models of two shapes with random weights and MiniLM's vocabulary learn MasakhaNEWS pcm: what a step costs does not depend on what
the weights are, so no score is told. Each case trains in a process of its own. Then: a training that is to repeat itself
exactly, twice, and a batch that the card's memory cannot hold, and a smaller one in the same process. Prints Markdown lines as
they come; names of cases choose some of them.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from benchmarks.accelerator import data_of
from benchmarks.sets import facts_of
from engine.models.family import BatchTooLarge, Training
from engine.models.preset_import import import_preset
from engine.models.presets import find
from engine.models.text.foundation import Foundation, FoundationParams
from engine.recipe import Part
from engine.training.cost import measured
from engine.training.machine import machine
from engine.training.run import fit_part

SHAPES = {"small": (6, 12, 384, 1536), "base": (12, 12, 768, 3072)}
"""Layers, heads, width, inner width: MiniLM's and BERT base's."""
EPOCHS, SET = 3, "pcm"
LEARNING = {
    "max_length": 128,
    "batch_size": 32,
    "epochs": EPOCHS,
    "patience": 0,
    "learning_rate": 1e-4,
    "clip": 1.0,
}
CASES = {
    f"{shape} {adapt} {precision}": (shape, {"adapt": adapt, "precision": precision})
    for shape in SHAPES
    for adapt, precision in (
        ("frozen", "float32"), ("lora", "float32"), ("lora", "mixed_bfloat16"), ("full", "float32"), ("full", "mixed_bfloat16"),
    )
}  # fmt: skip
HUGE, SMALL = 256, 16


def main(names: list[str]) -> None:
    here = machine()
    print(
        f"{here.cards} x {here.accelerator}, {here.card_memory_bytes / 2**30:.1f} GiB each; {here.cores} cores\n"
    )
    print("| case | s/epoch | first epoch, s | training, s | said before, s | card at work, s | card's memory, GiB | said before, GiB | card, Wh | processor and memory, Wh |")  # fmt: skip
    print("|---|---|---|---|---|---|---|---|---|---|", flush=True)
    for case in names or [*CASES, "again", "again", "large"]:
        started = time.monotonic()
        done = subprocess.run(
            [sys.executable, "-m", "benchmarks.card_cost", "--one", case], capture_output=True, text=True, check=False
        )  # fmt: skip
        last = done.stdout.strip().splitlines()[-1:] or done.stderr.strip().splitlines()[-1:]
        said = last[0] if done.returncode == 0 and last else f"{case}: ended with {done.returncode}: {last}"
        print(f"{said} <!-- {time.monotonic() - started:.0f} s -->", flush=True)


def one(case: str) -> str:
    """What there is to say of a case."""
    with TemporaryDirectory() as name:
        home = Path(name)
        _random_presets(home)
        os.environ["BENTU_HOME"] = name
        if case == "large":
            return _large(home)
        shape, settings = CASES.get(
            case, ("small", {"adapt": "full", "precision": "float32", "deterministic": True})
        )
        events, cost, answer = _trained(home, shape, settings)
        epochs = [payload["seconds"] for kind, payload in events if kind == "epoch"]
        if case not in CASES:
            return f"{case}, exactly repeated: {statistics.median(epochs[1:]):.2f} s/epoch, answers {answer}"
        expected = _expected(shape, settings)
        return (
            f"| {case} | {statistics.median(epochs[1:]):.2f} | {epochs[0]:.2f} | {cost['training_seconds']:.1f} | {expected.seconds:.0f} "
            f"| {cost.get('card_seconds', 0):.1f} | {cost.get('card_peak_bytes', 0) / 2**30:.2f} | {expected.memory_bytes / 2**30:.2f} "
            f"| {cost.get('card_energy_wh', 0):.3f} | {cost['energy_wh']:.3f} |"
        )


def _trained(
    home: Path, shape: str, settings: dict[str, Any]
) -> tuple[list[tuple[str, Any]], dict[str, Any], str]:
    """Events, cost, and a mark of the answers to validation, of one training."""
    data, events = data_of(SET), []
    part = Part(name="foundation", params={"preset": shape} | LEARNING | settings)
    training = Training(lambda kind, **payload: events.append((kind, payload)), lambda: None, home / f"c{len(list(home.iterdir()))}", threads=machine().cores)  # fmt: skip
    with measured() as cost:
        fitted = fit_part(part, data, training)
    answers = fitted.predict_proba(data.validation_inputs[:32])
    return events, cost, hashlib.sha256(np.ascontiguousarray(answers).tobytes()).hexdigest()[:12]


def _expected(shape: str, settings: dict[str, Any]) -> Any:
    import pandas as pd

    data = data_of(SET)
    facts = facts_of(pd.Series(list(data.train_inputs)), data.train_labels, len(data.classes))
    return Foundation().estimate(
        FoundationParams(**({"preset": shape} | LEARNING | settings)), facts, machine()
    )


def _large(home: Path) -> str:
    """What is said of a batch that is too large, and whether the same process learns with a smaller one."""
    longest = {"adapt": "full", "precision": "float32", "max_length": 512, "epochs": 1}
    said = "it was not refused"
    try:
        _trained(home, "base", longest | {"batch_size": HUGE})
    except BatchTooLarge as problem:
        said = f"{problem} {problem.remedy}"
    events, _, _ = _trained(home, "base", longest | {"batch_size": SMALL})
    loss = next(payload["loss"] for kind, payload in events if kind == "epoch")
    return f"{HUGE} texts of 512 pieces: {said}; then {SMALL}, same process: loss {loss:.3f}"


def _random_presets(home: Path) -> None:
    """A preset of each shape, named as it, with the vocabulary of the preset that `make minilm` brings."""
    from safetensors.numpy import save_file

    source = find("minilm-l6").folder
    known = json.loads((source / "config.json").read_text())
    for name, (layers, heads, hidden, inner) in SHAPES.items():
        folder = home / f"{name}-source"
        folder.mkdir()
        shutil.copy(source / "tokenizer.json", folder)
        said = {
            "num_hidden_layers": layers, "num_attention_heads": heads, "hidden_size": hidden, "intermediate_size": inner,
        }  # fmt: skip
        (folder / "config.json").write_text(json.dumps(known | said))
        random = np.random.default_rng(0)
        save_file(
            {
                key: (random.standard_normal(shape, dtype=np.float32) * 0.02 + key.endswith("LayerNorm.weight")).astype(np.float32)
                for key, shape in _tensors(layers, hidden, inner, known).items()
            },
            folder / "model.safetensors",
        )  # fmt: skip
        import_preset(folder, home / "presets", name, languages=["pcm"])
        shutil.rmtree(folder)


def _tensors(layers: int, hidden: int, inner: int, known: dict[str, Any]) -> dict[str, tuple[int, ...]]:
    """Names and shapes of the weights of a BERT, as Hugging Face names them."""
    dense = {f"attention.self.{part}": (hidden, hidden) for part in ("query", "key", "value")}
    dense |= {
        "attention.output.dense": (hidden, hidden), "intermediate.dense": (inner, hidden), "output.dense": (hidden, inner),
    }  # fmt: skip
    found: dict[str, tuple[int, ...]] = {
        "embeddings.word_embeddings.weight": (known["vocab_size"], hidden),
        "embeddings.position_embeddings.weight": (known["max_position_embeddings"], hidden),
        "embeddings.token_type_embeddings.weight": (known["type_vocab_size"], hidden),
        "pooler.dense.weight": (hidden, hidden),
        "pooler.dense.bias": (hidden,),
    }
    norms = ["embeddings.LayerNorm"]
    for layer in range(layers):
        at = f"encoder.layer.{layer}"
        for name, shape in dense.items():
            found |= {f"{at}.{name}.weight": shape, f"{at}.{name}.bias": shape[:1]}
        norms += [f"{at}.attention.output.LayerNorm", f"{at}.output.LayerNorm"]
    return found | {f"{norm}.{part}": (hidden,) for norm in norms for part in ("weight", "bias")}


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        print(one(sys.argv[2]))
    else:
        main(sys.argv[1:])
