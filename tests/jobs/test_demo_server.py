"""The studio keeps its demo process alive, takes it along, and leaves alone what somebody else started."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from engine.jobs import demo_bounds, demo_presence, demo_server, identity, presence
from engine.jobs.demo_options import environment as demo_environment
from engine.jobs.demo_options import listening
from engine.jobs.demo_presence import DemoServerState, demo_server_state
from engine.jobs.demo_server import demo_server_problem, keep_demo_server
from engine.jobs.spawn import environment
from engine.storage.home import demo_home, folder
from engine.storage.locks import lock
from tests.jobs.toy_demo import DEMO, STUDIO
from tests.jobs.watching import alive, eventually

Keep = Callable[[], Callable[[], None]]


@pytest.fixture(autouse=True)
def port(monkeypatch: pytest.MonkeyPatch) -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        free = int(probe.getsockname()[1])
    monkeypatch.setenv("BENTU_DEMO_PORT", str(free))
    return free


@pytest.fixture
def keep(bentu_home: Path) -> Iterator[Keep]:
    """Keep a toy demo process for this test's home."""
    running: list[Callable[[], None]] = []

    def start() -> Callable[[], None]:
        running.append(keep_demo_server(demo_home(), "key", DEMO, interval=0.05))
        return running[-1]

    yield start
    for stop in running:
        stop()
    assert not demo_server_state(demo_home()).alive


def serving() -> DemoServerState:
    """The demo process once it has said who it is."""
    eventually(lambda: demo_server_state(demo_home()).alive and demo_server_state(demo_home()).pid)
    return demo_server_state(demo_home())


def by_hand(home: Path) -> subprocess.Popen[bytes]:
    own = {**environment(), "BENTU_HOME": str(home)}
    return subprocess.Popen(DEMO, env=own, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE)


def test_it_starts_says_where_it_listens_and_ends_with_the_studio(
    bentu_home: Path, keep: Keep, port: int
) -> None:
    assert demo_server_state(demo_home()) == DemoServerState()
    stop = keep()
    state = serving()
    assert (state.address, state.port, state.leashed) == ("127.0.0.1", port, True)
    assert state.code == presence.code_stamp()
    assert state.pid is not None
    stop()
    assert not alive(state.pid)


def test_one_that_dies_is_started_anew(keep: Keep, caplog: pytest.LogCaptureFixture) -> None:
    keep()
    first = serving()
    assert first.pid is not None
    os.kill(first.pid, signal.SIGKILL)
    eventually(
        lambda: demo_server_state(demo_home()).alive and demo_server_state(demo_home()).pid != first.pid
    )
    assert "DEMO_ENDS" in caplog.text


