"""What a demo process reports is read strictly, and no report breaks or fills the page that shows it."""

from __future__ import annotations

from typing import Any

import pytest

from engine.errors import error_from_json, fill, saying
from engine.feedback.received import LONGEST_PARAM, AlertPayload, digest, read_payload
from engine.i18n import render_error


def alert(code: str, **params: Any) -> Any:
    return read_payload("alert", "d", "k", {"error": {"code": code, "params": params}})


@pytest.mark.parametrize(
    ("code", "params"),
    [
        ("BUNDLE_DAMAGED", {"problem": saying("{file} cannot be read", file="labels.json")}),
        ("BUNDLE_UNSIGNED", {"key": "abc"}),
        ("STEP_VERSION_UNKNOWN", {"name": "x", "found": 2, "known": 1}),
        ("PUBLICATION_OUTDATED", {"found": 1, "seen": 2}),
        ("MODEL_UNAVAILABLE", {}),
    ],
)
def test_errors_of_links_and_models_are_taken(code: str, params: dict[str, Any]) -> None:
    found = alert(code, **params)
    assert isinstance(found, AlertPayload)
    assert error_from_json(found.error.model_dump()).params == params


@pytest.mark.parametrize(
    ("code", "params"),
    [
        ("NOT_FOUND", {"kind": "demo", "id": "x"}),
        ("UNEXPECTED", {"error_id": "x", "detail": "call this number"}),
        ("NO_SUCH_CODE", {}),
        ("MODEL_UNLOADABLE", {"problem": ["x"] * 1000}),
        ("MODEL_UNLOADABLE", {"problem": saying("{a}", a=saying("{a}", a="x"))}),
        ("MODEL_UNLOADABLE", {"problem": saying("x" * 1000)}),
        ("MODEL_UNLOADABLE", {"a.b": "x"}),
        ("MODEL_UNLOADABLE", {f"p{'a' * n}": "x" for n in range(20)}),
        ("MODEL_UNLOADABLE", {"problem": "x\0"}),
    ],
)
def test_other_errors_and_other_parameters_are_not(code: str, params: dict[str, Any]) -> None:
    assert alert(code, **params) is None


def test_what_a_program_said_at_length_is_shortened() -> None:
    found = alert("MODEL_UNLOADABLE", problem="x" * 100_000)
    assert found.error.params["problem"] == "x" * LONGEST_PARAM + "…"


@pytest.mark.parametrize(
    "message", ["{a:>300000000}", "{a.__class__}", "{a[0]}", "{a!r}", "{0}", "{", "{a:99999d}"]
)
def test_a_placeholder_is_a_name_and_nothing_else(message: str) -> None:
    assert fill(message, {"a": "x"}) == message
    error = error_from_json({"code": "MODEL_UNLOADABLE", "params": {"problem": saying(message, a="x")}})
    assert message in str(error)
    assert message in render_error(error, "zh_CN")[0]


def test_numbers_may_have_digits_and_what_does_not_fit_stays_visible() -> None:
    assert fill("{value:.1f} % {minutes:02d} {gone}", {"value": 2.345, "minutes": 3}) == "2.3 % 03 {gone}"
    assert (
        fill("{value:.1f} {problem}", {"value": "x", "problem": {"message": 5}})
        == "{value:.1f} {'message': 5}"
    )


@pytest.mark.parametrize("params", [{}, {"self": 1}, {"kind": "demo"}, "text", None])
def test_an_error_without_what_it_needs_is_an_unexpected_one(params: Any) -> None:
    assert error_from_json({"code": "NOT_FOUND", "params": params}).code == "UNEXPECTED"


def test_a_payload_too_deep_to_be_written_has_no_digest() -> None:
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    assert digest(deep) == "too deep"
    assert read_payload("feedback", "d", "k", {"inputs": deep}) is None
