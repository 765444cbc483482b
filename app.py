"""Bentu's only entry: `streamlit run app.py` starts the pages, the HTTP API, the worker and the process for demos.

With BENTU_MODE=demo it is that process: the same app with the page for strangers, its routes, and nothing else.
"""

from __future__ import annotations

import gc
import logging
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import streamlit as st

from engine.api import demo_routes, studio_routes
from engine.api.door import demo_middleware, studio_middleware
from engine.api.sockets import send_at_once
from engine.workspace import serve_demos, start_demo_server, start_services
from ui.errors import show_unexpected, show_unexpected_to_strangers
from ui.navigation import first_page
from ui.options import allowed_hosts, leave_unless_safe, start_page
from ui.page_switch import drop_reruns_of_left_pages


@asynccontextmanager
async def studio_lifespan(app: st.App) -> AsyncIterator[dict[str, Any]]:
    """Migrate the database, add the samples to a new home, start the supervisor and the demo process and keep them."""
    logging.getLogger("bentu").setLevel(logging.INFO)
    with start_services() as services, start_demo_server():
        settle()
        yield {"services": services}


@asynccontextmanager
async def demo_lifespan(app: st.App) -> AsyncIterator[None]:
    """Open the desk at which strangers are served, and say that this process is there."""
    with serve_demos():
        settle()
        yield


def settle() -> None:
    """What is loaded by now stays for good: keep it out of every later collection. And answers leave at once."""
    drop_reruns_of_left_pages()
    send_at_once()
    gc.collect()
    gc.freeze()


if os.environ.get("BENTU_MODE") == "demo":
    leave_unless_safe()
    app = st.App(
        "ui/demo_shell.py", routes=demo_routes, middleware=demo_middleware(allowed_hosts, start_page()),
        lifespan=demo_lifespan, on_script_error=show_unexpected_to_strangers,
    )  # fmt: skip
else:
    app = st.App(
        "ui/shell.py", routes=[*studio_routes, first_page], middleware=studio_middleware(allowed_hosts),
        lifespan=studio_lifespan, on_script_error=show_unexpected,
    )  # fmt: skip
