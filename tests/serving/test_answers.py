"""Names of answers: what they hold, and that nobody else can make one."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest

from engine.serving.answers import Answers, load_or_make_secret
from engine.serving.errors import AnswerInvalid

INPUTS = {"text": "很好吃 😀", "title": "שלום"}


@pytest.fixture
def answers(tmp_path: Path) -> Answers:
    return Answers(load_or_make_secret(tmp_path))


def test_a_name_says_what_was_answered(answers: Answers, tmp_path: Path) -> None:
    name = answers.name("demo", INPUTS, 3, "好评", 0.9876)
    given = Answers(load_or_make_secret(tmp_path)).read(name)
    assert (given.demo, given.version, given.label, given.confidence) == ("demo", 3, "好评", 0.9876)
    assert given.inputs == answers.read(answers.name("x", dict(reversed(INPUTS.items())), 1, "y", 0.5)).inputs
    assert given.nonce != answers.read(answers.name("demo", INPUTS, 3, "好评", 0.9876)).nonce
    assert "好" not in name and name.isascii()


def test_an_empty_secret_signs_nothing(tmp_path: Path) -> None:
    (tmp_path / "answer.key").write_bytes(b"")
    assert len(load_or_make_secret(tmp_path)) == 32
    assert load_or_make_secret(tmp_path) == (tmp_path / "answer.key").read_bytes()


def test_every_changed_character_is_noticed(answers: Answers) -> None:
    name = answers.name("demo", INPUTS, 3, "好评", 0.9876)
    for at in range(len(name)):
        for change in ("A", "B", "", "é"):
            changed = name[:at] + change + name[at + 1 :]
            if changed != name:
                with pytest.raises(AnswerInvalid):
                    answers.read(changed)


def test_another_secret_and_other_things_are_refused(answers: Answers) -> None:
    body = base64.urlsafe_b64encode(json.dumps(["n", "demo", 1, "a", 1.0, "d"]).encode()).decode().rstrip("=")
    for name in ("", ".", "..", body, f"{body}.", f"{body}.AAAA", "a" * 100_000, "é.é", "\0",
                 Answers(b"x" * 32).name("demo", INPUTS, 1, "a", 1.0)):  # fmt: skip
        with pytest.raises(AnswerInvalid):
            answers.read(name)
