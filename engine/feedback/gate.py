"""The gate before a promotion: a candidate that a paired test shows to be worse does not become the demo's model.

Stage 6c (feedback). Pure: it is handed the comparison and decides. "Undecided" passes, because a model that learnt from users
need not win on old rows; the figures are kept with the promotion, so that the choice can be judged later. But "undecided" on
what heavy edits left of the common rows says nothing, and does not pass.
"""

from __future__ import annotations

from typing import Literal

from engine.errors import N_, RecipeError
from engine.evaluation.report import METRICS
from engine.evaluation.result import Difference

Part = Literal["validation", "test"]

PASSING = ("better", "undecided")
"""Verdicts that may be promoted; anything else, an unknown one included, may not."""


ENOUGH = 30
"""Common rows below which a comparison that edits took rows out of says too little to let a model pass."""


class TooFewCommonRows(RecipeError):
    code = "TOO_FEW_COMMON_ROWS"
    message = N_(
        "The runs “{candidate}” and “{current}” have only {n} rows in common that can be compared; {left_out} others are known to one of them only or have another label since the data were edited. At least {least} are needed."
    )
    remedy = N_("Open the test part for both runs on the evaluate page, if they share it, or train a run on a version with fewer edits.")  # fmt: skip


class CandidateWorse(RecipeError):
    code = "CANDIDATE_WORSE"
    message = N_(
        "The run “{candidate}” is worse than the demo's model “{current}”: {difference} points ({low} to {high}) of {metric} on the same {n} rows."
    )
    remedy = N_("The demo keeps its model. Train again, or choose another run.")


def gate_part(current_opened: bool, candidate_opened: bool, same_test: bool = True) -> Part:
    """The part to compare on: the sealed test part where it is the same and was opened for both runs, else validation."""
    return "test" if current_opened and candidate_opened and same_test else "validation"


def enough(found: Difference) -> bool:
    """Whether a comparison stands on enough rows. A small part that is whole is all that there is, and is shown with its interval."""
    return found.left_out == 0 or found.n >= ENOUGH


def require_not_worse(found: Difference, *, current: str, candidate: str) -> None:
    """Let a candidate pass unless it is shown to be worse on the same rows.

    Args:
        found: candidate minus current model, on the part that `gate_part` names.
        current: name of the run that serves now.
        candidate: name of the run that would.

    Raises:
        TooFewCommonRows: edits left fewer than `ENOUGH` rows to compare on.
        CandidateWorse: with the numbers.
    """
    if not enough(found):
        raise TooFewCommonRows(
            candidate=candidate, current=current, n=found.n, left_out=found.left_out, least=ENOUGH
        )
    if found.verdict not in PASSING:
        raise CandidateWorse(
            candidate=candidate, current=current, metric={"message": METRICS.get(found.metric, found.metric)},
            difference=f"{found.difference * 100:+.1f}", low=f"{found.low * 100:+.1f}", high=f"{found.high * 100:+.1f}", n=found.n,
        )  # fmt: skip
