"""Numbers and lists as people read them."""

from __future__ import annotations

import pytest

from ui.charts.layout import wrapped
from ui.format import listed, points


@pytest.mark.parametrize(
    ("share", "shown"),
    [(0.0217, "+2.2"), (-0.0217, "\u22122.2"), (-0.0004, "0.0"), (0.0, "0.0"), (0.0004, "0.0")],
)
def test_points_have_a_true_minus_and_no_signed_zero(share: float, shown: str) -> None:
    assert points(share) == shown


def test_a_list_is_joined_by_the_separator_of_the_language(monkeypatch: pytest.MonkeyPatch) -> None:
    assert listed(["a", "b"]) == "a, b"
    monkeypatch.setattr("ui.text.language", lambda: "zh_CN")
    assert listed(["a", "b"]) == "a、b"
    assert listed(["a", "b"], "; ") == "a；b"


def test_a_long_name_is_wrapped_not_cut_and_stays_literal() -> None:
    assert wrapped("Case network (article 4.3) 1") == "Case network (article<br>4.3) 1"
    assert "<b>" not in wrapped("<b>x</b> " * 3)
    assert wrapped("word " * 50).endswith("…")
