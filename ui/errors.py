"""Failures as a person reads them: what was expected, what came, what to do next; never a traceback."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import streamlit as st

from engine.api.errors import noted
from engine.errors import BentuError, UnexpectedError
from ui.state import PROBLEM
from ui.text import error_text

log = logging.getLogger("bentu.ui")


def show_error(error: BentuError) -> None:
    """One panel with the two sentences of `error`, in the session's language."""
    what, remedy = error_text(error)
    st.error(f"{what}\n\n{remedy}", icon=":material/error:")


@contextmanager
def errors_shown() -> Iterator[None]:
    """Show a `BentuError` raised inside in place, and go on with the rest of the page."""
    try:
        yield
    except BentuError as error:
        show_error(error)


def attempt(action: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Run `action` in a widget's callback: a `BentuError` is kept, and the next run of the page shows it."""
    try:
        return action(*args, **kwargs)
    except BentuError as error:
        st.session_state[PROBLEM] = error
        return None


def show_kept_error() -> None:
    """Show, once, what a callback kept by `attempt`: at the foot of the window, in view wherever one scrolled and clicked."""
    error = st.session_state.pop(PROBLEM, None)
    if error is not None:
        with st.bottom:
            show_error(error)


def show_unexpected(problem: Exception) -> bool:
    """Replace Streamlit's traceback by a panel with an error id; the traceback goes to the log."""
    if isinstance(problem, BentuError):
        show_error(problem)
        return True
    error_id = secrets.token_hex(4)
    log.log(logging.ERROR, "error %s", error_id, exc_info=problem)
    show_error(UnexpectedError(error_id=error_id, detail=type(problem).__name__))
    return True


def show_unexpected_to_strangers(problem: Exception) -> bool:
    """As `show_unexpected` for the page of a demo: the log learns where it happened, not what the visitor wrote."""
    show_error(problem if isinstance(problem, BentuError) else noted(problem))
    return True
