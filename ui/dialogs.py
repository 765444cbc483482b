"""Dialogs that stay: while one is open, no job that ends in the background runs the page again and closes it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import streamlit as st

from ui.state import DIALOG


def show_dialog(
    title: str, body: Callable[[], None], *, icon: str | None = None, width: Literal["small", "large"] = "small"
) -> None:  # fmt: skip
    """Open a dialog with what `body` draws.

    However it is closed, the page runs once more, so that it shows what ended in the meantime.
    """
    st.session_state[DIALOG] = True
    st.dialog(title, icon=icon, width=width, on_dismiss="rerun")(body)()


def dialog_open() -> bool:
    """Whether a dialog stands over the page; a polling part of the page then waits with running it again."""
    return bool(st.session_state.get(DIALOG))


def without_dialog() -> None:
    """Say at the start of a run of the whole page that no dialog is open: such a run closes it."""
    st.session_state.pop(DIALOG, None)
