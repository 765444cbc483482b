"""Which hyperparameters to try next: a search over the declared fields of a family.

Stage 4 (training). The trials are kept elsewhere (our database); here they are put into an Optuna study in memory, which
proposes the next one: tree-structured Parzen estimators (Bergstra et al., "Algorithms for hyper-parameter optimization",
2011, section 4). So any number of processes can search together, and a killed one loses its trial only.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from engine.errors import N_, RecipeError
from engine.params import FieldSpec, Params, fields_of
from engine.training.pruning import KEPT, bracket, halved

Pruning = Literal["median", "halving", "hyperband", "none"]
RANDOM_FIRST = 8
"""Trials that are drawn at random before the estimator has something to go by."""

_NOT_SEARCHED = ("epochs", "patience", "watch")
"""What a network's training decides by itself, or what the score is watched by."""


class NothingToSearch(RecipeError):
    code = "NOTHING_TO_SEARCH"
    message = N_("The family “{family}” has no settings to search through.")
    remedy = N_("Choose another family, or let the ladder compare families.")


@dataclass(frozen=True)
class Trial:
    """One candidate and what became of it. `curve` is the metric on validation after each epoch (from 1).

    `size` is the bytes of the saved model, `latency` the seconds that one text takes it, `seconds` the training.
    """

    number: int
    family: str
    params: Mapping[str, Any]
    state: Literal["running", "done", "pruned", "failed", "lost"]
    score: float | None = None
    curve: Mapping[int, float] = field(default_factory=dict)
    seconds: float = 0.0
    size: int | None = None
    latency: float | None = None


@dataclass(frozen=True)
class Proposal:
    """What to try next. `hopeless(epoch, score)` says after an epoch whether to give the trial up."""

    params: dict[str, Any]
    hopeless: Callable[[int, float], bool]


def searchable(params: type[Params]) -> list[FieldSpec]:
    """The fields that a search can vary: choices, switches, and numbers with both bounds."""
    return [
        spec for spec in fields_of(params)
        if spec.kind in ("choice", "bool") or (spec.kind in ("int", "float") and spec.low is not None and spec.high is not None)
    ]  # fmt: skip


def usual(params: type[Params]) -> list[str]:
    """The fields that a search varies unless one chooses others: the basic ones that do not only cost time."""
    return [s.name for s in searchable(params) if s.level == "basic" and s.name not in _NOT_SEARCHED]


def propose(
    family: str, params: type[Params], base: Mapping[str, Any], names: Sequence[str], trials: Sequence[Trial],
    *, seed: int, pruning: Pruning = "median", number: int | None = None, again: Mapping[str, Any] | None = None,
) -> Proposal:  # fmt: skip
    """The next candidate after `trials`: `again` where given; the very first one is `base` itself.

    Args:
        family: name of the family, for the error.
        params: its parameters' class.
        base: values of the fields that are not searched.
        names: the fields that are.
        trials: all of the search so far, the running ones too.
        seed: the same trials and seed give the same proposal.
        pruning: what `hopeless` goes by: "median" of the other curves, successive halving, Hyperband, or never.
        number: of the next candidate, where `trials` are not all before it.
        again: settings of an earlier candidate of which nothing came.

    Raises:
        NothingToSearch: if no field of `names` can be searched.
    """
    space = [spec for spec in searchable(params) if spec.name in names]
    if not space:
        raise NothingToSearch(family=family)
    study = _study(space, trials, seed, pruning)
    chosen = dict(again or base)
    if again or not trials:
        study.enqueue_trial({spec.name: chosen[spec.name] for spec in space})
    asked = study.ask()
    for spec in space:
        if spec.depends_on is None or chosen.get(spec.depends_on[0]) in spec.depends_on[1]:
            chosen[spec.name] = _suggest(asked, spec)

    last = chosen.get("epochs")

    def below_the_median(epoch: int, score: float) -> bool:
        asked.report(score, epoch)
        return epoch != last and bool(asked.should_prune())  # at its end it has cost all it can

    place = len(trials) if number is None else number
    return Proposal(chosen, _by_rungs(base, last, place, trials, pruning) or below_the_median)


