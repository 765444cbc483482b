"""Reasons for which no learning family can be used on some data, said before the start."""

from __future__ import annotations

from engine.errors import N_
from engine.models.family import Estimate, Facts, Machine, Unsuitable

MOST_CLASSES = 1000
"""More classes than this are almost always an id or a free-text column chosen as the label."""


def common_reason(facts: Facts, machine: Machine, cost: Estimate, *, rows: int = 10) -> Unsuitable | None:
    """Why a family with this cost cannot learn from these data on this machine, or None.

    Args:
        facts: of the train part.
        machine: what the run may use.
        cost: with the parameters of the quick dial, the cheapest that is offered.
        rows: fewest training rows that the family accepts.
    """
    if facts.classes < 2:
        return Unsuitable(N_("There is only one class in the labels. A classifier needs at least two."))
    if facts.classes > MOST_CLASSES:
        return Unsuitable(
            N_(
                "The label column has {classes} different values; at most {cap} classes can be learned. Is it an id?"
            ),
            {"classes": facts.classes, "cap": MOST_CLASSES},
        )
    if facts.rows < rows:
        return Unsuitable(
            N_("There are {rows} labelled training rows; this family needs at least {needed}."),
            {"rows": facts.rows, "needed": rows},
        )
    if cost.memory_bytes > machine.memory_bytes:
        return Unsuitable(
            N_(
                "It would need about {needed} GB of memory even at its smallest; this machine has {available} GB."
            ),
            {"needed": round(cost.memory_bytes / 1e9, 1), "available": round(machine.memory_bytes / 1e9, 1)},
        )
    return None
