"""What one tab of a stranger holds: the link, the answer on the screen, and what was said about it.

Session state is lost when the connection is lost for long; then nothing is stored that was not sent.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import streamlit as st

from engine.errors import BentuError
from engine.workspace import Answer, PublishedDemo, desk
from ui.state import LANGUAGE
from ui.text import language

VISIT = "visit"
"""The `Visit` of this tab."""
DEMO_LANGUAGE = "demo_language"
"""Key of the switch."""

INPUT = "demo_input_{place}"
"""Key of the box for an input."""
VERDICT, CORRECTION, COMMENT = "demo_verdict_{answer}", "demo_correction_{answer}", "demo_comment_{answer}"
"""Keys of the widgets; those about an answer are new for each one."""


@dataclass
class Visit:
    """`inputs` are the texts that `answer` answers: what the boxes hold may have been changed since."""

    token: str
    counted: bool = False
    inputs: Mapping[str, str] | None = None
    answer: Answer | None = None
    answers: int = 0
    sent: bool = False
    problem: BentuError | None = None

    def find(self) -> PublishedDemo:
        """The demo behind the link, counted as visited once; raises a `DemoError`."""
        found = desk().find(self.token, visitor())
        if not self.counted:
            self.counted = True
            desk().visited(self.token)
        return found

    def ask(self, names: tuple[str, ...]) -> None:
        """Have what the boxes hold answered (a callback)."""
        inputs = texts(names)
        with self._problems():
            self.answer = desk().predict(self.token, inputs, visitor())
            self.inputs, self.sent = inputs, False
            self.answers += 1

    def ask_example(self, names: tuple[str, ...], example: Mapping[str, str]) -> None:
        """Put an example into the boxes and have it answered (a callback)."""
        for place, name in enumerate(names):
            st.session_state[INPUT.format(place=place)] = example.get(name, "")
        self.ask(names)

    def send(self, classes: tuple[str, ...]) -> None:
        """Send what the visitor says about the answer (a callback); twice is the same as once."""
        if self.answer is None or self.inputs is None:
            return
        right = self._said(VERDICT) == "right"
        place = self._said(CORRECTION)
        correction = classes[place] if not right and place is not None and place >= 0 else None
        comment = self._said(COMMENT)
        with self._problems():
            desk().feedback(
                self.token, self.answer.id, self.inputs, right, correction, comment, visitor(), language()
            )
            self.sent = True

    def start_over(self, names: tuple[str, ...]) -> None:
        """Empty the boxes for the next text (a callback)."""
        for place, _ in enumerate(names):
            st.session_state[INPUT.format(place=place)] = ""
        self.answer = self.inputs = self.problem = None
        self.sent = False

    def key(self, pattern: str) -> str:
        """The key of a widget about the answer on the screen."""
        return pattern.format(answer=self.answers)

    def _said(self, pattern: str) -> Any:
        return st.session_state.get(self.key(pattern))

    @contextmanager
    def _problems(self) -> Iterator[None]:
        self.problem = None
        try:
            yield
        except BentuError as problem:
            self.problem = problem


def this_visit() -> Visit:
    """The visit of this tab; another link in the same tab is another visit."""
    token = st.query_params.get("d", "")
    visit = st.session_state.get(VISIT)
    if visit is None or visit.token != token:
        visit = st.session_state[VISIT] = Visit(token)
    return visit


def texts(names: Sequence[str]) -> dict[str, str]:
    """What the boxes hold, by the names of the inputs."""
    return {name: st.session_state.get(INPUT.format(place=i)) or "" for i, name in enumerate(names)}


def visitor() -> str:
    """Today's name for whoever sits before this tab; the address is not kept."""
    address = st.context.ip_address  # none on this machine, and without a browser
    return desk().visitor(address if isinstance(address, str) else "127.0.0.1")


def speak_one_of(languages: Sequence[str]) -> None:
    """Keep the language of this tab within what the demo offers."""
    if languages and language() not in languages:
        st.session_state[LANGUAGE] = languages[0]
