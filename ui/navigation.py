"""The pages and how to get from one to another. Adding a page is one file in `pages/` and one row here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import streamlit as st
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route
from streamlit.navigation.page import Page

from ui.state import PROJECT, RUN, workspace
from ui.text import N_, language, t

_PAGES = Path(__file__).parent.parent / "pages"


@dataclass(frozen=True)
class Entry:
    """One page: its file name (also its address), its title (a message id) and its icon."""

    name: str
    title: str
    icon: str


PAGES = (
    Entry("home", N_("Home"), ":material/home:"),
    Entry("data", N_("Data"), ":material/table_view:"),
    Entry("prepare", N_("Prepare"), ":material/cleaning_services:"),
    Entry("model", N_("Model"), ":material/tune:"),
    Entry("train", N_("Train"), ":material/model_training:"),
    Entry("evaluate", N_("Evaluate"), ":material/fact_check:"),
    Entry("share", N_("Share"), ":material/share:"),
    Entry("inbox", N_("Inbox"), ":material/inbox:"),
    Entry("settings", N_("Settings"), ":material/settings:"),
)


def page_table() -> dict[str, Page]:
    """The pages as Streamlit knows them, titled in the session's language."""
    return {
        e.name: st.Page(
            _PAGES / f"{e.name}.py", title=t(e.title), icon=e.icon, url_path=e.name, default=e.name == "home"
        )
        for e in PAGES
    }


def menu(table: Mapping[str, Page]) -> None:
    """Links to the pages. Streamlit's own menu would drop language and project from the address, and a reload lose them."""
    query = _link_query()
    run = st.session_state.get(RUN)
    for name, page in table.items():
        shown = {"run": run} if run and name in ("train", "evaluate", "share") else {}
        st.page_link(page, label=_label(name, page), query_params={**query, **shown}, width="stretch")


def _label(name: str, page: Page) -> str:
    """The page's title; beside the inbox how many wait there."""
    chosen = st.session_state.get(PROJECT)
    waiting = workspace().inbox.counts(chosen)["pending"] if name == "inbox" and chosen else 0
    return f"{page.title} :blue-badge[{waiting:,}]" if waiting else page.title


def goto(name: str, **params: str) -> NoReturn:
    """Open page `name`, keeping project and language in the link; `params` are added to it."""
    st.switch_page(page_table()[name], query_params={**_link_query(), **params})


async def _to_root(request: Request) -> Response:
    # relative, so that it also holds below a base path
    return RedirectResponse("./" + (f"?{request.url.query}" if request.url.query else ""))


first_page = Route("/home", _to_root, methods=["GET"])
"""Streamlit serves the default page at the root alone; under its own name it would say that there is no such page."""


def _link_query() -> dict[str, str]:
    query = {"lang": "zh" if language() == "zh_CN" else "en"}
    if chosen := st.session_state.get(PROJECT):
        query["project"] = chosen
    return query
