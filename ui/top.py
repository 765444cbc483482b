"""A page that now shows something else begins at its top: Streamlit stays where one had scrolled to, far down another text."""

from __future__ import annotations

import streamlit as st

__all__ = ["from_top"]

_JS = """
let shown
export default ({ data }) => {
  if (data !== shown) document.querySelector("[data-testid=stMain]")?.scrollTo(0, 0)
  shown = data
}
"""
_top = st.components.v2.component("bentu_top", js=_JS)


def from_top(what: str) -> None:
    """Scroll the page to its top, once for each `what`; stands at the foot of the page, where it takes no room."""
    _top(key="from_top", data=what)
