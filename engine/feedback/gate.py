"""The gate before a promotion: a candidate that a paired test shows to be worse does not become the demo's model.

Stage 6c (feedback). Pure: it is handed the comparison and decides. "Undecided" passes, because a model that learnt from users
need not win on old rows; the figures are kept with the promotion, so that the choice can be judged later.
"""

from __future__ import annotations

from typing import Literal

from engine.errors import N_, RecipeError
from engine.evaluation.report import METRICS
from engine.evaluation.result import Difference

Part = Literal["validation", "test"]

PASSING = ("better", "undecided")
"""Verdicts that may be promoted; anything else, an unknown one included, may not."""


class CandidateWorse(RecipeError):
    code = "CANDIDATE_WORSE"
    message = N_(
        "The run “{candidate}” is worse than the demo's model “{current}”: {difference} points ({low} to {high}) of {metric} on the same {n} rows."
    )
    remedy = N_("The demo keeps its model. Train again, or choose another run.")


def gate_part(current_opened: bool, candidate_opened: bool) -> Part:
    """The part to compare on: the sealed test part where it was opened for both runs, else validation."""
    return "test" if current_opened and candidate_opened else "validation"


def require_not_worse(found: Difference, *, current: str, candidate: str) -> None:
    """Let a candidate pass unless it is shown to be worse on the same rows.

    Args:
        found: candidate minus current model, on the part that `gate_part` names.
        current: name of the run that serves now.
        candidate: name of the run that would.

    Raises:
        CandidateWorse: with the numbers.
    """
    if found.verdict not in PASSING:
        raise CandidateWorse(
            candidate=candidate, current=current, metric={"message": METRICS.get(found.metric, found.metric)},
            difference=f"{found.difference * 100:+.1f}", low=f"{found.low * 100:+.1f}", high=f"{found.high * 100:+.1f}", n=found.n,
        )  # fmt: skip
