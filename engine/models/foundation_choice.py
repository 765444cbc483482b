"""Which foundation model suits some texts, by the languages that it has read."""

from __future__ import annotations

from engine.data.languages import recognised
from engine.errors import N_
from engine.models.family import Facts, Machine, Setting
from engine.models.presets import Preset, installed

FOREIGN = 0.2
"""Share of texts in a language that a preset has not read from which that is said; among short texts of one language, up to a
twentieth are taken for a neighbouring one."""


def suited_preset(facts: Facts, machine: Machine, largest: bool) -> Setting:
    """Reference of the preset on this machine that has read most of the texts' languages; among equals the smallest, or `largest`.

    One whose weights take more than an eighth of the memory is left aside while there is another.
    """
    languages = {code: int(count) for code, count in (facts.extra.get("languages") or {}).items()}
    found = installed()
    roomy = [p for p in found if 4 * p.facts.parameters < machine.memory_bytes / 8] or found

    def fitness(preset: Preset) -> tuple[float, int]:
        size = preset.facts.parameters
        return round(preset.coverage(languages), 1), size if largest else -size

    best = max(roomy, key=fitness, default=None)
    if best is None:
        return Setting("", N_("No foundation model is on this machine yet."))
    message = N_("It knows the language of {share} of the texts; of the models here that fit into {memory} GB of memory, none knows clearly more.")  # fmt: skip
    said = {"share": f"{100 * best.coverage(languages):.0f} %", "memory": round(machine.memory_bytes / 1e9)}
    return Setting(best.reference, message, said)


def unread_share(preset: Preset, facts: Facts) -> float:
    """Share of the texts, of those whose language is recognised, that are in none it has read; 0 where it does not say which."""
    counts = facts.extra.get("languages") or {}
    told = {code: int(count) for code, count in counts.items() if recognised(code)}
    return 1 - preset.coverage(told) if told and preset.languages else 0.0
