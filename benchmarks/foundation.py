"""What a small foundation model brings and costs on a low-resource language, beside the linear model that it has to beat.

    make minilm
    BENTU_SHARED_DATA=<folder of the development data> .venv/bin/python -m benchmarks.foundation [--model DIR] [--ways WAY ...] [--test] [pcm] [reviews_en]

MiniLM from a local folder, every run by the product's own worker in a process of its own, which no proxy lets out to a
network. Each way of adapting is scored on validation ("dev") beside TF-IDF with a linear SVM; with `--test` the best read-out,
the best LoRA and the bar open the test part once. On pcm besides: what keeping the vectors saves, an adapter reloaded into a
fresh model, and a LoRA training killed in the middle. Kept vectors: an epoch on them, the same training again, a search. The whole run counts packing, and the check that the served file answers as
the trained model, which reads some hundred texts twice more. `reviews_en` is the embedded sample: synthetic, no row by a customer.
Prints Markdown; state goes to a temporary home.
"""

from __future__ import annotations

import argparse
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.sets import SETS, imported
from engine.models.backbone import ADAPTER, load_adapter, load_backbone, merge_lora, take_up
from engine.models.features.checkpoint_tokens import CheckpointTokens
from engine.models.network import probabilities, with_softmax
from engine.models.preset_import import import_preset
from engine.models.presets import find, presets_home
from engine.models.text.foundation import FoundationParams, adapted
from engine.packaging.bundle import unpack
from engine.samples import SAMPLE_ROLES, sample_csv
from engine.serving.predictor import load_model
from engine.storage import artifacts
from engine.workspace import Plan, Run, Workspace, open_workspace

MODEL, BAR, METRIC = "minilm-l6", "TF-IDF + linear SVM, the bar", "macro_f1"
READ_OUT, LORA = "read-out", "LoRA"
WAYS: dict[str, dict[str, tuple[str, dict[str, Any]]]] = {
    "pcm": {
        f"{READ_OUT}, 128 pieces": ("quick", {"max_length": 128}),
        f"{READ_OUT}, 64 pieces": ("quick", {"max_length": 64}),
        f"{LORA} of rank 8, 64 pieces, 4 epochs": ("balanced", {"max_length": 64, "epochs": 4}),
        "layer by layer, 32 pieces, 4 epochs": ("balanced", {"adapt": "gradual", "max_length": 32, "epochs": 4, "learning_rate": 2e-4}),
        "all weights, 32 pieces, 4 epochs": ("balanced", {"adapt": "full", "max_length": 32, "epochs": 4, "learning_rate": 1e-4}),
    },
    "reviews_en": {
        f"{READ_OUT}, 64 pieces": ("quick", {"max_length": 64}),
        f"{LORA} of rank 8, 64 pieces, 4 epochs": ("balanced", {"max_length": 64, "epochs": 4}),
    },
}  # fmt: skip
"""By set: the dial that a way starts from, and what is set by hand."""


def main() -> None:
    asked = argparse.ArgumentParser()
    asked.add_argument("sets", nargs="*", default=list(WAYS))
    asked.add_argument("--model", type=Path, default=presets_home() / MODEL)
    asked.add_argument(
        "--ways", nargs="*", default=[""], help="beginnings of the ways to try; all without it"
    )
    asked.add_argument("--test", action="store_true")
    given = asked.parse_args()
    os.environ["BENTU_HOME"] = tempfile.mkdtemp(prefix="bentu-benchmark-")
    os.environ |= dict.fromkeys(("http_proxy", "https_proxy", "all_proxy"), "http://127.0.0.1:9")
    import_preset(given.model, presets_home(), MODEL)
    ws = open_workspace()
    projects = {
        name: imported(ws, name, SETS[name].content(), SETS[name].roles) if name in SETS
        else imported(ws, name, sample_csv(name), SAMPLE_ROLES)
        for name in given.sets
    }  # fmt: skip
    with worker():
        for name, project in projects.items():
            report(ws, name, project, tuple(given.ways), test=given.test)


@contextmanager
def worker() -> Iterator[None]:
    """The product's own worker, which runs what is in line."""
    process = subprocess.Popen(
        [sys.executable, "-m", "engine", "worker", "--stay"], stdout=subprocess.DEVNULL
    )
    try:
        yield
    finally:
        process.terminate()
        process.wait(60)


