"""Which model answers at the desk: the last good version, signed by the studio's key, and an alert where there is none."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.errors import error_from_json
from engine.i18n import render_error
from engine.packaging.signing import load_or_make_key
from engine.services.desk import Desk
from engine.serving.errors import ModelUnavailable
from tests.services.stranger import VISITOR, kept
from tests.serving.studio import TEXT, TOKEN, Studio, flip, generous


@pytest.fixture
def studio(tmp_path: Path) -> Studio:
    return Studio(tmp_path / "studio")


@pytest.fixture
def desk(studio: Studio) -> Iterator[Desk]:
    with Desk(studio.home, studio.key.public, limits=generous()) as opened:
        yield opened


def test_without_a_sound_model_there_is_maintenance_and_one_alert(studio: Studio, desk: Desk) -> None:
    studio.publish("0" * 64)
    assert desk.find(TOKEN, VISITOR).title == "外卖评价"
    for _ in range(3):
        with pytest.raises(ModelUnavailable):
            desk.predict(TOKEN, TEXT, VISITOR)
    desk.close()
    (entry,) = kept(studio, "alert")
    assert entry.demo == "demo_1"
    error = error_from_json(entry.payload["error"])
    assert error.code == "BUNDLE_DAMAGED" and "{" not in "".join(render_error(error, "zh_CN"))


def test_a_tampered_promotion_leaves_the_last_good_version_serving(studio: Studio) -> None:
    good, bad = studio.majority("a"), studio.majority("b")
    flip(studio.bundle(bad) / "model" / "model.json", 14)
    studio.publish(bad, number=2, former=(1, good))
    for _ in range(2):  # a process that has just started, twice
        with Desk(studio.home, studio.key.public, limits=generous()) as desk:
            answer = desk.predict(TOKEN, TEXT, VISITOR)
            assert (answer.label, answer.version) == ("a", 1)
            assert desk.find(TOKEN, VISITOR).version == 1
    assert len(kept(studio, "alert")) == 1


def test_a_replayed_document_leaves_the_last_good_state_serving(studio: Studio, desk: Desk) -> None:
    first, second = studio.majority("a"), studio.majority("b")
    studio.publish(first)
    desk.predict(TOKEN, TEXT, VISITOR)
    old = studio.document().read_bytes()
    studio.publish(second, number=2, former=(1, first))
    assert desk.predict(TOKEN, TEXT, VISITOR).label == "b"
    studio.document().write_bytes(old)
    assert desk.predict(TOKEN, TEXT, VISITOR).label == "b"
    desk.close()
    (entry,) = kept(studio, "alert")
    assert error_from_json(entry.payload["error"]).code == "PUBLICATION_OUTDATED"


def test_nothing_signed_by_another_key_is_served(studio: Studio, tmp_path: Path) -> None:
    studio.publish(studio.majority("a"))
    stranger = load_or_make_key(tmp_path / "other.key")
    with Desk(studio.home, stranger.public, limits=generous()) as desk, pytest.raises(ModelUnavailable):
        desk.find(TOKEN, VISITOR)
