"""Numbers and lists as people read them."""

from __future__ import annotations

import pytest

from ui.charts.layout import wrapped
from ui.format import listed, points, significant


@pytest.mark.parametrize(
    ("share", "shown"),
    [(0.0217, "+2.2"), (-0.0217, "\u22122.2"), (-0.0004, "0.0"), (0.0, "0.0"), (0.0004, "0.0")],
)
def test_points_have_a_true_minus_and_no_signed_zero(share: float, shown: str) -> None:
    assert points(share) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (5e-5, "0.00005"), (1e-6, "0.000001"), (9.999e-5, "0.0001"), (1.234e-5, "0.0000123"), (1e-4, "0.0001"), (-2e-5, "-0.00002"),
        (0.01234, "0.0123"), (12345, "12,300"), (0, "0"), (3e-9, "3e-09"),
    ],
)  # fmt: skip
def test_three_digits_and_no_exponent_where_a_rate_may_lie(value: float, shown: str) -> None:
    assert significant(value) == shown


def test_a_list_is_joined_by_the_separator_of_the_language(monkeypatch: pytest.MonkeyPatch) -> None:
    assert listed(["a", "b"]) == "a, b"
    monkeypatch.setattr("ui.text.language", lambda: "zh_CN")
    assert listed(["a", "b"]) == "a、b"
    assert listed(["a", "b"], "; ") == "a；b"


def test_a_long_name_is_wrapped_not_cut_and_stays_literal() -> None:
    assert wrapped("Case network (article 4.3) 1") == "Case network (article<br>4.3) 1"
    assert "<b>" not in wrapped("<b>x</b> " * 3)
    assert wrapped("word " * 50).endswith("…")
