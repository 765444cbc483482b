"""The page for visitors: whether it runs, who can reach it, and how long a link lives. The truth, before anybody sends a link."""

from __future__ import annotations

import streamlit as st

from engine.workspace import DemoServer
from ui.errors import show_error
from ui.state import workspace
from ui.text import safe_text, t


def server_line() -> None:
    """One line on the process for visitors; while it does not run, the line looks again by itself."""
    alive = workspace().demos.server().alive

    @st.fragment(run_every=None if alive else 3.0, key="share_server")
    def line() -> None:
        server = workspace().demos.server()
        if server.alive and not alive:
            st.rerun()
        if server.alive:
            st.caption(
                f":material/check_circle: {t('The page for visitors runs: {url}', url=safe_text(server.url))} · {_who(server)}"
            )
        elif server.problem is not None:
            show_error(server.problem)
        else:
            st.warning(
                t("The page for visitors is not running yet. Bentu starts it by itself within a few seconds; if it stays like this, the reason stands in logs/demo.log."),
                icon=":material/hourglass_top:",
            )  # fmt: skip

    line()


def reach() -> None:
    """Who can open a link, what to set to change that, and for how long it works."""
    server = workspace().demos.server()
    with st.expander(t("Who can open a link, and for how long"), icon=":material/public:", key="share_reach"):
        if server.reachable == "here":
            st.write(t("**Only this computer.** The page for visitors listens on {address}, so a link that you send to somebody else does not open there.", address=safe_text(server.address)))  # fmt: skip
            st.write(t("To let others in, end Bentu and start it with one of these set in the environment:"))
            _ways()
        elif server.reachable == "network":
            st.write(t("**Everybody who can reach this computer over the network** at {url}. The way there is not encrypted: what visitors type can be read on the way.", url=safe_text(server.url)))  # fmt: skip
            st.write(t("To change that, end Bentu and start it with one of these set in the environment:"))
            _ways()
        else:
            st.write(t("**Everybody who can open {url}** (BENTU_DEMO_URL). Whether that is encrypted and who is let through is up to the server in front.", url=safe_text(server.url)))  # fmt: skip
        st.write(t("**As long as Bentu runs here.** When this computer sleeps, is switched off or Bentu ends, visitors get no page; the link works again afterwards. Nothing is uploaded to anybody."))  # fmt: skip
        st.write(t("Whoever has the link can use it and pass it on. Visitors see the demo and nothing of your data, runs or other demos."))  # fmt: skip


def _ways() -> None:
    with st.container(border=True, key="share_ways"):
        st.code("BENTU_DEMO_ADDRESS=0.0.0.0", language=None)
        st.caption(t("Computers and phones in the same network can open links."))
        st.code("BENTU_DEMO_URL=https://demo.example.org", language=None)
        st.caption(t("For a server with encryption (TLS) of your own that stands in front and passes requests on: links begin with its address."))  # fmt: skip


def _who(server: DemoServer) -> str:
    words = {
        "here": t("only this computer can open it"), "network": t("reachable over the network"),
        "proxy": t("reachable through your own server"),
    }  # fmt: skip
    return words[server.reachable]