def test_one_that_dies_at_every_start_is_tried_ever_less_often(
    bentu_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses: list[float] = []
    keeper = demo_server._Keeper(demo_home(), "key", ("false",), 0.05, demo_server.threading.Event())
    monkeypatch.setattr(demo_server, "code_stamp", lambda: "now")
    for _ in range(200):
        pauses.append(keeper._step())
        if keeper._process is not None:
            keeper._process.wait()
        if len([p for p in pauses if p > 1]) == 4:
            break
    assert [p for p in pauses if p > 1] == [4.0, 8.0, 16.0, 30.0]
    keeper.end()


def test_a_busy_port_is_told_and_waited_for(keep: Keep, port: int, caplog: pytest.LogCaptureFixture) -> None:
    with socket.create_server(("127.0.0.1", port)):
        keep()
        eventually(lambda: "DEMO_PORT_BUSY" in caplog.text)
        problem = demo_server_problem(demo_home())
        assert problem is not None
        assert problem.params == {"port": port, "address": "127.0.0.1"}
    assert serving().port == port
    assert demo_server_problem(demo_home()) is None
    assert caplog.text.count("DEMO_PORT_BUSY") == 1


def test_it_ends_when_the_studio_is_killed(bentu_home: Path) -> None:
    studio = subprocess.Popen(STUDIO, env=environment())
    state = serving()
    assert state.pid is not None
    assert alive(state.pid)
    studio.kill()
    studio.wait()
    eventually(lambda: not alive(state.pid or 0))
    eventually(lambda: not demo_server_state(demo_home()).alive)


def test_one_that_was_started_by_hand_is_left_alone_and_serves_alone(keep: Keep) -> None:
    with by_hand(demo_home()) as mine:
        try:
            assert serving().pid == mine.pid
            with by_hand(demo_home()) as second:
                assert b"DEMO_REFUSED" in second.communicate(timeout=20)[1]
                assert second.returncode == 1
            stop = keep()
            time.sleep(0.3)
            stop()
            assert mine.poll() is None
            assert demo_server_state(demo_home()).pid == mine.pid
        finally:
            mine.kill()


def test_one_of_older_code_is_replaced(keep: Keep, monkeypatch: pytest.MonkeyPatch) -> None:
    studio = subprocess.Popen(STUDIO, env=environment())
    old = serving()
    studio.send_signal(signal.SIGSTOP)  # or it would start it anew itself
    try:
        monkeypatch.setattr(demo_server, "code_stamp", lambda: "newer")
        keep()
        eventually(
            lambda: demo_server_state(demo_home()).alive and demo_server_state(demo_home()).pid != old.pid
        )
    finally:
        studio.kill()
        studio.wait()


@pytest.mark.parametrize("lie", ["another program", "no number", "nested", "pipe"])
def test_nothing_else_is_ended_whatever_strangers_wrote(
    lie: str, bentu_home: Path, caplog: pytest.LogCaptureFixture
) -> None:
    home = demo_home()
    other = subprocess.Popen(["sleep", "60"])
    said = {"pid": other.pid, "pid_started": identity.started(other.pid), "leashed": True, "code": "old"}
    if lie == "pipe":
        os.mkfifo(home / "server.json")
    elif lie == "nested":
        (home / "server.json").write_text("[" * 5000)
    else:
        said |= {"pid": str(other.pid), "port": "x"} if lie == "no number" else {}
        (home / "server.json").write_text(json.dumps(said))
    with lock(home / "server.lock"):
        assert demo_server_state(home).pid == (other.pid if lie == "another program" else None)
        assert demo_server_state(home).alive
        stop = keep_demo_server(home, "key", DEMO, interval=0.05)
        time.sleep(0.3)
        assert any(t.name == "keep-demo-server" for t in threading.enumerate())
        stop()
    assert other.poll() is None
    other.kill()
    other.wait()


def test_a_demo_process_of_another_home_is_not_ended(bentu_home: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    own = {**demo_environment(elsewhere, "key")}
    with subprocess.Popen(DEMO, env=own, stdin=subprocess.DEVNULL) as other:
        eventually(lambda: demo_server_state(elsewhere).pid == other.pid)
        said = json.loads((elsewhere / "server.json").read_text()) | {"leashed": True, "code": "old"}
        (demo_home() / "server.json").write_text(json.dumps(said))
        with lock(demo_home() / "server.lock"):
            stop = keep_demo_server(demo_home(), "key", DEMO, interval=0.05)
            time.sleep(0.3)
            stop()
        assert other.poll() is None
        other.kill()


def test_who_only_looks_does_not_keep_a_start_away(bentu_home: Path) -> None:
    (demo_home() / "server.lock").touch()
    looking = lock(demo_home() / "server.lock", shared=True)
    threading.Timer(0.3, looking.release).start()
    with demo_presence.present(demo_home(), listening()):
        assert demo_server_state(demo_home()).alive


def test_its_log_is_cut_while_it_writes(
    bentu_home: Path, keep: Keep, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = folder("logs") / "demo.log"
    path.write_bytes(b"x" * (demo_bounds.MOST_LOG + 1))
    keep()
    eventually(lambda: path.stat().st_size < 1000)
    assert path.with_name("demo.log.1").stat().st_size == demo_bounds.MOST_LOG


def test_its_log_is_in_the_studio(bentu_home: Path, keep: Keep) -> None:
    keep()
    eventually(lambda: demo_server_state(demo_home()).alive)
    assert (bentu_home / "logs/demo.log").exists()
    assert not list((bentu_home / "demo").glob("*.log"))


def test_one_of_another_user_is_seen_by_its_port(
    bentu_home: Path, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def not_ours(path: Path, *, shared: bool = False) -> None:
        raise PermissionError

    monkeypatch.setattr(demo_presence, "try_lock", not_ours)
    assert not demo_server_state(demo_home()).alive
    said = {"address": "127.0.0.1", "port": port, "pid": 1}
    (demo_home() / "server.json").write_text(json.dumps(said))
    assert not demo_server_state(demo_home()).alive
    with socket.create_server(("127.0.0.1", port)):
        assert demo_server_state(demo_home()).alive
