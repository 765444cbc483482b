"""Cleaning steps: row-wise transforms that are replayed the same in training and serving.

Stage 2 (prepare). One file a step in `prepare/clean/`. A step maps one input to one input; it never drops rows
(drops belong to the dataset's lineage). Steps carry a behaviour version that golden pairs hold.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from engine.errors import N_, BundleError
from engine.params import Params, read_params
from engine.prepare.patterns import RegexTimeout
from engine.recipe import Step
from engine.registry import Registry


class CleaningStep(Protocol):
    """One named transform."""

    name: str
    version: int
    task: str
    title: str
    help: str
    order: int
    Params: type[Params]

    def apply(self, value: Any, params: Any) -> Any:
        """The cleaned input. Deterministic, and safe on every value that the reader lets through."""
        ...


steps: Registry[CleaningStep] = Registry(N_("cleaning step"), "engine.prepare.clean")


class StepVersionUnknown(BundleError):
    code = "STEP_VERSION_UNKNOWN"
    message = N_(
        "The cleaning step “{name}” has behaviour version {found}; this version of Bentu knows {known}."
    )
    remedy = N_("Train the model again here, or use the version of Bentu that made it.")


class Cleaner:
    """The switched-on steps of a recipe, ready to run on inputs, in the order shown.

    Raises:
        UnknownName, InvalidParameter, StepVersionUnknown: when the recipe asks for what this code does not know.
    """

    def __init__(self, parts: Sequence[Step]) -> None:
        self._run: list[tuple[CleaningStep, Params]] = []
        for part in parts:
            step = steps.get(part.name)
            if part.version != step.version:
                raise StepVersionUnknown(name=part.name, found=part.version, known=step.version)
            if part.enabled:
                self._run.append((step, read_params(step.Params, part.params, step.name)))

    def __call__(self, inputs: Sequence[Any], rows: Sequence[int] | None = None) -> list[Any]:
        """The cleaned inputs, same length and order.

        Args:
            inputs: as the modality reads them.
            rows: their row ids, for the error that names one.

        Raises:
            RegexTimeout: a pattern took too long on one of them.
        """
        values = list(inputs)
        for step, params in self._run:
            done: list[Any] = []
            try:
                for value in values:
                    done.append(step.apply(value, params))
            except RegexTimeout as problem:
                if rows is None:
                    raise
                row = int(rows[len(done)]) + 1
                raise RegexTimeout.of(problem.params["pattern"], problem.params["length"], row) from None
            values = done
        return values
