"""The answer of a demo's model, and what the visitor says about it. Nothing is stored before "send" is touched."""

from __future__ import annotations

import streamlit as st

from engine.serving.limits import MAX_COMMENT
from engine.workspace import PublishedDemo
from ui.format import percent
from ui.panels.demo_notice import consent
from ui.text import n, safe_text, t
from ui.visit import COMMENT, CORRECTION, VERDICT, Visit, texts

NONE_OF_THESE = -1
PILLS = 12
"""Up to so many classes all are in view; more are chosen from a list that can be searched."""


def answer(visit: Visit, demo: PublishedDemo) -> None:
    """The most probable class, and how probable each is; says which text it is about if the boxes hold another by now."""
    given, inputs = visit.answer, visit.inputs
    assert given is not None
    assert inputs is not None
    with st.container(border=True, gap="xsmall"):
        if inputs != texts(demo.inputs):
            asked = " · ".join(text for text in inputs.values() if text.strip())
            st.caption(t("About the text asked before: “{text}”", text=safe_text(asked, 120)))
        else:
            st.caption(t("The model says"))
        st.subheader(safe_text(given.label, 200), anchor=False)
        for label, share in given.probabilities:
            st.progress(min(max(share, 0.0), 1.0), text=f"{safe_text(label, 120)} · {_share(share)}")
        hidden = len(demo.classes) - len(given.probabilities)
        if hidden > 0:
            st.caption(
                n(
                    "and {n} class less probable than these",
                    "and {n} classes less probable than these",
                    hidden,
                )
            )
        st.caption(t("Version {number} of the model answered.", number=given.version))


def opinion(visit: Visit, demo: PublishedDemo) -> None:
    """Right or wrong, the right class, a comment, and what sending means."""
    assert visit.answer is not None
    words = {"right": f":material/thumb_up: {t('Yes')}", "wrong": f":material/thumb_down: {t('No')}"}
    verdict = st.segmented_control(
        t("Is this right?"),
        list(words),
        format_func=words.__getitem__,
        key=visit.key(VERDICT),
        width="stretch",
    )
    if verdict is None:
        return
    chosen: int | None = None
    if verdict == "wrong":
        chosen = _right_class(visit, demo)
    comment = st.text_area(
        t("Comment (if you like)"), key=visit.key(COMMENT), height=80,
        placeholder=t("What should its owner know?"),
    )  # fmt: skip
    # always there: what appears when the box is left would push "send" away from under the finger
    st.caption(t("{used} of {limit} characters", used=f"{len(comment or ''):,}", limit=f"{MAX_COMMENT:,}"))
    st.caption(
        t("Sending stores your text, the model's answer and what you say here. Until then nothing is stored.")
    )
    st.caption(consent(demo))
    missing = verdict == "wrong" and chosen is None
    st.button(
        t("Send"), key="demo_send", type="primary", width="stretch", icon=":material/send:", disabled=missing,
        on_click=visit.send, args=(demo.classes,),
    )  # fmt: skip
    if missing:
        st.caption(t("To send, first choose what is right."))


def _share(probability: float) -> str:
    """A probability in percent; one that rounds to nothing or to everything is neither."""
    if probability < 0.0005:
        return "<0.1 %"
    return ">99.9 %" if probability > 0.9995 else percent(probability)


def _right_class(visit: Visit, demo: PublishedDemo) -> int | None:
    assert visit.answer is not None
    places = [i for i, name in enumerate(demo.classes) if name != visit.answer.label]
    key, label = visit.key(CORRECTION), t("What is right?")
    if len(places) < PILLS:
        words = {i: safe_text(demo.classes[i], 80) for i in places} | {NONE_OF_THESE: t("None of these")}
        return st.pills(label, list(words), format_func=words.__getitem__, key=key)
    plain = {i: " ".join(demo.classes[i].split()) for i in places} | {NONE_OF_THESE: t("None of these")}
    return st.selectbox(
        label,
        list(plain),
        index=None,
        format_func=plain.__getitem__,
        key=key,
        placeholder=t("Choose a class"),
    )


def thanks(visit: Visit, demo: PublishedDemo) -> None:
    """What became of the feedback, and the way to the next text."""
    st.success(
        t("Thank you. Your feedback is stored, and the owner of this demo will see it."),
        icon=":material/check:",
    )
    st.button(
        t("Next text"), key="demo_next", type="primary", width="stretch", icon=":material/edit:",
        on_click=visit.start_over, args=(demo.inputs,),
    )  # fmt: skip
