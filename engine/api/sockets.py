"""Answers leave at once: what Streamlit and asyncio between them leave out for their sockets."""

from __future__ import annotations

import asyncio
import os
import socket

import psutil  # type: ignore[import-untyped]

SOON = 1.0
"""Seconds after which those who connected while the server was starting have been let in."""


def send_at_once() -> None:
    """Turn off Nagle's algorithm for every connection of this server; call it in its event loop when it starts.

    asyncio does that for connections whose protocol is named, and Streamlit binds a socket that does not name it: the
    body of an answer, sent behind its head, then waits for the browser's delayed acknowledgement (RFC 896, RFC 1122
    section 4.2.3.2), which takes 40 ms on Linux. Connections inherit the option from the listening socket, except those
    that came before it was set.
    """
    hasten_sockets()
    asyncio.get_running_loop().call_later(SOON, hasten_sockets)


def hasten_sockets() -> int:
    """Set TCP_NODELAY on all TCP sockets of this process; returns how many."""
    found = 0
    for connection in psutil.Process().net_connections("tcp"):
        if connection.fd >= 0:
            with socket.socket(fileno=os.dup(connection.fd)) as shared:
                shared.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            found += 1
    return found
