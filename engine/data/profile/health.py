"""How sound a dataset version is, as a number that is nothing but its reasons: 100 less the points that each costs.

Stage 1 (data). Computed from a profile and its findings when it is shown, so that it is never out of date.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from engine.data.findings import handle
from engine.data.profile.result import Profile
from engine.data.schema import Finding
from engine.errors import N_

BLOCKING, LEAST, MOST = 30, 2, 20
FEW_ROWS, FEW_A_CLASS, NARROW, SMALL_TEST = 1_000, 50, 0.2, 200
"""Rows below which scores say little; rows of the smallest class; share of different words below which texts are much alike;
rows of the test part below which a score is known only roughly."""


@dataclass(frozen=True)
class Reason:
    """Why points are lost: a message with its values, as of a finding; `code` and `finding` (its handle) of the finding, "" for a figure."""

    points: int
    message: str
    params: Mapping[str, Any] = field(default_factory=dict)
    code: str = ""
    finding: str = ""


@dataclass(frozen=True)
class Health:
    """`score` from 0 to 100 and all that was taken off, the dearest first."""

    score: int
    reasons: tuple[Reason, ...]


def health(profile: Profile, findings: Sequence[Finding], test_rows: int | None = None) -> Health:
    """Take off for every finding by how many rows it is about, and for figures that limit what can be learned.

    A finding that blocks costs 30 points. A warning costs 2, and up to 20 when it is about all rows; what is only good to know costs
    nothing. Under 1 000 labelled rows cost up to 15, a smallest class under 50 rows up to 10, narrow wording 5, a test part under 200
    rows up to 10.

    Args:
        profile: of the version.
        findings: those that nobody has set aside.
        test_rows: of the test part; None while the rows are not divided.
    """
    reasons = [_of(finding, max(1, profile.rows)) for finding in findings if finding.severity != "info"]
    for figure in _FIGURES:
        reason = figure(profile)
        if reason:
            reasons.append(reason)
    if test_rows is not None and (small := _small_test(test_rows)):
        reasons.append(small)
    reasons.sort(key=lambda reason: -reason.points)
    return Health(max(0, 100 - sum(reason.points for reason in reasons)), tuple(reasons))


def _of(finding: Finding, rows: int) -> Reason:
    points = LEAST + round((MOST - LEAST) * min(1.0, finding.count / rows))
    return Reason(
        BLOCKING if finding.severity == "error" else points,
        finding.message,
        {"count": finding.count, **finding.params},
        finding.code,
        handle(finding),
    )


def _few_rows(profile: Profile) -> Reason | None:
    if profile.labelled >= FEW_ROWS:
        return None
    points = max(1, round(15 * (1 - profile.labelled / FEW_ROWS)))
    return Reason(points, N_("{count} {count:row has|rows have} a label; scores on a part of them are uncertain below {least}."), {"count": profile.labelled, "least": FEW_ROWS})  # fmt: skip


def _few_a_class(profile: Profile) -> Reason | None:
    if not profile.classes or profile.classes[-1].count >= FEW_A_CLASS:
        return None
    smallest = profile.classes[-1]
    points = max(1, round(10 * (1 - smallest.count / FEW_A_CLASS)))
    return Reason(points, N_("The smallest class, “{value}”, has {count} {count:row|rows}; {least} are a modest number to learn from."), {"value": smallest.label, "count": smallest.count, "least": FEW_A_CLASS})  # fmt: skip


def _small_test(rows: int) -> Reason | None:
    if rows >= SMALL_TEST:
        return None
    points = max(1, round(10 * (1 - rows / SMALL_TEST)))
    return Reason(points, N_("The test part is too small to know much: {count} {count:row|rows}, where {least} tell a score to a few points."), {"count": rows, "least": SMALL_TEST})  # fmt: skip


def _narrow(profile: Profile) -> Reason | None:
    found = profile.wording
    if found is None or found.variety is None or found.variety >= NARROW:
        return None
    return Reason(5, N_("The texts are worded much alike: of 500 words only {count} {count:is a different one|are different ones}."), {"count": round(500 * found.variety)})  # fmt: skip


_FIGURES: tuple[Callable[[Profile], Reason | None], ...] = (_few_rows, _few_a_class, _narrow)
