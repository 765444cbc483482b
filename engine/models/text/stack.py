"""A weighted mean of other models: those of finished runs, trained again in this one.

The recipe holds their families and settings, no runs, so that it makes the same stack again on the next version of the data.
Weights: Caruana, Niculescu-Mizil, Crew and Ksikes, "Ensemble selection from libraries of models" (2004), section 2, greedy
forward selection with replacement.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import field_validator

from engine.errors import N_, saying
from engine.models.decision import Decision, fit_decision, macro_f1
from engine.models.dial import Dialled
from engine.models.family import (
    Dial,
    Estimate,
    Facts,
    FloatArray,
    IntArray,
    Machine,
    Predictor,
    Setting,
    Training,
    TrainingData,
    Unsuitable,
    families,
    lacks,
    read_part,
)
from engine.models.network import fingerprint
from engine.models.suitability import common_reason
from engine.params import Params as ParamsBase
from engine.params import param
from engine.recipe import Part

STACK = "stack.json"
ROUNDS = 50
"""Members added one after another, some of them many times; a weight is a multiple of the 50th part."""
_LEAST = 1e-12


class StackParams(ParamsBase):
    """What is stacked."""

    members: tuple[Part, ...] = param(
        (), N_("Members"),
        N_(
            "Two to eight finished runs on the same division, best of unlike kinds. Their families and settings are taken over and "
            "trained again here, with the cleaning, the copies and the seed of this recipe."
        ),
        max_length=8,
    )  # fmt: skip

    @field_validator("members")
    @classmethod
    def _known(cls, members: tuple[Part, ...]) -> tuple[Part, ...]:
        for part in members:
            read_part(part)
        return members


@dataclass(frozen=True)
class Member:
    """One of the models, its share in the mean, and the folder where it lies as it is served."""

    part: Part
    model: Predictor
    folder: Path
    weight: float = 1.0


@dataclass(frozen=True)
class Stack:
    """The members together, as trained or as served."""

    members: Sequence[Member]
    decision: Decision
    stopped_early: bool = False

    def predict_proba(self, inputs: Sequence[Any]) -> FloatArray:
        answers = np.stack([member.model.predict_proba(inputs) for member in self.members])
        mean = np.tensordot([member.weight for member in self.members], answers, 1)
        return self.decision.probabilities(_scores(mean, self.decision.present))

    def save(self, folder: Path) -> None:
        listed = []
        for number, member in enumerate(self.members):
            place = f"members/{number}"
            shutil.copytree(member.folder, folder / place)
            listed.append(
                {"folder": place, "family": member.part.name, "version": member.part.version, "weight": member.weight}
            )  # fmt: skip
        said = {"members": listed, "decision": self.decision.as_json()}
        (folder / STACK).write_text(json.dumps(said, indent=1), encoding="utf-8")


class StackFamily(Dialled):
    """The weighted mean of finished runs."""

    name = "stack"
    version = 1
    task = "text-classification"
    title = N_("Stack of finished runs")
    summary = N_(
        "The weighted mean of two to eight runs, trained again together. It costs their time, size and answering time added up, "
        "and usually brings less than a point: most where unlike models (counts, a network) are about equally good, nothing "
        "where one is clearly the best."
    )
    order = 90
    needs_tensorflow = False  # a member that does is asked itself
    ladder = False
    Params: type[ParamsBase] = StackParams

    def unsuitable(self, facts: Facts, machine: Machine) -> Unsuitable | None:
        return common_reason(facts, machine, self.estimate(StackParams(), facts, machine))

    def settings(self, dial: Dial, facts: Facts, machine: Machine) -> dict[str, Setting]:
        """No member: they are chosen among the runs that there are."""
        return {}

    def lacking(self, params: StackParams) -> Unsuitable | None:
        """Fewer than two members, or what a member lacks."""
        if len(params.members) < 2:
            return Unsuitable(
                N_("A stack needs at least two finished runs on this division; choose them as its members.")
            )
        if any(part.params.get("general") for part in params.members):
            return Unsuitable(
                N_(
                    "A run that read general texts against forgetting cannot be stacked: choose another member."
                )
            )
        return next(filter(None, (lacks(*read_part(part)) for part in params.members)), None)

    def estimate(self, params: StackParams, facts: Facts, machine: Machine) -> Estimate:
        """The members' times and numbers added up; of their memory the largest, for they are trained one after another,
        and the weights of all."""
        costs = [family.estimate(given, facts, machine) for family, given in map(read_part, params.members)]
        numbers = sum(cost.parameters for cost in costs)
        return Estimate(
            parameters=numbers,
            memory_bytes=max((cost.memory_bytes for cost in costs), default=100_000_000) + 8 * numbers,
            seconds=1 + sum(cost.seconds for cost in costs),
        )

    def formulas(self, params: StackParams, facts: Facts) -> Sequence[tuple[str, str]]:
        count = len(params.members) or "M"
        return (
            (
                N_("Mean of the members' calibrated probabilities; one temperature calibrates it again"),
                rf"\hat{{y}} = \operatorname{{softmax}}\left(\frac{{1}}{{T}} \ln \sum_{{m=1}}^{{{count}}} w_m \hat{{y}}^{{(m)}}\right)",
            ),
            (
                N_(
                    "Weights: on each half of validation the member that helps most is added, again and again"
                ),
                rf"w_m = \frac{{n_m}}{{{ROUNDS}}}, \quad m_t = \arg\min_m \; -\sum_i \ln \frac{{1}}{{t}} "
                r"\left(\hat{y}^{(m)}_{i c_i} + \sum_{s<t} \hat{y}^{(m_s)}_{i c_i}\right)",
            ),
        )

    def fit(self, data: TrainingData, params: StackParams, training: Training) -> Stack:
        members: list[Member] = []
        for number, part in enumerate(params.members, start=1):
            if members and training.stop() == "keep":
                break
            place = {"number": number, "count": len(params.members), "family": _title(part)}
            members.append(_trained(part, place, data, training))

        training.report("phase", name=N_("Weighing the members"))
        labels, classes = data.validation_labels, len(data.classes)
        answers = np.stack([member.model.predict_proba(data.validation_inputs) for member in members])
        weights, unseen = weigh(answers, labels, data.seed)
        alone = [macro_f1(labels, said.argmax(axis=1), classes) for said in answers]
        training.report(
            "note", message=N_("Macro-F1 on validation, each half answered by weights that the other half chose: {score}; the best member alone: {best}. Weights: {weights}."),
            params={
                "score": f"{100 * macro_f1(labels, unseen.argmax(axis=1), classes):.1f} %", "best": f"{100 * max(alone):.1f} %",
                "weights": [
                    saying(N_("{weight} for {family}"), weight=f"{weight:g}", family=_title(member.part))
                    for member, weight in zip(members, weights, strict=True)
                ],
            },
        )  # fmt: skip
        sizes = np.bincount(data.train_labels, minlength=classes)
        mean = np.tensordot(weights, answers, 1)
        return Stack(
            [replace(m, weight=float(w)) for m, w in zip(members, weights, strict=True) if w],
            fit_decision(_scores(mean, np.flatnonzero(sizes)), labels, sizes),
            len(members) < len(params.members) or any(getattr(m.model, "stopped_early", False) for m in members),
        )  # fmt: skip

    def load(self, folder: Path) -> Stack:
        said = json.loads((folder / STACK).read_text(encoding="utf-8"))
        members = []
        for one in said["members"]:
            part = Part(name=one["family"], version=one["version"])
            place = folder / one["folder"]
            members.append(Member(part, read_part(part)[0].load(place), place, one["weight"]))
        return Stack(members, Decision.of_json(said["decision"]))


def weigh(answers: FloatArray, labels: IntArray, seed: int) -> tuple[FloatArray, FloatArray]:
    """Weights of the members, and their mean for rows that had no say in the weights.

    Weights are chosen on each half of the rows; those that are kept are the mean of both, and each half is answered by the
    weights of the other one.

    Args:
        answers: probabilities by the members, shape (members, rows, classes).
        labels: of the rows.
        seed: of the halves; each class is divided evenly.
    """
    order = np.random.default_rng(seed).permutation(len(labels))
    order = order[np.argsort(labels[order], kind="stable")]
    halves = (order[::2], order[1::2])
    chosen = [_select(answers[:, half, labels[half]]) for half in halves]
    unseen = np.empty(answers.shape[1:])
    for half, others in zip(halves, reversed(chosen), strict=True):
        unseen[half] = np.tensordot(others, answers[:, half], 1)
    return np.mean(chosen, axis=0), unseen


def _select(said: FloatArray) -> FloatArray:
    """Weights that make the labels likely, from each member's probability of each row's label, shape (members, rows)."""
    counts, total = np.zeros(len(said)), np.zeros(said.shape[1])
    for added in range(1, ROUNDS + 1):
        likely = np.log(np.maximum((total + said) / added, _LEAST)).sum(axis=1)
        best = int(likely.argmax())
        counts[best] += 1
        total += said[best]
    return counts / ROUNDS


def _scores(mean: FloatArray, present: IntArray) -> FloatArray:
    """Logarithms of the mean probabilities, for the classes with training rows."""
    return np.asarray(np.log(np.maximum(mean[:, present], _LEAST)))


def _title(part: Part) -> dict[str, Any]:
    return saying(families.get(part.name).title)


def _trained(part: Part, place: dict[str, Any], data: TrainingData, training: Training) -> Member:
    """A member as trained now, or as an attempt before this one left it; `place` says which it is."""
    from engine.training.run import fit_part

    family, given = read_part(part)
    folder = training.checkpoints / fingerprint(part.name, part.version, given, data)
    finished, begun = folder / "model", folder / "unfinished"
    if finished.exists():
        training.report(
            "log", level="info", message=N_("Member {number} of {count} was trained before this run was resumed: {family}"), params=place
        )  # fmt: skip
        return Member(part, family.load(finished), finished)
    training.report("note", message=N_("Member {number} of {count}: {family}"), params=place)

    def report(kind: str, **payload: Any) -> None:
        # the page draws the epochs of one member after the other
        training.report(
            kind, **payload, **({"member": place["number"]} if kind in ("epoch", "batch") else {})
        )

    model = fit_part(part, data, replace(training, report=report, checkpoints=folder / "checkpoints"))
    shutil.rmtree(begun, ignore_errors=True)
    begun.mkdir(parents=True)
    model.save(begun)
    # one that was stopped is part of this stack only
    return Member(part, model, begun if model.stopped_early else begun.rename(finished))


families.register(StackFamily())
