"""The description of the interface is valid, and real answers are as it says."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from engine.api import demo_routes
from engine.api.openapi import openapi
from tests.api.conftest import Ask
from tests.published import GOOD, TOKEN


def test_it_is_valid_openapi_3_1(client: httpx.Client) -> None:
    told = client.get("/api/openapi.json").json()
    assert told["openapi"].startswith("3.1")
    assert list(OpenAPIV31SpecValidator(told).iter_errors()) == []
    assert told == openapi()


def test_every_route_is_described() -> None:
    described = {(path, method) for path, item in openapi()["paths"].items() for method in item} - {
        (path, "parameters") for path in openapi()["paths"]
    }
    routes = {(r.path, m.lower()) for r in demo_routes for m in r.methods or () if m != "HEAD"}
    assert described == routes - {("/api/openapi.json", "get")}


def matches(path: str, method: str, answer: httpx.Response) -> None:
    """The answer has a status that is described, and the body that is described for it."""
    told = openapi()
    schema = told["paths"][path][method]["responses"][str(answer.status_code)]["content"]["application/json"][
        "schema"
    ]
    whole: dict[str, Any] = {**schema, "components": told["components"]}
    Draft202012Validator(whole).validate(answer.json())


def test_real_answers_are_as_described(client: httpx.Client, ask: Ask) -> None:
    demo, predict, feedback = (
        "/api/demos/{token}",
        "/api/demos/{token}/predict",
        "/api/demos/{token}/feedback",
    )
    matches("/api/health", "get", client.get("/api/health"))
    matches(demo, "get", client.get(f"/api/demos/{TOKEN}"))
    matches(demo, "get", client.get("/api/demos/none"))
    answer = ask("predict", {"inputs": {"text": GOOD}})
    matches(predict, "post", answer)
    said = {"answer": answer.json()["id"], "inputs": {"text": GOOD}, "right": False, "correction": "bad"}
    for body in (said, said, {**said, "correction": None}, {**said, "comment": "c" * 2001}, {"answer": "x"}):
        matches(feedback, "post", ask("feedback", body))
    for body in ({"inputs": {}}, {"inputs": {"text": "x" * 20_001}}, []):
        matches(predict, "post", ask("predict", body))
    matches(predict, "post", ask("predict", {}, **{"Origin": "http://evil.example"}))
    matches(predict, "post", client.post(f"/api/demos/{TOKEN}/predict", content="x"))
    for _ in range(25):
        last = ask("predict", {"inputs": {"text": GOOD}})
        matches(predict, "post", last)
    assert last.status_code == 429


@pytest.mark.parametrize("name", ["Question", "Opinion"])
def test_requests_name_what_they_hold_and_nothing_else(name: str) -> None:
    schema = openapi()["components"]["schemas"][name]
    assert schema["additionalProperties"] is False
    assert "inputs" in schema["required"]
