"""Augmentations: ways to vary a train row without changing what class it is.

Stage 2 (prepare). One file an augmentation in `prepare/augment/`. They run on copies of train rows only, after the
division and after cleaning, and are no part of a bundle: whoever asks the model later meets none of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

from engine.errors import N_, RecipeError
from engine.models.family import Facts, Unsuitable
from engine.params import Params, param
from engine.prepare.draw import Draw
from engine.prepare.lexicon import Lexicon
from engine.registry import Registry


class AugmentationParams(Params):
    """What every augmentation has: in how many of the copies it is used."""

    chance: float = param(
        0.5, N_("Used in"), N_("The share of the copies that this is used on. A copy on which no step would be used gets all of them."),
        low=0.05, high=1.0, level="advanced",
    )  # fmt: skip


def _no_peer(draw: Draw) -> Any | None:
    return None


@dataclass(frozen=True)
class Around:
    """What an augmentation may look at besides its value.

    Args:
        peer: another train input of the same class, None where there is none.
        lexicons: the loaded lexicons by digest.
    """

    peer: Callable[[Draw], Any | None] = _no_peer
    lexicons: Mapping[str, Lexicon] = field(default_factory=dict)


Many = Callable[[Sequence[Any], Sequence[Draw]], Sequence[Any | None]]
"""Variants of many inputs, each by its own draw; None for one that has nothing to vary."""


class AugmentationStep(Protocol):
    """One named way to vary an input: a `RuleStep` or a `ModelStep`.

    One that needs something first (a lexicon, a foundation model) also offers `unavailable(params) -> Unsuitable | None`,
    the reason why it cannot run as it is set; one that reads lexicons offers `lexicons(params)`, their digests.
    """

    name: str
    version: int
    task: str
    title: str
    help: str
    order: int
    neutral: bool
    """Whether it varies texts of every language; one that does not says in `help` which it is for."""
    Params: type[AugmentationParams]


class RuleStep(AugmentationStep, Protocol):
    """One that varies inputs one by one."""

    def apply(self, value: Any, params: Any, draw: Draw, around: Around) -> Any | None:
        """A variant of the input, None where this one has nothing to vary. Depends on its arguments alone.

        Never empty, and safe on every value that the reader lets through.
        """
        ...


@runtime_checkable
class ModelStep(AugmentationStep, Protocol):
    """One that asks a foundation model, which is loaded once and reads many inputs at a time; for jobs that have TensorFlow."""

    def lacking(self) -> Unsuitable | None:
        """Why no setting of it can run on this machine, None where one can."""
        ...

    def seconds(self, params: Any, copies: float, facts: Facts) -> float:
        """Rough time to load it and to vary so many inputs of such data."""
        ...

    def opened(self, params: Any) -> Many:
        """Load what it asks. What comes back depends for each input on that and its draw alone, and is never empty."""
        ...


augmentations: Registry[AugmentationStep] = Registry(N_("augmentation"), "engine.prepare.augment")


class AugmentationVersionUnknown(RecipeError):
    code = "AUGMENTATION_VERSION_UNKNOWN"
    message = N_(
        "The augmentation “{name}” has behaviour version {found}; this version of Bentu knows {known}."
    )
    remedy = N_("Remove it from the list on the prepare page and add it again.")


class AugmentationUnavailable(RecipeError):
    code = "AUGMENTATION_UNAVAILABLE"
    message = N_("The augmentation “{name}” cannot run as it is set: {reason}")
    remedy = N_("Give it what it needs on the prepare page, or switch it off there.")


class WrongTaskAugmentation(RecipeError):
    code = "AUGMENTATION_OF_OTHER_TASK"
    message = N_("The augmentation “{name}” is for the task {found}; the recipe is for {expected}.")
    remedy = N_("Remove it from the recipe.")


def unavailable(step: AugmentationStep, params: Any) -> Unsuitable | None:
    """Why the augmentation cannot run with these parameters, None where it can."""
    ask = getattr(step, "unavailable", None)
    found: Unsuitable | None = ask(params) if ask else None
    return found


def lacking(step: AugmentationStep) -> Unsuitable | None:
    """Why the augmentation can be used in no way on this machine, None where it can."""
    return step.lacking() if isinstance(step, ModelStep) else None
