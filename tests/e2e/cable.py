"""A cable between browser and server that can be cut in the middle of an action."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress


class Cable:
    """Carries connections to `port` of this machine; after `cut_at_next_message` all are lost once, in its middle."""

    def __init__(self, port: int) -> None:
        self._target = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._armed = self._asked = False
        self.cuts = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def cut_at_next_message(self) -> None:
        """Let one more message through to the server; when it begins to answer, lose the answer and every connection."""
        self._asked, self._armed = False, True

    def close(self) -> None:
        self._listener.close()
        self._lose()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                browser, _ = self._listener.accept()
                server = socket.create_connection(("127.0.0.1", self._target))
                with self._lock:
                    self._open |= {browser, server}
                for ends in ((browser, server, True), (server, browser, False)):
                    threading.Thread(target=self._carry, args=ends, daemon=True).start()

    def _carry(self, source: socket.socket, target: socket.socket, up: bool) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                if self._armed and self._asked and not up:
                    return self._lose()
                self._asked = self._asked or (up and self._armed)
                target.sendall(data)
        self._hang_up({source, target})

    def _lose(self) -> None:
        self._armed = False
        self.cuts += 1
        with self._lock:
            everything = set(self._open)
        self._hang_up(everything)

    def _hang_up(self, ends: set[socket.socket]) -> None:
        with self._lock:
            self._open -= ends
        for end in ends:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()
