"""The gate: worse is refused with its numbers, everything else passes, and the part is the most honest one both have."""

from __future__ import annotations

import pytest

from engine.evaluation.result import Difference
from engine.feedback.gate import ENOUGH, CandidateWorse, TooFewCommonRows, gate_part, require_not_worse
from engine.i18n import LOCALES, render_error


def difference(verdict: str, low: float = -0.08, high: float = -0.02) -> Difference:
    return Difference(
        metric="macro_f1", first=0.9, second=0.85, difference=-0.05, low=low, high=high, n=120, wins=1, losses=7,
        verdict=verdict,
    )  # fmt: skip


@pytest.mark.parametrize("verdict", ["better", "undecided"])
def test_better_and_undecided_pass(verdict: str) -> None:
    require_not_worse(difference(verdict), current="old", candidate="new")


@pytest.mark.parametrize("verdict", ["worse", "", "something newer"])
def test_worse_is_refused_and_so_is_a_verdict_that_nobody_knows(verdict: str) -> None:
    with pytest.raises(CandidateWorse):
        require_not_worse(difference(verdict), current="old", candidate="new")


@pytest.mark.parametrize("locale", LOCALES)
def test_the_refusal_names_the_numbers_in_the_readers_language(locale: str) -> None:
    with pytest.raises(CandidateWorse) as caught:
        require_not_worse(difference("worse"), current="old", candidate="new")
    what, remedy = render_error(caught.value, locale)
    for part in ("old", "new", "-5.0", "-8.0", "-2.0", "120"):
        assert part in what
    assert remedy


@pytest.mark.parametrize(
    ("current", "candidate", "part"),
    [(True, True, "test"), (True, False, "validation"), (False, True, "validation"), (False, False, "validation")],
)  # fmt: skip
def test_the_test_part_counts_only_where_both_were_opened(current: bool, candidate: bool, part: str) -> None:
    assert gate_part(current, candidate) == part
    assert gate_part(current, candidate, same_test=False) == "validation"


@pytest.mark.parametrize("verdict", ["better", "undecided", "worse"])
@pytest.mark.parametrize("locale", LOCALES)
def test_a_handful_of_common_rows_lets_nothing_pass_after_edits(verdict: str, locale: str) -> None:
    left = difference(verdict).model_copy(update={"n": ENOUGH - 1, "left_out": 471})
    with pytest.raises(TooFewCommonRows) as caught:
        require_not_worse(left, current="old", candidate="new")
    what, remedy = render_error(caught.value, locale)
    for part in ("old", "new", str(ENOUGH - 1), "471", str(ENOUGH)):
        assert part in what
    assert remedy


@pytest.mark.parametrize(("n", "left_out"), [(ENOUGH, 471), (5, 0)])
def test_enough_common_rows_pass_and_so_does_a_small_part_that_is_whole(n: int, left_out: int) -> None:
    found = difference("undecided").model_copy(update={"n": n, "left_out": left_out})
    require_not_worse(found, current="old", candidate="new")
