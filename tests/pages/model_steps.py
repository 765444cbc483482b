"""What the model page says, and its folded boxes."""

from __future__ import annotations

from streamlit.testing.v1 import AppTest


def said(at: AppTest) -> str:
    """Everything that the page says."""
    kinds = ("title", "subheader", "markdown", "caption", "info", "warning", "error", "success")
    return "\n".join(str(e.value) for kind in kinds for e in at.get(kind))


def unfold(at: AppTest, key: str) -> AppTest:
    """Open a folded box, as a click on it would."""
    at.session_state[key] = True
    return at.run()
