"""A hub on this machine: what huggingface_hub asks for, answered over HTTP as the real one does."""

from __future__ import annotations

import hashlib
import json
import socket
import struct
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import unquote, urlsplit

COMMIT = "c0ffee" + 34 * "0"


@dataclass
class Hub:
    """`models` are files by "owner/name"; `asked` is what came, with the range of each.

    A file of `cut` breaks off in the middle, and with `gone` nothing is answered any more after that.
    """

    address: str = ""
    models: dict[str, dict[str, bytes]] = field(default_factory=dict)
    gated: set[str] = field(default_factory=set)
    cut: str = ""
    gone: bool = False
    dead: bool = False
    asked: list[tuple[str, str]] = field(default_factory=list)

    def add(self, name: str, folder: Path | None, **more: bytes) -> None:
        """Offer the files of a folder."""
        found = {path.name: path.read_bytes() for path in sorted(folder.iterdir())} if folder else {}
        self.models[name] = found | more

    def ranges(self, file: str) -> list[str]:
        """What of a file was asked for, in order."""
        return [part for path, part in self.asked if path.endswith(f"/{file}") and "/large/" not in path]


@contextmanager
def local_hub() -> Iterator[Hub]:
    """A hub that listens on this machine until the end of the block."""
    hub = Hub()

    class Answers(BaseHTTPRequestHandler):
        def log_message(self, *said: Any) -> None:
            pass

        def do_GET(self) -> None:
            path = unquote(urlsplit(self.path).path)
            hub.asked.append((path, self.headers.get("Range", "")))
            if hub.dead:
                self._break_off()
            elif path.startswith("/api/models/"):
                self._model(path.removeprefix("/api/models/"))
            else:
                owner, name, _, commit, file = path.removeprefix("/").split("/", 4)
                files = hub.models.get(f"{owner}/{name}", {})
                if commit not in (COMMIT, "large") or file not in files:
                    self._send(404, b"", {"X-Error-Code": "EntryNotFound"})
                elif file.endswith(".safetensors") and commit == COMMIT:  # the real one leads to another host
                    self._send(302, b"", {"Location": f"{hub.address}/{owner}/{name}/resolve/large/{file}"})
                else:
                    self._file(file, files[file])

        def _model(self, name: str) -> None:
            if name not in hub.models:
                self._send(401, b"{}", {"X-Error-Message": "Invalid username or password."})
                return
            told = {
                "id": name, "sha": COMMIT, "gated": "auto" if name in hub.gated else False,
                "cardData": {"license": "mit", "language": ["sw", "ha"]},
                "siblings": [_listed(path, content) for path, content in hub.models[name].items()],
            }  # fmt: skip
            self._send(200, json.dumps(told).encode(), {"Content-Type": "application/json"})

        def _file(self, file: str, content: bytes) -> None:
            begin = int((self.headers.get("Range") or "bytes=0-").removeprefix("bytes=").rstrip("-"))
            rest = content[begin:]
            ends = {"Content-Range": f"bytes {begin}-{len(content) - 1}/{len(content)}"}
            status, headers = (206, ends) if begin else (200, {})
            if file != hub.cut:
                self._send(status, rest, headers)
                return
            hub.cut, hub.dead = "", hub.gone
            self._send(status, rest[: len(rest) // 2], headers, length=len(rest))
            time.sleep(0.3)  # let it arrive before the reset throws away what is on its way
            self._break_off()

        def _break_off(self) -> None:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.close_connection = True

        def _send(
            self, status: int, body: bytes, headers: Mapping[str, str], length: int | None = None
        ) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body) if length is None else length))
            self.end_headers()
            self.wfile.write(body)
            self.wfile.flush()

    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        hub.address = f"http://127.0.0.1:{server.server_port}"
        thread = Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        yield hub
        server.shutdown()
        thread.join()


def _listed(path: str, content: bytes) -> dict[str, Any]:
    told: dict[str, Any] = {
        "rfilename": path, "size": len(content),
        "blobId": hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest(),
    }  # fmt: skip
    if path.endswith(".safetensors"):
        digest = hashlib.sha256(content).hexdigest()
        told["lfs"] = {"sha256": digest, "size": len(content), "pointerSize": 132}
    return told
