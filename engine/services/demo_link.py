"""Where a demo's link leads: the process for strangers, the address that links begin with, and who can reach it."""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass

from engine.errors import BentuError
from engine.jobs.demo_options import LOOPBACK, listening
from engine.jobs.demo_presence import demo_server_state
from engine.jobs.demo_server import demo_server_problem
from engine.storage.home import demo_home

EVERYWHERE = ("0.0.0.0", "::")


@dataclass(frozen=True)
class DemoServer:
    """The process for strangers: whether it lives, where it listens, how links begin, and why it does not live.

    `reachable`: "here" (this computer only), "network" (other computers may reach it) or "proxy" (BENTU_DEMO_URL stands before it).
    """

    alive: bool
    address: str
    port: int
    url: str
    reachable: str
    problem: BentuError | None


def server() -> DemoServer:
    """How the process for strangers is doing."""
    where, state = listening(), demo_server_state(demo_home())
    address, port = (state.address, state.port) if state.alive else (where.address, where.port)
    reachable = "proxy" if os.environ.get("BENTU_DEMO_URL") else "here" if address in LOOPBACK else "network"
    problem = None if state.alive else demo_server_problem(demo_home())
    return DemoServer(state.alive, address, port, beginning(), reachable, problem)


def beginning() -> str:
    """How links begin: with an address that a visitor can use where the process listens on all of them."""
    where = listening()
    if where.address not in EVERYWHERE or os.environ.get("BENTU_DEMO_URL"):
        return where.url
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            # nothing is sent: the system only chooses the way out (an address of RFC 5737, which nobody has)
            probe.connect(("192.0.2.1", 9))
        except OSError:
            return where.url
        return f"http://{probe.getsockname()[0]}:{where.port}"
