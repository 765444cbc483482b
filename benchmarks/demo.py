"""The process for strangers: start, memory, an answer over HTTP, and feedback from many at once, also through a kill.

    .venv/bin/python -m benchmarks.demo

Prints Markdown. A linear SVM on the 10 000-text sample is trained and published by the product's own loop; the clients and
the server share this machine. Everything runs in a temporary home; times on a busy machine are pessimistic.
"""

from __future__ import annotations

import os
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import psutil

CLIENTS, POSTS, ANSWERS, PAGES = 50, 1000, 1000, 10


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="bentu-demo-") as home:
        os.environ["BENTU_HOME"] = home
        os.environ["BENTU_DEMO_PORT"] = str(_free_port())
        os.environ["BENTU_DEMO_RATE"] = "1000"  # one machine plays everybody
        workspace, token, texts = _published()
        server = Server(token)
        try:
            _measure(workspace, server, texts)
        finally:
            server.stop()
            workspace.scope.engine.dispose()


def _measure(workspace: Any, server: Server, texts: list[str]) -> None:
    print("| figure | measured | goal |\n|---|---|---|")
    started = server.start()
    _row(
        "start to the first healthy answer (of it processor time)",
        f"{started:.1f} s ({server.cpu():.1f} s)",
        "<= 6 s",
    )
    for _ in range(PAGES):
        server.page()
    spent = server.cpu()
    times = [server.predict(texts[i % len(texts)], "10.0.0.1")[1] for i in range(ANSWERS)]
    spent = (server.cpu() - spent) * 1000 / ANSWERS
    p50, p99 = statistics.median(times), statistics.quantiles(times, n=100)[-1]
    _row(
        "one answer of the SVM over HTTP, p50 / p99 (processor time of the server)",
        f"{p50:.1f} ms / {p99:.1f} ms ({spent:.1f} ms)", "p50 <= 10 ms",
    )  # fmt: skip
    _row(
        f"memory (RSS) after {PAGES} visits of the page and {ANSWERS} answers",
        f"{server.rss():.0f} MiB",
        "<= 350 MiB",
    )
    _row("TensorFlow loaded", "yes" if server.maps("tensorflow") else "no", "no")

    before = _drained(workspace)
    seconds, waits = _post(server, server.opinions(texts), None)
    stored = _drained(workspace) - before
    p99 = statistics.quantiles(waits, n=100)[-1]
    _row(
        f"{POSTS} pieces of feedback from {CLIENTS} clients at once: stored; time; p50 / p99",
        f"{stored}; {seconds:.1f} s; {statistics.median(waits):.0f} ms / {p99:.0f} ms", f"{POSTS}",
    )  # fmt: skip
    before += stored
    _, _ = _post(server, server.opinions(texts), POSTS // 3)
    stored = _drained(workspace) - before
    _row("the same, the process killed (-9) and started anew in the middle: stored", f"{stored}", f"{POSTS}")


class Server:
    """The demo process and what its visitors do."""

    def __init__(self, token: str) -> None:
        from engine.jobs.demo_options import listening

        self._token = token
        self._where = listening()
        self._log = Path(os.environ["BENTU_HOME"]) / "demo.log"
        limits = httpx.Limits(max_connections=200, max_keepalive_connections=200)
        self._client = httpx.Client(
            base_url=f"http://localhost:{self._where.port}", timeout=30, limits=limits, trust_env=False
        )

    def start(self) -> float:
        from engine.jobs.demo_options import command, environment
        from engine.services.demo_process import demo_public_key
        from engine.storage.home import demo_home

        began = time.perf_counter()
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(
                command(self._where), env=environment(demo_home(), demo_public_key()), cwd=demo_home(),
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            )  # fmt: skip
        while True:
            try:
                if self._client.get("/api/health").status_code == 200:
                    return time.perf_counter() - began
            except httpx.TransportError:
                assert self.process.poll() is None, self._log.read_text()
                time.sleep(0.02)

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(20)

    def page(self) -> None:
        """What a browser does: a session of the page, until the script has run."""
        from streamlit.proto.BackMsg_pb2 import BackMsg
        from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
        from websockets.sync.client import connect

        port = self._where.port
        with connect(
            f"ws://localhost:{port}/_stcore/stream", origin=f"http://localhost:{port}", proxy=None
        ) as stream:
            ask = BackMsg()
            ask.rerun_script.query_string = f"d={self._token}"
            stream.send(ask.SerializeToString())
            message = ForwardMsg()
            while message.WhichOneof("type") != "script_finished":
                message.ParseFromString(stream.recv(timeout=30))

    def predict(self, text: str, visitor: str) -> tuple[dict[str, Any], float]:
        began = time.perf_counter()
        answer = self._client.post(
            f"/api/demos/{self._token}/predict",
            json={"inputs": {"text": text}},
            headers={"X-Forwarded-For": visitor},
        )
        taken = (time.perf_counter() - began) * 1000
        assert answer.status_code == 200, answer.text
        return answer.json(), taken

    def opinions(self, texts: Sequence[str]) -> list[dict[str, Any]]:
        """Feedback on as many answers, ready to be sent."""
        found = []
        for i in range(POSTS):
            text = texts[i % len(texts)]
            answer, _ = self.predict(text, f"10.1.{i % CLIENTS}.1")
            found.append(
                {"answer": answer["id"], "inputs": {"text": text}, "right": True, "comment": f"number {i}"}
            )
        return found

    def send(self, opinion: dict[str, Any], client: int) -> float:
        """Send until it is acknowledged, as a patient client does; returns milliseconds of the last attempt."""
        while True:
            began = time.perf_counter()
            try:
                answer = self._client.post(
                    f"/api/demos/{self._token}/feedback",
                    json=opinion,
                    headers={"X-Forwarded-For": f"10.1.{client}.1"},
                )
            except httpx.TransportError:
                time.sleep(0.05)
                continue
            assert answer.status_code in (200, 201), answer.text
            return (time.perf_counter() - began) * 1000

    def cpu(self) -> float:
        """Processor seconds of the server so far."""
        used = psutil.Process(self.process.pid).cpu_times()
        return float(used.user + used.system)

    def rss(self) -> float:
        return float(psutil.Process(self.process.pid).memory_info().rss) / 2**20

    def maps(self, name: str) -> bool:
        return any(name in m.path for m in psutil.Process(self.process.pid).memory_maps())


def _post(
    server: Server, opinions: list[dict[str, Any]], kill_after: int | None
) -> tuple[float, list[float]]:
    """Send all opinions from `CLIENTS` threads; kill and restart the server once `kill_after` are acknowledged."""
    done: list[float] = []
    killed = threading.Event()

    def client(number: int) -> None:
        for opinion in opinions[number::CLIENTS]:
            done.append(server.send(opinion, number))
            if kill_after is not None and len(done) >= kill_after and not killed.is_set():
                killed.set()
                server.process.kill()
                server.process.wait()
                server.start()

    began = time.perf_counter()
    with ThreadPoolExecutor(CLIENTS) as pool:
        list(pool.map(client, range(CLIENTS)))
    assert len(done) == len(opinions)
    return time.perf_counter() - began, done


def _published() -> tuple[Any, str, list[str]]:
    """A workspace with a published SVM on the Chinese sample, the link's token, and texts to ask."""
    from engine.data.readers import ReadOptions
    from engine.samples import SAMPLE_ROLES, make_sample, sample_csv
    from engine.services.inline import run_job_here
    from engine.workspace import open_workspace

    workspace = open_workspace()
    project = workspace.projects.create("demo")
    upload = workspace.datasets.stage(sample_csv("reviews_zh"), "reviews.csv")
    job = workspace.datasets.start_import(
        project.id, upload.id, "reviews", ReadOptions(), SAMPLE_ROLES, idempotency="demo"
    )
    run_job_here(workspace.scope, job.id)
    run = workspace.runs.submit(project.id, workspace.recipes.choose(project.id, "tfidf_svm", "balanced"))
    run_job_here(workspace.scope, run.job_id)
    _, token = workspace.demos.publish(run.id, title="Demo", idempotency="demo")
    texts = [t for t in make_sample("reviews_zh")["text"].head(500) if t.strip()]
    return workspace, token, texts


def _drained(workspace: Any) -> int:
    """Pieces of feedback in the studio's inbox after everything was fetched."""
    from engine.services.draining import drain
    from engine.storage.home import demo_home

    drain(workspace.scope.engine, demo_home())
    project = workspace.projects.list()[0]
    return sum(workspace.inbox.counts(project.id).values())


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _row(figure: str, measured: str, goal: str) -> None:
    print(f"| {figure} | {measured} | {goal} |", flush=True)


if __name__ == "__main__":
    sys.exit(main())