def report(ws: Workspace, name: str, project: str, ways: tuple[str, ...], test: bool) -> None:
    recipes = {BAR: ws.recipes.choose(project, "tfidf_svm", "balanced")}
    for title, (dial, changes) in WAYS[name].items():
        if not title.startswith(ways):
            continue
        chosen = ws.recipes.choose(project, "foundation", dial)
        if dial == "balanced":  # on a slow machine it takes the read-out
            chosen = ws.recipes.set_param(project, "adapt", "lora")
        params = {**chosen.family.params, **changes}
        recipes[title] = chosen.model_copy(
            update={"family": chosen.family.model_copy(update={"params": params})}
        )
    print(f"\n### {name}\n")
    print(
        "| | dev macro-F1, % (95 %), n | against the bar, points (95 %) | training, s | processor s | the whole run, s | peak memory, GB | bundle, MB |"
    )
    print("|---|---|---|---|---|---|---|---|")
    runs: dict[str, Run] = {}
    for title, recipe in recipes.items():
        run = runs[title] = ended(ws, ws.runs.submit(project, recipe))
        assert run.metrics and run.environment
        cost = run.environment
        print(
            f"| {title} | {score(ws, run, 'validation')} | {against(ws, runs[BAR], run, 'validation')} | {cost['training_seconds']:.0f} "
            f"| {cost['processor_seconds']:.0f} | {run.seconds:.0f} | {cost['peak_memory_bytes'] / 1e9:.2f} | {bundle(ws, run).stat().st_size / 1e6:.1f} |", flush=True,
        )  # fmt: skip
    best = {
        kind: max((t for t in runs if t.startswith(kind)), key=lambda t: runs[t].metrics[METRIC]["value"])  # type: ignore[index]
        for kind in (READ_OUT, LORA)
        if any(t.startswith(kind) for t in runs)
    }
    print()
    if READ_OUT in best:
        kept_vectors(ws, runs[best[READ_OUT]])
        once_more(ws, runs[best[READ_OUT]])
    if LORA in best:
        reloaded(ws, runs[best[LORA]])
    if LORA in best and name in SETS:
        killed(ws, runs[best[LORA]])
    if test:
        print("\n| | test macro-F1, % (95 %), n | against the bar, points (95 %) |\n|---|---|---|")
        for title in (BAR, *best.values()):
            opened = ws.evaluations.open_test(runs[title].id, "benchmark").id
            until(lambda opened=opened: ws.jobs.get(opened).over)  # type: ignore[misc]
            print(
                f"| {title} | {score(ws, runs[title], 'test')} | {against(ws, runs[BAR], runs[title], 'test')} |",
                flush=True,
            )


def kept_vectors(ws: Workspace, run: Run) -> None:
    """An epoch on vectors that were kept, against reading the same texts anew."""
    phases: list[tuple[str, datetime]] = []
    epochs = []
    for event in ws.runs.events(run.id):
        if event.kind == "phase":
            phases.append((event.payload["name"], event.ts))
        elif event.kind == "epoch":
            epochs.append(event.payload["seconds"])
    reading, after = next(
        (began, phases[at + 1][1])
        for at, (said, began) in enumerate(phases)
        if said.startswith("Reading the texts")
    )
    seconds, epoch = (after - reading).total_seconds(), statistics.median(epochs)
    print(
        f"- Kept vectors: reading train and validation {seconds:.1f} s, an epoch on them {epoch:.4f} s ({len(epochs)} epochs): {seconds / epoch:.0f} times faster."
    )


def once_more(ws: Workspace, first: Run) -> None:
    """The same training again, and a search by two workers, on the vectors that the first one kept."""
    again = ended(ws, ws.runs.submit(first.project_id, first.recipe))
    assert first.environment and again.environment and again.metrics == first.metrics
    told = [
        f"{cost['training_seconds']:.1f} s ({cost['processor_seconds']:.1f} of processor time)"
        for cost in (first.environment, again.environment)
    ]
    plan = Plan(minutes=10, most=6, workers=2, fields=("learning_rate", "dropout"), pruning="none")
    search = ws.searches.start(first.project_id, first.recipe, "settings", plan)
    until(lambda: all(job.over for job in ws.searches.get(search.id).jobs))
    seconds = [one.seconds for one in ws.searches.get(search.id).candidates]
    print(
        f"- The same training: {told[0]}, once more {told[1]}, with the same scores. Candidates of a search by two workers, s: {' '.join(f'{s:.1f}' for s in seconds)}."
    )


