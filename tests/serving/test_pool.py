"""Models under traffic: verified before they answer, exchanged without a pause, and never worse than the last good one."""

from __future__ import annotations

import json
import shutil
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.errors import BentuError
from engine.packaging.bundle import BundleDamaged, BundleUnsigned, pack, unpack
from engine.serving import pool as module
from engine.serving.errors import ModelUnavailable, ModelUnloadable
from engine.serving.pool import RETRY_SECONDS, Pool, Serving
from engine.serving.predictor import ServedModel
from tests.serving.studio import TEXT, Studio, flip


class Watched:
    """A pool whose clock and alerts a test can see."""

    def __init__(self, studio: Studio) -> None:
        self.now = 0.0
        self.alerts: list[tuple[str, str, BentuError]] = []
        self.pool = Pool(studio.home, studio.key.public, self._alert, lambda: self.now)

    def _alert(self, demo: str, key: str, error: BentuError) -> None:
        if (demo, key) not in [(d, k) for d, k, _ in self.alerts]:
            self.alerts.append((demo, key, error))


def label(serving: Serving) -> tuple[str, int]:
    """What it answers, and the number that it calls itself by."""
    return serving.model.classes[int(serving.model.answer(TEXT).argmax())], serving.number


def files_of(bundle: Path) -> list[str]:
    return sorted(str(p.relative_to(bundle)) for p in bundle.rglob("*") if p.is_file())


@pytest.fixture
def watched(studio: Studio) -> Watched:
    return Watched(studio)


def test_a_new_version_answers_from_the_next_request_on(studio: Studio, watched: Watched) -> None:
    first, second = studio.majority("a"), studio.majority("b")
    document = studio.publish(first)
    assert watched.pool.warm(document) == 1
    assert label(watched.pool.get(document)) == ("a", 1)
    promoted = studio.publish(second, number=2, former=(1, first))
    assert label(watched.pool.get(promoted)) == ("b", 2)
    assert label(watched.pool.get(studio.publish(first, former=(2, second)))) == ("a", 1)
    assert watched.alerts == []


def test_every_flipped_byte_is_refused_and_the_last_good_version_serves(
    studio: Studio, watched: Watched
) -> None:
    good, bad = studio.majority("a"), studio.majority("b")
    watched.pool.get(studio.publish(good))
    document = studio.publish(bad, number=2, former=(1, good))
    sound = pack(studio.bundle(bad), studio.home / "sound.tar")
    for name in files_of(studio.bundle(bad)):
        unpack(sound, studio.bundle(bad))
        flip(studio.bundle(bad) / name, len((studio.bundle(bad) / name).read_bytes()) // 2)
        watched.alerts.clear()
        watched.now += RETRY_SECONDS
        for _ in range(3):
            assert label(watched.pool.get(document)) == ("a", 1), name
        ((demo, _, error),) = watched.alerts
        assert demo == "demo_1" and isinstance(error, (BundleDamaged, BundleUnsigned)), name
        assert label(Watched(studio).pool.get(document)) == ("a", 1), "a process that has just started"
    unpack(sound, studio.bundle(bad))
    assert label(watched.pool.get(document)) == ("a", 1), "not looked at again so soon"
    watched.now += RETRY_SECONDS
    assert label(watched.pool.get(document)) == ("b", 2), "repaired"


def _labels_swapped(studio: Studio, bundle: str) -> None:
    path = studio.bundle(bundle) / "schema.json"
    schema = json.loads(path.read_text())
    path.write_text(json.dumps(schema | {"classes": schema["classes"][::-1]}))


def _another_signed_bundle(studio: Studio, bundle: str) -> None:
    other = studio.majority("c", ("a", "b", "c"))
    shutil.rmtree(studio.bundle(bundle))
    shutil.copytree(studio.bundle(other), studio.bundle(bundle))


def _unsigned(studio: Studio, bundle: str) -> None:
    path = studio.bundle(bundle) / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"signatures": []}))


def _missing(studio: Studio, bundle: str) -> None:
    shutil.rmtree(studio.bundle(bundle))


def _a_file_more(studio: Studio, bundle: str) -> None:
    (studio.bundle(bundle) / "model" / "more.json").write_text("{}")


def _a_link(studio: Studio, bundle: str) -> None:
    path = studio.bundle(bundle) / "model" / "model.json"
    path.rename(studio.home / "elsewhere.json")
    path.symlink_to(studio.home / "elsewhere.json")


@pytest.mark.parametrize(
    "harm", [_labels_swapped, _another_signed_bundle, _unsigned, _missing, _a_file_more, _a_link]
)
def test_what_was_not_published_never_answers(
    studio: Studio, watched: Watched, harm: Callable[[Studio, str], None]
) -> None:
    bundle = studio.majority("a")
    document = studio.publish(bundle)
    serving = watched.pool.get(document)
    harm(studio, bundle)
    assert label(watched.pool.get(document)) == label(serving) == ("a", 1), "what is loaded goes on"
    fresh = Watched(studio)
    for _ in range(3):
        with pytest.raises(ModelUnavailable):
            fresh.pool.get(document)
    assert len(fresh.alerts) == 1


def test_a_model_that_cannot_be_loaded_is_told_to_the_owner(
    studio: Studio, watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "ServedModel", lambda _: 1 / 0)
    with pytest.raises(ModelUnavailable):
        watched.pool.get(studio.publish(studio.majority("a")))
    ((_, _, error),) = watched.alerts
    assert isinstance(error, ModelUnloadable) and "ZeroDivisionError" in error.params["problem"]


def test_while_a_version_loads_the_former_one_answers(
    studio: Studio, watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = studio.majority("a"), studio.majority("b")
    watched.pool.get(studio.publish(first))
    document = studio.publish(second, number=2, former=(1, first))
    let_go = threading.Event()

    def slow(bundle: object) -> ServedModel:
        let_go.wait(20)
        return ServedModel(bundle)  # type: ignore[arg-type]

    monkeypatch.setattr(module, "ServedModel", slow)
    monkeypatch.setattr(module, "PATIENCE", 0.05)
    answers = []
    for _ in range(20):
        start = time.monotonic()
        answers.append(label(watched.pool.get(document)))
        assert time.monotonic() - start < 1
    assert answers == [("a", 1)] * 20
    let_go.set()
    deadline = time.monotonic() + 10
    while label(watched.pool.get(document)) != ("b", 2):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert watched.alerts == []


def test_a_bundle_is_loaded_once_however_many_ask(
    studio: Studio, watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    document, loaded = studio.publish(studio.majority("a")), []

    def counted(bundle: object) -> ServedModel:
        loaded.append(bundle)
        time.sleep(0.1)
        return ServedModel(bundle)  # type: ignore[arg-type]

    monkeypatch.setattr(module, "ServedModel", counted)
    threads = [threading.Thread(target=watched.pool.get, args=(document,)) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(loaded) == 1


def test_memory_is_bounded_and_a_model_comes_back(
    studio: Studio, watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    documents = [
        studio.publish(
            studio.majority("a", ("a", *(f"x{j}" for j in range(k + 1)))), demo=f"demo_{k}", token=f"{k}"
        )
        for k in range(6)
    ]
    monkeypatch.setattr(module, "MOST_MODELS", 3)
    for document in documents:
        watched.pool.get(document)
    assert len(watched.pool._models) == 3
    assert label(watched.pool.get(documents[0])) == ("a", 1)
    monkeypatch.setattr(module, "MOST_BYTES", 1)
    watched.pool.get(documents[1])
    assert len(watched.pool._models) == 1
