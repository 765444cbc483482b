"""The frame of the page for strangers: no menu, no studio, and one place where errors become sentences."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from engine.errors import BentuError
from ui.errors import show_error

_HERE = Path(__file__).parent

# A picture of our own: Streamlit would fetch a Material icon for the browser tab from the network.
st.set_page_config(page_title="Bentu 本土", page_icon=str(_HERE / "icon.svg"), layout="centered")


@st.fragment(run_every=3600)
def _comes_back() -> None:
    """Nothing to see. A browser whose connection was lost asks for the page anew only if a part of it runs by itself.

    Without one, a connection that is lost while the script runs leaves an empty page (Streamlit 1.67): the server stops
    the script, and the browser does not know that it ran.
    """


_comes_back()
page = st.Page(_HERE.parent / "pages" / "demo.py", title="Bentu 本土", default=True)
try:
    st.navigation([page], position="hidden").run()
except BentuError as error:
    show_error(error)
