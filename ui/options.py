"""What the server was started with, as Streamlit knows it."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from streamlit import config, file_util

from engine.errors import BentuError
from engine.i18n import render_error
from engine.workspace import require_demo_options


def allowed_hosts() -> Sequence[str]:
    """The names under which the server may be reached (`server.allowedHosts`)."""
    found: Sequence[str] = config.get_option("server.allowedHosts") or ()
    return found


def start_page() -> bytes:
    """The HTML page that starts Streamlit in the browser."""
    return (Path(file_util.get_static_dir()) / "index.html").read_bytes()


def leave_unless_safe() -> None:
    """End this process, saying why, unless everything that the process for strangers needs holds."""
    try:
        require_demo_options(config.get_option)
    except BentuError as refused:
        sys.exit("\n".join(render_error(refused, "en")))
