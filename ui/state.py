"""Session keys, named only here, and the two things that every page asks for: the workspace and the project.

Session state is per tab and lost on reload: it never holds the only copy of anything.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from uuid import uuid4

import streamlit as st

from engine.data.readers import ReadOptions
from engine.errors import NotFound
from engine.workspace import Project, Run, Workspace, open_workspace

LANGUAGE = "language"
PROJECT = "project"
UPLOAD = "upload"
"""The `ImportDraft` of the file that the data page is importing."""
TICKETS = "upload_tickets"
"""By the key of each field for files: its ticket, what that is good for, and when to make a new one."""
WATCHED = "watched_jobs"
"""Ids of jobs whose end this tab has announced."""
RUN = "run"
"""Id of the run that the train and evaluate pages show."""
FEED = "run_feed"
"""What this tab has read of the shown run's events (`ui.run_feed.RunFeed`)."""
CLONED_FROM = "cloned_from"
"""Id of the run whose recipe was loaded into the draft, until the next start."""
SEEN_ACTIVE = "seen_active_runs"
"""Ids of runs that this tab saw going on: each gets one toast when it ends."""
GONE = "gone"
"""What the opened link named that is not here ("project", "run"), each with the place where that is said."""
VERSION = "version"
"""Id of the dataset version that the data page shows."""
IMPORTED = "imported"
"""Id of the dataset version that was imported last in this tab; the page shows it from its top."""
ADDING = "adding"
"""Whether the data page shows the way in although the project has data."""
JOBS = "jobs"
"""Short jobs that this tab started, by purpose ("profile_<version id>")."""
PROBLEM = "problem"
"""A `BentuError` raised in a callback, shown by the next run of the page."""
INBOX = "inbox"
"""Where this tab stands in the inbox (`ui.panels.inbox_view.InboxView`)."""
SHOWN_DEMO = "shown_demo"
"""Id of the demo that the share page shows in full."""
SHARING = "sharing"
"""Whether the share page shows the form for a new demo although there are demos."""
SHARE_CLICK = "share_click"
"""Key of the next click that makes a demo, so that a double click makes one."""
LINKS = "links"
"""Links that were made in this tab, by demo: they are stored nowhere else, and gone when the tab is."""
DIALOG = "dialog"
"""Whether a dialog is open over the page (`ui.dialogs`)."""
FIXED = "fixed"
"""What the fix that was clicked last made: the result of its job, while the new version is shown."""
REVIEWED = "reviewed"
"""Rows of a finding that were ticked in the dialog of its fix: `of` which, and row ids by `pages`."""
CLEAN_UNDO = "clean_undo"
"""Former lists of cleaning steps, by project, newest last."""
AUGMENT_UNDO = "augment_undo"
"""Former augmentations, by project, newest last."""
_TURNS = "turns"
"""Key and value of what widgets show that the program may change, see `key_showing`."""
SEARCH_SHOWN = "search_shown"
"""Id of the search that the model page shows, by family: another family has searches of its own."""
TRIAL_CLICK = "trial_click"
"""Key of the next click that trains with and without augmentation, so that a double click makes one trial."""


@dataclass
class FileDraft:
    """A staged file, or one file of a staged archive, and what a person decided about reading it.

    `asked` says that how it is written was a guess: the question stays where it is once it was answered.
    """

    upload_id: str
    options: ReadOptions = field(default_factory=ReadOptions)
    key: str = field(default_factory=lambda: uuid4().hex[:8])
    asked: bool = False


@dataclass
class ImportDraft(FileDraft):
    """What this tab has chosen so far about a staged file: the file itself is on disk under `upload_id`.

    `columns` are the names for which `roles` were drafted, `more` the further files of the same dataset, `differing` whether
    their columns may differ, `into` the version that is to get these rows, `name` what the new dataset is to be called.
    `tries` counts the attempts to save, so that a new one is not taken for the former one.
    """

    columns: tuple[str, ...] = ()
    roles: dict[str, str] = field(default_factory=dict)
    tries: int = 0
    more: list[FileDraft] = field(default_factory=list)
    differing: bool = False
    into: str | None = None
    name: str | None = None

    def __post_init__(self) -> None:
        self.key = self.upload_id

    @property
    def files(self) -> list[FileDraft]:
        """Every file, in order."""
        return [self, *self.more]


@st.cache_resource(max_entries=4, show_spinner=False)
def _workspace(owner: str) -> Workspace:
    return open_workspace(owner)


def workspace() -> Workspace:
    """The engine, as this session's owner may use it."""
    return _workspace("local")


