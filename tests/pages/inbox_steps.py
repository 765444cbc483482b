"""What a person does in the inbox, and what they see of the open item."""

from __future__ import annotations

from typing import Any

from streamlit.testing.v1 import AppTest

from engine.workspace import Workspace
from tests.feedback_rows import add_feedback, said


def fill(ws: Workspace, project: str, demo: str, count: int, **values: Any) -> list[str]:
    """Feedback of one demo, "text number 0" and so on; the ids."""
    return add_feedback(
        ws.scope.engine, demo, project, [said(f"text number {i}", **values) for i in range(count)]
    )


def press(at: AppTest, name: str, item: str = "") -> AppTest:
    """Press a button of the page, as its key on the keyboard would."""
    return at.button(key=f"inbox_{name}_{item}" if item else f"inbox_{name}").click().run()


def shown(at: AppTest) -> str:
    """The texts of the open item."""
    return "\n".join(e.value for e in at.text)


def place(at: AppTest) -> str:
    """Where the open item stands in its queue, as the page says it."""
    return next(str(e.value) for e in at.markdown if " of " in str(e.value) or "共" in str(e.value)).strip(
        "*"
    )
