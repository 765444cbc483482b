"""Many strangers at the desk at the same moment: demos that do not mix, versions that switch, a flood, two hundred posts."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from engine.services.desk import Desk
from engine.serving.errors import TooManyRequests
from engine.serving.limits import Limits
from tests.services.stranger import VISITOR, kept, say
from tests.serving.studio import TEXT, TOKEN, Studio, generous


@pytest.fixture
def studio(tmp_path: Path) -> Studio:
    return Studio(tmp_path / "studio")


@pytest.fixture
def desk(studio: Studio) -> Iterator[Desk]:
    with Desk(studio.home, studio.key.public, limits=generous()) as opened:
        yield opened


def test_demos_with_the_same_words_do_not_mix(studio: Studio, desk: Desk) -> None:
    labels = {f"token{k}": f"own{k}" for k in range(4)}
    for k, (token, own) in enumerate(labels.items()):
        studio.publish(studio.majority(own, ("other", own)), token=token, demo=f"demo_{k}")

    def ask(k: int) -> tuple[str, str, str]:
        token = f"token{k % 4}"
        answer = desk.predict(token, TEXT, VISITOR)
        desk.feedback(token, answer.id, TEXT, True, None, token, VISITOR, "en")
        return token, answer.label, desk.find(token, VISITOR).classes[1]

    with ThreadPoolExecutor(16) as pool:
        for token, label, own in pool.map(ask, range(200)):
            assert label == own == labels[token]
    assert {(e.demo, e.payload["comment"], e.payload["answer"]) for e in kept(studio)} == {
        (f"demo_{k}", f"token{k}", f"own{k}") for k in range(4)
    }


def test_versions_switch_under_eight_threads_without_an_error(studio: Studio, desk: Desk) -> None:
    bundles = {
        number: studio.majority("a" if number % 2 else "b", ("a", "b", f"v{number}"))
        for number in range(1, 9)
    }
    studio.publish(bundles[1])
    desk.predict(TOKEN, TEXT, VISITOR)
    stop, said, failed = threading.Event(), [], []

    def ask(thread: int) -> None:
        while not stop.is_set():
            try:
                answer = desk.predict(TOKEN, TEXT, f"v{thread}")
                said.append((answer.version, answer.label, frozenset(c for c, _ in answer.probabilities)))
            except Exception as problem:
                failed.append(problem)

    threads = [threading.Thread(target=ask, args=(k,)) for k in range(8)]
    for thread in threads:
        thread.start()
    for number in (*range(2, 9), 7, 8, 1):
        studio.publish(bundles[number], number=number, former=(1, bundles[1]))
        deadline = time.monotonic() + 20
        while desk.predict(TOKEN, TEXT, VISITOR).version != number:
            assert time.monotonic() < deadline
    stop.set()
    for thread in threads:
        thread.join()
    assert failed == []
    assert len(said) > 100
    for version, label, classes in said:
        assert (label, classes) == ("a" if version % 2 else "b", {"a", "b", f"v{version}"})


def test_two_hundred_post_in_the_same_second(studio: Studio, desk: Desk) -> None:
    studio.publish(studio.majority("a"))
    answers = [desk.predict(TOKEN, TEXT, f"v{k}").id for k in range(200)]
    start = threading.Barrier(200)

    def post(k: int) -> bool:
        start.wait()
        return say(desk, answers[k], visitor=f"{k:016x}", comment=f"{k}")

    with ThreadPoolExecutor(200) as pool:
        assert not any(pool.map(post, range(200)))
    assert sorted(int(e.payload["comment"]) for e in kept(studio)) == list(range(200))


def test_a_flooded_demo_leaves_another_answering(studio: Studio) -> None:
    bundle = studio.majority("a")
    studio.publish(bundle)
    studio.publish(bundle, token="quiet", demo="demo_2")
    with Desk(studio.home, studio.key.public, limits=Limits(lambda: 0.0, factor=1)) as desk:

        def flood(k: int) -> bool:
            try:
                desk.predict(TOKEN, TEXT, f"v{k % 100}")
            except TooManyRequests:
                return False
            return True

        with ThreadPoolExecutor(32) as pool:
            assert sum(pool.map(flood, range(1000))) == 20
        assert desk.predict("quiet", TEXT, VISITOR).label == "a"
