"""A page that was left does not come back: what Streamlit leaves out when one goes on while a fragment polls."""

from __future__ import annotations

from functools import wraps

from streamlit.runtime.scriptrunner import RerunData, ScriptRunner


def drop_reruns_of_left_pages() -> None:
    """Let no fragment run under the page that its session has left; call it once, before the first session.

    A polling fragment (`run_every`) may ask for its next run after the click that leads to another page and before the
    browser knows of that page. Streamlit 1.67 runs that request last: the fragment is gone and draws nothing, but the
    run is announced under the old page, and the browser answers by clearing the new one, for good.
    """
    run = ScriptRunner._run_script
    if hasattr(run, "__wrapped__"):
        return

    @wraps(run)
    def run_on_this_page(self: ScriptRunner, rerun_data: RerunData) -> None:
        asked, shown = rerun_data.page_script_hash, self._get_script_run_ctx().page_script_hash
        if rerun_data.fragment_id_queue and asked and shown and asked != shown:
            return
        run(self, rerun_data)

    ScriptRunner._run_script = run_on_this_page  # type: ignore[method-assign]