def _by_rungs(
    base: Mapping[str, Any], last: int | None, number: int, trials: Sequence[Trial], pruning: Pruning
) -> Callable[[int, float], bool] | None:
    """When successive halving or Hyperband give the trial `number`, whose last epoch is `last`, up; None for the other ways."""
    most = int(base.get("epochs", KEPT**3))  # of all candidates, so that each keeps its bracket
    end = most if last is None else last
    if pruning == "halving":
        return lambda epoch, score: halved(epoch, score, [t.curve for t in trials], end)
    if pruning == "hyperband":
        own = bracket(number, most)
        rivals = [t.curve for t in trials if bracket(t.number, most) == own]
        return lambda epoch, score: halved(epoch, score, rivals, end, KEPT**own)
    return None


def importances(params: type[Params], names: Sequence[str], trials: Sequence[Trial]) -> dict[str, float]:
    """How much each searched field decided over the score, shares that sum to 1; empty below ten finished trials.

    PED-ANOVA (Watanabe et al., 2023): how differently the best quarter of the trials chose a field.
    """
    import warnings

    import optuna

    done = [t for t in trials if t.state == "done" and t.score is not None]
    space = [spec for spec in searchable(params) if spec.name in names]
    if len(done) < 10 or len({t.score for t in done}) < 3:
        return {}
    always = [
        s
        for s in space
        if all(s.name in t.params for t in done) and len({t.params[s.name] for t in done}) > 1
    ]
    if len(always) < 2:
        return {}
    study = _study(always, done, 0, "none")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = optuna.importance.get_param_importances(
            study,
            evaluator=optuna.importance.PedAnovaImportanceEvaluator(target_quantile=0.25),  # type: ignore[no-untyped-call]
        )
    return {name: float(value) for name, value in found.items()}


def front(trials: Sequence[Trial]) -> list[int]:
    """Numbers of the trials that no other beats in score, size and latency at once."""
    done = [t for t in trials if t.state == "done" and t.score is not None]

    def beats(one: Trial, other: Trial) -> bool:
        mine, theirs = _merits(one), _merits(other)
        return mine != theirs and all(a >= b for a, b in zip(mine, theirs, strict=True))

    return [t.number for t in done if not any(beats(other, t) for other in done)]


def _merits(trial: Trial) -> tuple[float, float, float]:
    return (trial.score or 0.0, -(trial.size or 0), -(trial.latency or 0.0))


def _study(space: Sequence[FieldSpec], trials: Sequence[Trial], seed: int, pruning: Pruning) -> Any:
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    sampler = optuna.samplers.TPESampler(seed=seed + len(trials), n_startup_trials=RANDOM_FIRST)
    study = optuna.create_study(direction="maximize", sampler=sampler, pruner=_pruner(pruning))
    states = {
        "done": optuna.trial.TrialState.COMPLETE, "pruned": optuna.trial.TrialState.PRUNED,
        "running": optuna.trial.TrialState.RUNNING,
    }  # fmt: skip
    for trial in trials:
        if trial.state not in states or (trial.state == "done" and trial.score is None):
            continue
        active = [s for s in space if s.name in trial.params and _applies(s, trial.params)]
        study.add_trial(
            optuna.trial.create_trial(
                state=states[trial.state],
                params={s.name: trial.params[s.name] for s in active},
                distributions={s.name: _distribution(s) for s in active},
                value=trial.score if trial.state == "done" else None,
                intermediate_values={int(epoch): score for epoch, score in trial.curve.items()},
            )
        )
    return study


def _pruner(kind: Pruning) -> Any:
    import optuna

    if kind == "median":
        return optuna.pruners.MedianPruner(n_startup_trials=4, n_warmup_steps=2)
    return optuna.pruners.NopPruner()


def _applies(spec: FieldSpec, params: Mapping[str, Any]) -> bool:
    return spec.depends_on is None or params.get(spec.depends_on[0]) in spec.depends_on[1]


def _suggest(trial: Any, spec: FieldSpec) -> Any:
    if spec.kind == "int":
        return trial.suggest_int(spec.name, int(spec.low or 0), int(spec.high or 0), log=spec.scale == "log")
    if spec.kind == "float":
        return trial.suggest_float(spec.name, spec.low, spec.high, log=spec.scale == "log")
    return trial.suggest_categorical(spec.name, [False, True] if spec.kind == "bool" else list(spec.choices))


def _distribution(spec: FieldSpec) -> Any:
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    log = spec.scale == "log"
    if spec.kind == "int":
        return IntDistribution(int(spec.low or 0), int(spec.high or 0), log=log)
    if spec.kind == "float":
        return FloatDistribution(float(spec.low or 0), float(spec.high or 0), log=log)
    return CategoricalDistribution([False, True] if spec.kind == "bool" else list(spec.choices))
