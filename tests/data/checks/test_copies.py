"""Checks that look for equal inputs."""

from __future__ import annotations

from tests.data.checks.looking import rows, said, view


def test_duplicates_stand_in_groups() -> None:
    table = view(
        ids=[10, 20, 30, 40, 50, 60], text=["a", "b", "a ", "", "", "b"], label=["p", "n", "p", "p", "n", "n"]
    )
    found = said("duplicates", table)["duplicates"]
    assert found.rows.tolist() == [10, 30, 20, 60]
    assert found.groups is not None and found.groups.tolist() == [0, 0, 1, 1]
    assert found.finding.params["extra"] == 2 and found.finding.params["inputs"] == 2
    (fix,) = found.finding.fixes
    assert (fix.kind, fix.params) == ("dedupe", {"count": 2})
    assert rows("duplicates", view(text=["a", "A", "b"], label=["p", "n", "p"])) == {}


def test_one_input_with_two_labels() -> None:
    table = view(
        text=["a", "a", "b", "b", "b", "b", "c", "c", "d"], label=["p", "n", "p", "p", "n", "p", "p", "", "n"]
    )
    found = said("conflicting_labels", table)
    clash = found["conflicting_labels"]
    assert clash.rows.tolist() == [0, 1, 2, 3, 4, 5] and clash.finding.params["inputs"] == 2
    assert [fix.kind for fix in clash.finding.fixes] == ["drop"]
    clear = found["clear_majority"]
    assert clear.rows.tolist() == [2, 3, 4, 5] and clear.suggested == ["p"] * 4
    assert [(fix.kind, fix.params["count"]) for fix in clear.finding.fixes] == [("relabel", 1)]


def test_two_thirds_are_no_clear_majority() -> None:
    table = view(text=["a"] * 3, label=["p", "p", "n"])
    assert set(said("conflicting_labels", table)) == {"conflicting_labels"}


def test_equal_labels_are_no_conflict() -> None:
    assert rows("conflicting_labels", view(text=["a", "a", "b"], label=["p", "p", "n"])) == {}
    assert rows("conflicting_labels", view(text=["a", "a"], label=["p", ""])) == {}
    assert rows("conflicting_labels", view(text=["", ""], label=["p", "n"])) == {}
