"""What goes over the wire: requests and answers as typed documents, from which the OpenAPI description is made."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field


class Message(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


Inputs = Annotated[
    dict[str, str],
    Field(
        description="A text for each input of the demo, by the input's name.", examples=[{"text": "很好吃"}]
    ),
]


class Question(Message):
    """What the model is asked."""

    inputs: Inputs


class ClassProbability(Message):
    """A class and how probable the model finds it."""

    label: str
    probability: float = Field(ge=0, le=1)


class Prediction(Message):
    """The model's answer. `id` belongs to this answer: feedback names it."""

    id: str
    label: str = Field(description="The most probable class.")
    confidence: float = Field(ge=0, le=1, description="Its probability.")
    probabilities: list[ClassProbability] = Field(description="At most ten classes, the most probable first.")
    version: int = Field(description="Number of the model that answered.")


class Opinion(Message):
    """What a visitor thinks of an answer. The text is stored with it: ask the person who wrote the text first.

    Sending the same once more changes nothing; sending something else about the same answer is refused.
    """

    answer: str = Field(description="The `id` of the answer.")
    inputs: Inputs
    right: bool = Field(description="Whether the answer is right.")
    correction: str | None = Field(
        default=None,
        description="The right class, if the answer is wrong and one of the demo's classes is right.",
    )
    comment: str | None = None


class Receipt(Message):
    """The feedback is stored."""

    stored: Literal[True] = True
    duplicate: bool = Field(description="Whether the same feedback had been stored before.")


class Limits(Message):
    """What is read of a visitor at most."""

    characters: int = Field(description="Of all inputs together.")
    comment: int = Field(description="Characters of a comment.")


class DemoDescription(Message):
    """What a visitor may know of a demo."""

    title: str
    description: str
    consent: str = Field(description="What the owner says about the use of feedback.")
    inputs: list[str] = Field(description="Names of the inputs that a question must hold.")
    classes: list[str]
    examples: list[dict[str, str]]
    languages: list[str]
    caveat: str | None = Field(
        description="Why the owner published a model whose package answers differently."
    )
    synthetic: bool = Field(description="Whether the model learned from synthetic data.")
    version: int
    state: Literal["on", "off"]
    limits: Limits


class Health(Message):
    """The process answers."""

    status: Literal["ok"] = "ok"


class Problem(Message):
    """What went wrong: `code` for programs, the sentences in the language of Accept-Language."""

    code: str
    message: str
    remedy: str


class ErrorAnswer(Message):
    """Every answer that is not a success."""

    error: Problem