def reloaded(ws: Workspace, run: Run) -> None:
    """The adapter's file given to a model made anew, beside the answers of the bundle."""
    with tempfile.TemporaryDirectory() as folder:
        place = unpack(bundle(ws, run), Path(folder) / "bundle")
        file = next(place.rglob(ADAPTER))
        params, arrays = FoundationParams(**run.recipe.family.params), load_adapter(file)
        texts = list(ws.evaluations.predictions(run.id, "validation", limit=10_000)[0]["input"])
        served = load_model(place).predict_proba(texts)
        tokens, backbone = CheckpointTokens.load(file.parent), load_backbone(find(params.preset))
        model, _ = adapted(backbone, tokens.pad, params, served.shape[1])
        take_up(model, arrays)
        merge_lora(backbone)
        answers = probabilities(
            np.asarray(with_softmax(model, float(arrays["temperature"]))(tokens.transform(texts)[:]))
        )
        print(
            f"- Adapter of {file.stat().st_size / 1e6:.1f} MB, {sum(a.size for a in arrays.values()):,} numbers, in a fresh model: probabilities of {len(texts)} texts differ "
            f"from the served ones by at most {np.abs(answers - served).max():.1e}; {int((answers.argmax(1) != served.argmax(1)).sum())} answers are others."
        )  # fmt: skip


def killed(ws: Workspace, whole: Run) -> None:
    """The same training once more, its process killed after two epochs; the worker goes on with it."""
    run = ws.runs.submit(whole.project_id, whole.recipe)
    until(lambda: len(losses(ws, run)) >= 2)
    os.kill(int(ws.jobs.get(run.job_id).pid or 0), signal.SIGKILL)
    run = ended(ws, run)
    first, second = losses(ws, whole), losses(ws, run)
    assert set(first) == set(second) and run.metrics == whole.metrics
    print(
        f"- kill -9 after 2 epochs: attempt {ws.jobs.get(run.job_id).attempt} ended it; final validation loss {second[max(second)]:.6f}, uninterrupted {first[max(first)]:.6f}; "
        f"largest difference of an epoch {max(abs(first[e] - second[e]) for e in first):.1e}."
    )  # fmt: skip


def losses(ws: Workspace, run: Run) -> dict[int, float]:
    """Validation loss by epoch, as last reported."""
    return {e.payload["epoch"]: e.payload["val_loss"] for e in ws.runs.events(run.id) if e.kind == "epoch"}


def ended(ws: Workspace, run: Run) -> Run:
    until(lambda: not ws.runs.get(run.id).active)
    done = ws.runs.get(run.id)
    assert done.state == "succeeded", done.error
    return done


def until(condition: Callable[[], bool]) -> None:
    while not condition():
        time.sleep(0.2)


def bundle(ws: Workspace, run: Run) -> Path:
    result = ws.jobs.get(run.job_id).result
    assert result is not None
    return artifacts.path(result["bundle"])


def score(ws: Workspace, run: Run, part: str) -> str:
    found = ws.evaluations.get(run.id, part)
    assert found is not None
    value = found.result.overall[METRIC]
    return f"{100 * value.value:.1f} ({100 * value.low:.1f} to {100 * value.high:.1f}), {found.result.n}"


def against(ws: Workspace, bar: Run, run: Run, part: str) -> str:
    if run.id == bar.id:
        return ""
    job = ws.evaluations.start_comparison([bar.id, run.id], part, METRIC).id
    until(lambda: ws.jobs.get(job).over)
    found = ws.evaluations.comparison([bar.id, run.id], part, METRIC)
    assert found is not None, ws.jobs.get(job).error
    return f"{100 * found[0].difference:+.1f} ({100 * found[0].low:+.1f} to {100 * found[0].high:+.1f})"


if __name__ == "__main__":
    main()
