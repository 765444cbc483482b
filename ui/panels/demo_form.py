"""What a visitor of a demo asks: a box for each input, examples to touch, and one large button."""

from __future__ import annotations

import streamlit as st

from engine.serving.limits import MAX_TEXT
from engine.workspace import PublishedDemo
from ui.text import error_line, safe_text, t
from ui.visit import INPUT, Visit, texts

EXAMPLE = 60
"""Characters of an example on its button."""


def form(visit: Visit, demo: PublishedDemo) -> None:
    """The boxes, how much fits in, the button, and what was wrong with the last attempt."""
    single = len(demo.inputs) == 1
    for place, name in enumerate(demo.inputs):
        st.text_area(
            t("Your text") if single else safe_text(name, 80), key=INPUT.format(place=place),
            height=140 if single else 96, placeholder=t("Type or paste a text"),
        )  # fmt: skip
    now = texts(demo.inputs)
    used = sum(len(text) for text in now.values())
    if used > MAX_TEXT:
        st.error(
            t("{used} of {limit} characters: too long to be answered.", used=f"{used:,}", limit=f"{MAX_TEXT:,}"),
            icon=":material/error:",
        )  # fmt: skip
    else:
        st.caption(t("{used} of {limit} characters", used=f"{used:,}", limit=f"{MAX_TEXT:,}"))
    fresh = visit.answer is not None and visit.inputs == now
    st.button(
        t("See the answer"), key="demo_ask", type="secondary" if fresh else "primary", width="stretch",
        icon=":material/arrow_forward:", on_click=visit.ask, args=(demo.inputs,),
    )  # fmt: skip
    if visit.problem is not None:
        st.warning(error_line(visit.problem), icon=":material/info:")


def examples(visit: Visit, demo: PublishedDemo) -> None:
    """Texts of the owner to touch: they go into the boxes and are answered at once."""
    if not demo.examples:
        return
    st.caption(t("Or touch an example:"))
    with st.container(horizontal=True, gap="small"):
        for place, example in enumerate(demo.examples):
            shown = " · ".join(example.get(name, "") for name in demo.inputs if example.get(name, "").strip())
            st.button(
                safe_text(shown, EXAMPLE), key=f"demo_example_{place}", on_click=visit.ask_example,
                args=(demo.inputs, example),
            )  # fmt: skip
