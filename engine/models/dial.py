"""What the dial sets, and why: a value that follows from a fact of the data or of the machine comes with it.

A family says both in one place (`settings`), so that no reason can speak of another value. The facts that several
families go by are here.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from math import ceil
from typing import Any

from engine.errors import N_
from engine.models.family import Dial, Facts, Machine, Setting
from engine.models.features.units import mostly_unspaced, unspaced_share
from engine.params import Params

FEW = 4000
"""Training rows below which a network gets small batches."""


class Dialled(ABC):
    """Base of a family: its `settings` as parameters."""

    Params: type[Params]

    @abstractmethod
    def settings(self, dial: Dial, facts: Facts, machine: Machine) -> dict[str, Setting]:
        """See `Family`."""

    def defaults(self, dial: Dial, facts: Facts, machine: Machine) -> Any:
        """See `Family`."""
        return self.Params(**values(self.settings(dial, facts, machine)))


def values(settings: Mapping[str, Setting]) -> dict[str, Any]:
    """The settings without their reasons."""
    return {name: one.value for name, one in settings.items()}


def usual(chosen: Mapping[str, Any]) -> dict[str, Setting]:
    """Settings that are the same for all data and every effort."""
    return {name: Setting(value) for name, value in chosen.items()}


def effort(dial: Dial, params: type[Params], changes: Mapping[Dial, Mapping[str, Any]]) -> dict[str, Setting]:
    """Settings that follow from the effort alone: what some dial changes of the defaults of `params`."""
    chosen = {name: params.model_fields[name].default for change in changes.values() for name in change}
    return usual(chosen | dict(changes.get(dial, {})))


def counted(facts: Facts) -> Setting:
    """What is counted: character sequences where words are not spaced, else words too."""
    if mostly_unspaced(facts.extra):
        return Setting(
            "characters", N_("{share} of the letters belong to scripts without spaces between words."),
            {"share": f"{100 * unspaced_share(facts.extra):.0f} %"},
        )  # fmt: skip
    return Setting("both", N_("Spaces part the words of most texts, so words are counted too."))


def adjusted(dial: Dial, facts: Facts) -> Setting:
    """Whether the decision is adjusted to macro-F1: where the smallest class is far below an equal share, and always on *thorough*.

    Far below is a half of it with two classes and three quarters with more (measured, docs/decisions/0017).
    """
    if dial == "thorough":
        return Setting(True)
    enough = 0.5 if facts.classes == 2 else 0.75
    uneven = facts.smallest_class * facts.classes < enough * facts.rows
    message = N_("The smallest class has {smallest} of {rows} training rows: less than {share} of an equal share.") if uneven \
        else N_("The smallest class has {smallest} of {rows} training rows: at least {share} of an equal share.")  # fmt: skip
    return Setting(
        uneven,
        message,
        {"smallest": facts.smallest_class, "rows": facts.rows, "share": f"{100 * enough:.0f} %"},
    )


def batch_size(facts: Facts, usual: int) -> Setting:
    """Few rows get small batches, so that an epoch still makes enough steps."""
    few = facts.rows < FEW
    message = N_("{rows} training rows are few: small batches make more steps an epoch.") if few \
        else N_("{rows} training rows make enough steps in larger batches, and those are faster.")  # fmt: skip
    return Setting(32 if few else usual, message, {"rows": facts.rows})


def vocabulary(facts: Facts) -> Setting:
    """Pieces to learn: fewer where few rows could not teach much about each."""
    if mostly_unspaced(facts.extra):
        return Setting(
            8000, N_("{share} of the letters belong to scripts without spaces, which have many characters."),
            {"share": f"{100 * unspaced_share(facts.extra):.0f} %"},
        )  # fmt: skip
    many = facts.rows > 3000
    message = N_("{rows} training rows say enough about so many pieces.") if many \
        else N_("{rows} training rows are few: with fewer pieces, more is learnt about each.")  # fmt: skip
    return Setting(8000 if many else 4000, message, {"rows": facts.rows})


def reading_length(facts: Facts, per_piece: float, most: int) -> Setting:
    """A reading length in pieces of so many characters that covers 95 of 100 texts, from 16 to `most`."""
    pieces = facts.size_p95 / per_piece
    said = {"characters": round(facts.size_p95), "pieces": max(round(pieces), 1), "most": most}
    if pieces > most:
        return Setting(
            most, N_("95 of 100 texts have up to {characters} characters, about {pieces} pieces; more than {most} would take too long."), said,
        )  # fmt: skip
    return Setting(
        max(16 * ceil(pieces / 16), 16), N_("95 of 100 texts have no more than {characters} characters, about {pieces} pieces."), said,
    )  # fmt: skip
