from __future__ import annotations

import socket

from engine.api.sockets import send_at_once


def test_connections_do_not_wait_to_send() -> None:
    with socket.socket(socket.AF_INET) as listening:  # as Streamlit makes it: without naming the protocol
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        assert send_at_once() >= 1
        with socket.create_connection(listening.getsockname()) as client:
            accepted, _ = listening.accept()
            with accepted:
                assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) != 0
            client.close()
        assert listening.fileno() >= 0
