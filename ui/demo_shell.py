"""The frame of the page for strangers: no menu, no studio, and one place where errors become sentences."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from engine.errors import BentuError
from ui.errors import show_error

_HERE = Path(__file__).parent

# A picture of our own: Streamlit would fetch a Material icon for the browser tab from the network.
st.set_page_config(page_title="Bentu 本土", page_icon=str(_HERE / "icon.svg"), layout="centered")

page = st.Page(_HERE.parent / "pages" / "demo.py", title="Bentu 本土", default=True)
try:
    st.navigation([page], position="hidden").run()
except BentuError as error:
    show_error(error)
