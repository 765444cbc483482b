"""Bentu's only entry: `streamlit run app.py` starts the pages, the HTTP API and the worker."""

from __future__ import annotations

import gc
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import streamlit as st

from engine.api import routes
from engine.workspace import start_services
from ui.errors import show_unexpected
from ui.navigation import first_page


@asynccontextmanager
async def lifespan(app: st.App) -> AsyncIterator[dict[str, Any]]:
    """Migrate the database, add the samples to a new home, start the supervisor and keep it while the UI lives."""
    logging.getLogger("bentu").setLevel(logging.INFO)
    with start_services() as services:
        # What is loaded by now stays for good: keep it out of every later collection.
        gc.collect()
        gc.freeze()
        yield {"services": services}


app = st.App("ui/shell.py", routes=[*routes, first_page], lifespan=lifespan, on_script_error=show_unexpected)
