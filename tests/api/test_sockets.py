"""Connections do not wait for an acknowledgement before they send."""

from __future__ import annotations

import asyncio
import socket
from concurrent.futures import ThreadPoolExecutor

import pytest

from engine.api import sockets
from engine.api.sockets import send_at_once


def at_once(connection: socket.socket) -> bool:
    return connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) != 0


def test_connections_that_come_before_and_after_are_hastened(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sockets, "SOON", 0.1)
    with socket.socket(socket.AF_INET) as listening:  # as Streamlit makes it: without naming the protocol
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        early = socket.create_connection(listening.getsockname())

        async def starting() -> None:
            send_at_once()
            accepted, _ = listening.accept()
            with accepted:
                assert not at_once(accepted)
                await asyncio.sleep(0.5)
                assert at_once(accepted)

        # a browser of other tests may keep a loop running in this thread
        with ThreadPoolExecutor(1) as apart:
            apart.submit(lambda: asyncio.run(starting())).result()
        with early, socket.create_connection(listening.getsockname()):
            accepted, _ = listening.accept()
            with accepted:
                assert at_once(accepted)
