"""The page of `field_app`: what its two fields for files have brought."""

from __future__ import annotations

import streamlit as st

from engine.workspace import Upload
from ui.errors import show_kept_error
from ui.uploader import uploader


def _kept(files: list[Upload]) -> None:
    st.session_state.setdefault("kept", []).append([(f.name, f.size) for f in files])


show_kept_error()
with st.container(key="one"):
    uploader("One", key="field_one", max_bytes=200_000_000, on_upload=_kept)
with st.container(key="many"):
    uploader("Many", key="field_many", multiple=True, max_bytes=3_000_000, on_upload=_kept)
st.button("again", key="again")
st.text(f"kept {st.session_state.get('kept', [])}")
