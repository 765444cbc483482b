"""How far the dial adapts a foundation model: what the time and the memory of this machine allow."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from engine.errors import N_
from engine.models.family import Dial, Estimate, Machine, Setting

MINUTES: dict[Dial, int] = {"quick": 3, "balanced": 20, "thorough": 120}
"""The longest training that each dial begins, by the estimate."""
SHORTEST = 32
"""Pieces below which a text is not cut to save time."""
_BATCH, _SMALLEST = 32, 8

Price = Callable[[str, int, int], Estimate]
"""What a way of adapting costs with a length in pieces and a batch size."""


def affordable(dial: Dial, length: Setting, machine: Machine, price: Price) -> dict[str, Setting]:
    """LoRA where it stays below the dial's minutes, else the read-out, of shorter texts where even that takes longer; batches by memory.

    Args:
        dial: *quick* never takes LoRA.
        length: what the texts ask for.
        machine: the run's.
        price: the estimate.
    """
    most = 60 * MINUTES[dial]
    adapt = Setting("frozen")
    if dial != "quick":
        seconds = price("lora", length.value, _BATCH).seconds
        said = _on(machine) | {"minutes": _minutes(seconds), "most": MINUTES[dial], "length": length.value}
        if seconds <= most:
            adapt = Setting("lora", _told(machine, _LORA), said)
        else:
            adapt = Setting("frozen", _told(machine, _TOO_LONG), said)
    asked, pieces = length.value, length.value
    while adapt.value == "frozen" and pieces > SHORTEST and price("frozen", pieces, _BATCH).seconds > most:
        pieces = max(pieces // 2 // 16 * 16, SHORTEST)
    if pieces < asked:
        said = _on(machine) | {
            "asked": asked, "minutes": _minutes(price("frozen", asked, _BATCH).seconds), "most": MINUTES[dial],
        }  # fmt: skip
        length = Setting(pieces, _told(machine, _SHORTENED), said)
    return {"adapt": adapt, "max_length": length} | _batches(adapt.value, pieces, machine, price)


def _batches(adapt: str, length: int, machine: Machine, price: Price) -> dict[str, Setting]:
    """The usual batch where it fits into the memory, else a smaller one that is gathered to the same."""
    if adapt == "frozen":  # the read-out learns on vectors, which take next to nothing
        return {}
    room, batch = machine.card_memory_bytes if machine.cards else machine.memory_bytes, _BATCH
    while batch > _SMALLEST and price(adapt, length, batch).memory_bytes > room:
        batch //= 2
    said: dict[str, Any] = {
        "usual": _BATCH, "memory": f"{room / 1e9:.1f}", "needed": f"{price(adapt, length, _BATCH).memory_bytes / 1e9:.1f}",
    }  # fmt: skip
    if batch == _BATCH:
        message = N_("Training with {usual} texts at once takes about {needed} GB; there are {memory}.")
        return {"batch_size": Setting(batch, message, said)}
    message = N_("Training with {usual} texts at once would take about {needed} GB; there are {memory}. Smaller batches are gathered to as many for an update.")  # fmt: skip
    return {
        "batch_size": Setting(batch, message, said),
        "accumulate": Setting(_BATCH // batch, message, said),
    }


_LORA = (
    N_("LoRA takes about {minutes} min on {cores} {cores:core|cores} with texts of up to {length} pieces; this dial allows {most}."),
    N_("LoRA takes about {minutes} min on {card} with texts of up to {length} pieces; this dial allows {most}."),
)  # fmt: skip
_TOO_LONG = (
    N_("LoRA would take about {minutes} min on {cores} {cores:core|cores} with texts of up to {length} pieces; this dial allows {most}."),
    N_("LoRA would take about {minutes} min on {card} with texts of up to {length} pieces; this dial allows {most}."),
)  # fmt: skip
_SHORTENED = (
    N_("Reading {asked} pieces of each text would take about {minutes} min on {cores} {cores:core|cores}; this dial allows {most}."),
    N_("Reading {asked} pieces of each text would take about {minutes} min on {card}; this dial allows {most}."),
)  # fmt: skip


def _told(machine: Machine, sentences: tuple[str, str]) -> str:
    return sentences[bool(machine.cards)]


def _on(machine: Machine) -> dict[str, Any]:
    return {"cores": machine.cores, "card": machine.accelerator}


def _minutes(seconds: float) -> int:
    """Whole minutes to two figures: the estimate is rough."""
    return round(float(f"{max(seconds / 60, 1):.2g}"))
