"""What a stranger sees behind a link: a model to try, and a way to tell its owner where it is wrong."""

from __future__ import annotations

import streamlit as st

from engine.i18n import LOCALES
from engine.serving.errors import DemoError
from ui.panels.demo_answer import answer, opinion, thanks
from ui.panels.demo_form import examples, form
from ui.panels.demo_notice import heading, language_switch, notice, unavailable
from ui.visit import speak_one_of, this_visit

visit = this_visit()
try:
    demo = visit.find()
except DemoError as problem:
    language_switch(tuple(LOCALES))
    unavailable(problem)
    st.stop()

speak_one_of(demo.languages)
language_switch(demo.languages)
heading(demo)

if demo.state == "on":
    form(visit, demo)
    if visit.answer is None:
        examples(visit, demo)
    else:
        answer(visit, demo)
        if visit.sent:
            thanks(visit, demo)
        else:
            opinion(visit, demo)
        examples(visit, demo)
notice(demo)
