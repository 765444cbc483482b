"""Links at the desk: wrong, guessed, hostile, revoked and paused ones, and that they tell nothing."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from engine.i18n import render_error
from engine.services.desk import Desk
from engine.serving.errors import DemoNotFound, DemoPaused, TooManyRequests
from engine.serving.limits import MISSES, Limits
from engine.serving.publication import token_digest
from tests.services.stranger import VISITOR, kept, say
from tests.serving.studio import TEXT, TOKEN, Studio, generous


@pytest.fixture
def studio(tmp_path: Path) -> Studio:
    return Studio(tmp_path / "studio")


@pytest.fixture
def desk(studio: Studio) -> Iterator[Desk]:
    with Desk(studio.home, studio.key.public, limits=generous()) as opened:
        yield opened


def test_wrong_expired_and_revoked_links_are_one(studio: Studio) -> None:
    moment = datetime(2026, 5, 1, tzinfo=UTC)
    bundle = studio.majority("a")
    studio.publish(bundle, token="expired", expires=moment, demo="demo_2")
    studio.publish(bundle, token="revoked", demo="demo_3")
    studio.publish(bundle, expires=moment + timedelta(seconds=1))
    times: dict[str, list[float]] = {"wrong": [], "expired": [], "revoked": []}
    with Desk(studio.home, studio.key.public, limits=generous(), clock=lambda: moment) as desk:
        assert desk.find("revoked", VISITOR).state == "on"
        studio.revoke("revoked")
        assert desk.find(TOKEN, VISITOR).state == "on"
        seen = set()
        for k in range(300):
            for token, spent in times.items():
                for action in (
                    desk.find,
                    lambda t, v: desk.predict(t, TEXT, v),
                    lambda t, v: _feedback(desk, t, v),
                ):
                    start = time.perf_counter()
                    with pytest.raises(DemoNotFound) as caught:
                        action(token, f"{k}")  # type: ignore[operator]
                    spent.append(time.perf_counter() - start)
                    seen.add(
                        (
                            str(caught.value.to_json()),
                            render_error(caught.value, "zh_CN"),
                            caught.value.status,
                        )
                    )
        desk.visited("wrong")
    assert len(seen) == 1
    medians = [statistics.median(spent) for spent in times.values()]
    assert max(medians) - min(medians) < 0.001


def _feedback(desk: Desk, token: str, visitor: str) -> None:
    desk.feedback(token, "x.y", TEXT, True, None, None, visitor, "en")


def test_guessing_links_is_stopped_and_leaves_nothing(studio: Studio) -> None:
    studio.publish(studio.majority("a"))
    with Desk(studio.home, studio.key.public, limits=Limits(factor=1)) as desk:
        for k in range(MISSES):
            with pytest.raises(DemoNotFound):
                desk.find(f"guess{k}", "guesser")
        for token in ("guess", "guess0"):
            with pytest.raises(TooManyRequests) as caught:
                desk.predict(token, TEXT, "guesser")
            assert 590 <= caught.value.params["seconds"] <= 600
        with pytest.raises(DemoNotFound):
            desk.predict("guess", TEXT, "somebody else")
    assert kept(studio, "alert") == []
    assert b"guess" not in b"".join(p.read_bytes() for p in studio.home.glob("inbox*"))


def test_wrong_links_lock_nobody_out_of_a_good_one(studio: Studio) -> None:
    bundle = studio.majority("a")
    studio.publish(bundle)
    studio.publish(bundle, token="revoked", demo="demo_2")
    with Desk(studio.home, studio.key.public, limits=Limits(factor=1)) as desk:
        assert desk.find("revoked", VISITOR).state == "on"
        for k in range(MISSES * 2):  # what a page of another site can make every browser of an office ask
            with pytest.raises((DemoNotFound, TooManyRequests)):
                desk.find(f"guess{k}", VISITOR)
        assert desk.find(TOKEN, VISITOR).state == "on"
        answer = desk.predict(TOKEN, TEXT, VISITOR)
        assert not say(desk, answer.id)
        studio.revoke("revoked")
        for token in ("guess", "revoked"):
            with pytest.raises(TooManyRequests):
                desk.find(token, VISITOR)


HOSTILE = [
    "",
    ".",
    "../../../etc/passwd",
    "..%2f" * 9,
    "a\0b",
    "\ud800",
    "x" * 100_000,
    TOKEN.lower(),
    f"{TOKEN} ",
    token_digest(TOKEN),
]


@pytest.mark.parametrize("token", HOSTILE, ids=range(len(HOSTILE)))
def test_a_token_is_no_path_and_nearly_right_is_wrong(studio: Studio, desk: Desk, token: str) -> None:
    studio.publish(studio.majority("a"))
    (studio.home / "published" / "x").write_text("{}")
    for action in (lambda: desk.find(token, VISITOR), lambda: desk.predict(token, TEXT, VISITOR)):
        with pytest.raises(DemoNotFound):
            action()
    desk.visited(token)


def test_a_link_is_revoked_between_two_actions(studio: Studio, desk: Desk) -> None:
    studio.publish(studio.majority("a"))
    answer = desk.predict(TOKEN, TEXT, VISITOR).id
    studio.revoke()
    with pytest.raises(DemoNotFound):
        say(desk, answer)
    with pytest.raises(DemoNotFound):
        desk.predict(TOKEN, TEXT, VISITOR)
    assert kept(studio) == []


def test_a_paused_demo_shows_itself_and_answers_nothing(studio: Studio, desk: Desk) -> None:
    bundle = studio.majority("a")
    studio.publish(bundle)
    answer = desk.predict(TOKEN, TEXT, VISITOR).id
    studio.publish(bundle, state="off")
    assert desk.find(TOKEN, VISITOR).state == "off"
    with pytest.raises(DemoPaused):
        desk.predict(TOKEN, TEXT, VISITOR)
    with pytest.raises(DemoPaused):
        say(desk, answer)
    studio.publish(bundle)
    assert not say(desk, answer)
