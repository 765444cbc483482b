"""What a run stands on, in words: its machine and packages, the check of its package, and how its rows were divided.

Stage 5 (evaluation). Read by the report and by the train page; keys that are not known here are shown as they are.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from engine.errors import N_
from engine.i18n import translate
from engine.recipe import FIRST_TEST

Facts = list[tuple[str, str]]

ENVIRONMENT: Mapping[str, str] = {
    "python": N_("Python"), "platform": N_("Operating system"), "processor": N_("Processor"), "cores": N_("Processor cores"),
    "memory_bytes": N_("Memory"), "accelerator": N_("Accelerator"), "cards": N_("Graphics cards"), "card_memory_bytes": N_("Memory of a card"),
    "revision": N_("Revision of Bentu's code"),
    "training_seconds": N_("Time of the training, s"), "processor_seconds": N_("Processor time of it, s"),
    "peak_memory_bytes": N_("Most memory held"), "energy_wh": N_("Energy, estimated, Wh"), "energy_method": N_("Method of the estimate"),
    "card_seconds": N_("Seconds at work of the graphics cards"), "card_peak_bytes": N_("Most memory taken of a card"),
    "card_energy_wh": N_("Energy of the cards by their own meters, Wh"),
    "train_rows": N_("Rows of the train part"), "augmented_rows": N_("Augmented copies of them"),
    "pseudo_labelled_rows": N_("Rows beside them whose label was guessed"),
}  # fmt: skip

PARITY: Mapping[str, str] = {
    "n": N_("Rows compared"), "agreement": N_("Same class, %"), "max_difference": N_("Largest difference of a probability"),
    "seconds": N_("Duration of the check, s"), "ok": N_("Passed"),
}  # fmt: skip

KINDS: Mapping[str, str] = {
    "stratified": N_("balanced by class: train {train} %, validation {validation} %, test {test} %, seed {seed}"),
    "random": N_("at random: train {train} %, validation {validation} %, test {test} %, seed {seed}"),
    "group": N_("by group: train {train} %, validation {validation} %, test {test} %, seed {seed}"),
    "given": N_("as the column “{column}” of the data says"),
    "time": N_("by time: the oldest {train} % train, the next {validation} % validation, the newest {test} % test"),
    "slice": N_("by the column “{column}”: tested on {values}, which train does not have, seed {seed}"),
}  # fmt: skip

_ALSO = {
    "near_duplicates": N_("nearly equal texts kept together"),
    "regroup": N_("linked rows moved into one part"),
}


def environment_facts(environment: Mapping[str, Any], locale: str) -> Facts:
    """Names and values of what a run ran on, packages aside (`package_facts`)."""
    shown: dict[str, Callable[[Any], str]] = {
        "memory_bytes": lambda v: f"{v / 1e9:.1f} GB",
        "accelerator": lambda v: v or translate(N_("none"), locale),
        "training_seconds": lambda v: f"{v:.1f}",
        "processor_seconds": lambda v: f"{v:.1f}",
        "card_memory_bytes": lambda v: f"{v / 1e9:.1f} GB",
        "peak_memory_bytes": lambda v: f"{v / 1e9:.2f} GB",
        "energy_wh": lambda v: f"{v:.2g}",
        "card_seconds": lambda v: f"{v:.1f}",
        "card_peak_bytes": lambda v: f"{v / 1e9:.2f} GB",
        "card_energy_wh": lambda v: f"{v:.2g}",
        "pseudo_labelled_rows": lambda v: "; ".join(f"{name}: {count:,}" for name, count in v.items()),
    }
    known = {k: v for k, v in environment.items() if k != "packages"}
    return _facts(known, ENVIRONMENT, shown, locale)


def package_facts(environment: Mapping[str, Any]) -> Facts:
    """The recorded packages with their versions."""
    return [(str(name), str(version)) for name, version in (environment.get("packages") or {}).items()]


def parity_facts(parity: Mapping[str, Any], locale: str) -> Facts:
    """What the check of the packaged model found."""
    shown: dict[str, Callable[[Any], str]] = {
        "n": lambda v: f"{v:,}", "agreement": lambda v: f"{100 * v:.2f}", "max_difference": lambda v: f"{v:.1g}",
        "seconds": lambda v: f"{v:.1f}", "ok": lambda v: translate(N_("yes") if v else N_("no"), locale),
    }  # fmt: skip
    return _facts(parity, PARITY, shown, locale)


def split_words(split: Any, locale: str) -> str:
    """How the rows were divided: shares only where they were drawn by them."""
    if not isinstance(split, Mapping) or split.get("kind") not in KINDS:
        return _plain(split)
    shares = {part: f"{100 * float(split.get(part) or 0):g}" for part in ("train", "validation", "test")}
    said = [
        translate(
            KINDS[split["kind"]],
            locale,
            column=split.get("column"),
            seed=split.get("seed"),
            values=[f"“{value}”" for value in split.get("values") or ()],
            **shares,
        )
    ]
    if folds := split.get("folds"):
        fold = int(split.get("fold") or 0) + 1
        said.append(translate(N_("fold {fold} of {folds} for validation"), locale, fold=fold, folds=folds))
    said += [translate(words, locale) for name, words in _ALSO.items() if split.get(name)]
    if (name := split.get("test_name") or FIRST_TEST) != FIRST_TEST:
        said.append(translate(N_("tested on the test set “{name}”, drawn later"), locale, name=name))
    return "; ".join(said)


def plain_time(when: Any) -> str:
    """A time that means the same everywhere: "2026-11-23 14:40 UTC"."""
    try:
        moment = when if isinstance(when, datetime) else datetime.fromisoformat(str(when))
    except ValueError:
        return str(when)
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")


def _facts(
    values: Mapping[str, Any], titles: Mapping[str, str], shown: Mapping[str, Callable[[Any], str]], locale: str
) -> Facts:  # fmt: skip
    return [
        (translate(titles.get(name, name), locale), shown.get(name, _plain)(value))
        for name, value in values.items()
    ]


def _plain(value: Any) -> str:
    if isinstance(value, Mapping | Sequence) and not isinstance(value, str):
        return json.dumps(value, ensure_ascii=False, default=str)
    return str(value)
