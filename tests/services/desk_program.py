"""A demo process without HTTP: the desk behind a local socket, one JSON line a question, to be killed by a test."""

from __future__ import annotations

import json
import socketserver
import sys
from pathlib import Path

from engine.services.desk import Desk
from engine.serving.limits import Limits

home, public, address = sys.argv[1:]
desk = Desk(Path(home), public, limits=Limits(factor=1e6))


class Post(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        for line in self.rfile:
            receipt = desk.feedback(**json.loads(line))
            self.wfile.write(json.dumps({"duplicate": receipt.duplicate}).encode() + b"\n")


class Server(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True
    request_queue_size = 128


with Server(address, Post) as server:
    print("ready", flush=True)
    server.serve_forever()
