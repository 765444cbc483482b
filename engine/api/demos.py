"""A demo by HTTP: what it is, an answer of its model, and feedback on that answer.

The work is done in threads, so that the event loop stays free for everybody else; the desk holds all rules, as it does
for the demo page.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import TypeVar

from anyio import CapacityLimiter, to_thread
from starlette.requests import Request
from starlette.responses import Response

from engine.api.body import read_message
from engine.api.errors import accepted_locale, answered
from engine.api.messages import (
    ClassProbability,
    DemoDescription,
    Limits,
    Message,
    Opinion,
    Prediction,
    Question,
    Receipt,
)
from engine.serving.limits import MAX_COMMENT, MAX_TEXT
from engine.workspace import Desk, desk

T = TypeVar("T")


@cache
def _computing() -> CapacityLimiter:
    """As many answers at once as a small machine has use for; the rest waits its turn."""
    return CapacityLimiter(4)


@cache
def _storing() -> CapacityLimiter:
    """Feedback waits for the disk, not for the processor: many at once share one commit."""
    return CapacityLimiter(64)


@answered
async def describe(request: Request) -> Response:
    """What a visitor may know of the demo behind the link."""

    def work(desk: Desk, token: str, visitor: str) -> DemoDescription:
        demo = desk.find(token, visitor)
        return DemoDescription(
            title=demo.title, description=demo.description, consent=demo.consent, inputs=list(demo.inputs),
            classes=list(demo.classes), examples=[dict(e) for e in demo.examples], languages=list(demo.languages),
            caveat=demo.caveat, synthetic=demo.synthetic, version=demo.version, state=demo.state,
            limits=Limits(characters=MAX_TEXT, comment=MAX_COMMENT),
        )  # fmt: skip

    return _json(await _in_thread(request, work, _computing()))


@answered
async def predict(request: Request) -> Response:
    """The model's answer to one question."""
    question = await read_message(request, Question)

    def work(desk: Desk, token: str, visitor: str) -> Prediction:
        answer = desk.predict(token, question.inputs, visitor)
        shares = [ClassProbability(label=label, probability=p) for label, p in answer.probabilities]
        return Prediction(
            id=answer.id, label=answer.label, confidence=answer.confidence, probabilities=shares,
            version=answer.version,
        )  # fmt: skip

    return _json(await _in_thread(request, work, _computing()))


@answered
async def feedback(request: Request) -> Response:
    """Store what a visitor thinks of an answer; answered when the disk has it."""
    opinion = await read_message(request, Opinion)
    locale = accepted_locale(request.headers.get("accept-language"))

    def work(desk: Desk, token: str, visitor: str) -> Receipt:
        kept = desk.feedback(
            token, opinion.answer, opinion.inputs, opinion.right, opinion.correction, opinion.comment, visitor,
            locale,
        )  # fmt: skip
        return Receipt(duplicate=kept.duplicate)

    receipt = await _in_thread(request, work, _storing())
    return _json(receipt, 200 if receipt.duplicate else 201)


async def _in_thread(request: Request, work: Callable[[Desk, str, str], T], limiter: CapacityLimiter) -> T:
    token = request.path_params["token"]
    address = request.client.host if request.client else "127.0.0.1"

    def run() -> T:
        return work(desk(), token, desk().visitor(address))

    return await to_thread.run_sync(run, limiter=limiter)


def _json(message: Message, status: int = 200) -> Response:
    return Response(
        message.model_dump_json(), status, {"Cache-Control": "no-store"}, media_type="application/json"
    )