def project() -> Project | None:
    """The project of this tab: the link's, else the one chosen before, else the latest one."""
    ws = workspace()
    linked, missed = st.query_params.get("project"), False
    for wanted in (linked, st.session_state.get(PROJECT)):
        if wanted:
            try:
                found = ws.projects.get(wanted)
            except NotFound:
                missed = missed or wanted == linked
                continue
            if st.session_state.get(PROJECT) != found.id:
                choose_project(found.id)
            elif missed:
                st.query_params["project"] = found.id
            _miss("project", missed)
            return found
    latest = ws.projects.first("reviews_zh" if st.session_state.get(LANGUAGE) == "zh_CN" else "reviews_en")
    choose_project(latest.id if latest else None)
    _miss("project", missed)
    return latest


def gone(kind: str, place: str) -> bool:
    """Whether the link that was opened named a project or run that is not here: said at one place, until one goes elsewhere."""
    marks: dict[str, str] = st.session_state.get(GONE, {})
    if kind in marks:
        marks[kind] = marks[kind] or place
        if marks[kind] == place:
            return True
        del marks[kind]
    return False


def _miss(kind: str, missed: bool) -> None:
    if missed:
        st.session_state.setdefault(GONE, {})[kind] = ""


def choose_project(project_id: str | None) -> None:
    """Work on this project in this tab from now on; forgets what belonged to the former one."""
    if st.session_state.get(PROJECT) != project_id:
        if PROJECT in st.session_state and st.query_params.get("project") != project_id:
            # chosen here, not by a link: what the link still names is of the former project
            st.query_params.pop("run", None)
            st.query_params.pop(UPLOAD, None)
            st.query_params.pop(VERSION, None)
        st.session_state.pop(GONE, None)
        st.session_state.pop(UPLOAD, None)
        st.session_state.pop(RUN, None)
        st.session_state.pop(CLONED_FROM, None)
        st.session_state.pop(VERSION, None)
        st.session_state.pop(ADDING, None)
        st.session_state.pop(SHOWN_DEMO, None)
        st.session_state.pop(SHARING, None)
    if project_id is None:
        st.session_state.pop(PROJECT, None)
        st.query_params.pop("project", None)
    else:
        st.session_state[PROJECT] = project_id
        st.query_params["project"] = project_id


def choose_run(run_id: str | None) -> None:
    """Show this run on the train and evaluate pages, and name it in the link."""
    if run_id is None:
        st.session_state.pop(RUN, None)
        st.query_params.pop("run", None)
    else:
        st.session_state[RUN] = run_id
        st.query_params["run"] = run_id


def chosen_run(project_id: str) -> Run | None:
    """The run of the link, else the one chosen before in this tab; None if it is gone or of another project."""
    linked, missed = st.query_params.get("run"), False
    for wanted in (linked, st.session_state.get(RUN)):
        if wanted:
            try:
                found = workspace().runs.get(wanted)
            except NotFound:
                missed = missed or wanted == linked
                continue
            missed = missed or (wanted == linked and found.project_id != project_id)
            if found.project_id == project_id:
                _miss("run", missed)
                if missed or st.session_state.get(RUN) != found.id:
                    choose_run(found.id)
                return found
    _miss("run", missed)
    if missed:
        choose_run(None)
    return None


def show(key: str, value: object) -> None:
    """Let the widget with this key show `value`.

    It is set only where it differs: a value that is set overrides what the person chooses while the page still runs.
    """
    if key not in st.session_state or st.session_state[key] != value:
        st.session_state[key] = value


def key_showing(name: str, value: object) -> str:
    """Key under which a widget shows `value`: another one each time that the program changes the value, not the person.

    While a page polls, it tells what its widgets hold, also in the moment between a change by the program and its drawing; that
    would count as somebody's choice of the old value. Ask `chosen_in` in the widget's callback.
    """
    turns: dict[str, tuple[str, object]] = st.session_state.setdefault(_TURNS, {})
    key, _ = turns.get(name, (name, None))
    if st.session_state.get(key, value) != value:
        key = f"{name}_{int(key.removeprefix(name)[1:] or 0) + 1}"
    turns[name] = key, value
    st.session_state[key] = value
    return key


def chosen_in(name: str, key: str) -> object | None:
    """What somebody chose in the widget of `key_showing`; None if it only told what it shows, or is not on the page any more."""
    current, shown = st.session_state.get(_TURNS, {}).get(name, (None, None))
    value: object = st.session_state.get(key)
    return value if key == current and value != shown else None


def follow(purpose: str, job_id: str) -> None:
    """Remember a short job that this tab started, so that the page can show its progress and its end."""
    st.session_state.setdefault(JOBS, {})[purpose] = job_id


def followed(purpose: str) -> str | None:
    """The job that this tab started for `purpose`, or None."""
    found: str | None = st.session_state.get(JOBS, {}).get(purpose)
    return found


def unfollow(purpose: str) -> None:
    """Forget the job of `purpose`: its result is on the screen, or it is tried anew."""
    st.session_state.get(JOBS, {}).pop(purpose, None)
