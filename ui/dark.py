"""Labels on the light accent of the dark theme: Streamlit writes them in white, which could hardly be read there."""

from __future__ import annotations

import streamlit as st

_LABELS = (
    "<style>button[data-testid^='stBaseButton-primary']:not(:disabled),"
    "[data-testid='stMultiSelect'] span[data-tag]{color:#0b1220}</style>"
)
"""Fixed text, nothing of a person's in it."""


def dark_labels() -> None:
    """Write labels on the accent colour dark while the visitor's theme is dark."""
    if st.context.theme.type == "dark":
        st.html(_LABELS)
