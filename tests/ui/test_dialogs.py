"""While a dialog is open the page is not run again by what ends in the background."""

from __future__ import annotations

from streamlit.testing.v1 import AppTest


def _script() -> None:
    import streamlit as st

    from ui.dialogs import dialog_open, show_dialog, without_dialog

    without_dialog()
    if st.button("ask", key="ask"):
        show_dialog("Sure?", lambda: st.text("what it does"))
    st.text(f"open: {dialog_open()}")


def said(at: AppTest) -> list[str]:
    return [one.value for one in at.text]


def test_a_dialog_is_open_until_the_page_runs_again() -> None:
    at = AppTest.from_function(_script).run()
    assert said(at) == ["open: False"]
    at.button(key="ask").click().run()
    assert sorted(said(at)) == ["open: True", "what it does"]
    assert said(at.run()) == ["open: False"]
