"""Where a tab stands in the inbox, and the acts of its buttons; what is decided lies in the database, never here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import streamlit as st

from engine.data.hidden import calmed
from engine.errors import BentuError
from engine.feedback.queues import QUEUE_TITLES, FeedbackChanged, proposed
from engine.workspace import Item, Source
from ui.errors import attempt
from ui.state import INBOX, PROBLEM, workspace
from ui.text import safe_text, t

PAGE = 8
"""Items of the list on one page: so few that none of them hides below a scroll bar."""

SNIPPET = 60


@dataclass(frozen=True)
class Filters:
    """What the list is narrowed to; the arguments of `Inbox.list`."""

    demo_id: str | None = None
    model: int | None = None
    only_wrong: bool = False
    search: str = ""


@dataclass
class InboxView:
    """One tab's place: the queue, the open item and what was chosen for it so far.

    `revision` is the open item's as this tab first saw it; `place` how many items stood before it. `late` is what this tab
    wanted when it came second. `decided` are the ids and revisions of what this tab decided, newest last.
    """

    project_id: str
    queue: str = "pending"
    filters: Filters = field(default_factory=Filters)
    page: int = 1
    item_id: str | None = None
    revision: int | None = None
    label: str | None = None
    place: int = 0
    listed: bool = False
    late: tuple[str, str | None] | None = None
    decided: list[tuple[str, int]] = field(default_factory=list)
    said: str | None = None
    code_points: bool = False
    sources: tuple[int, Sequence[Source]] = (-1, ())
    """How many items the project had when its demos and versions were last looked up, and what was found."""
    phone: bool = False
    """Whether the browser says that it is a phone's, where everything stands in one column."""


def inbox_view(project_id: str) -> InboxView:
    """This tab's place in the project's inbox; another project starts anew."""
    found = st.session_state.get(INBOX)
    if not isinstance(found, InboxView) or found.project_id != project_id:
        found = InboxView(project_id, phone="Mobi" in (st.context.headers.get("User-Agent") or ""))
        st.session_state[INBOX] = found
    return found


def sources_of(view: InboxView, items: int) -> Sequence[Source]:
    """The demos and model versions of the project's feedback; looked up when there is another number of `items`."""
    if view.sources[0] != items:
        view.sources = items, workspace().inbox.sources(view.project_id)
    return view.sources[1]


def show(view: InboxView, item_id: str | None) -> None:
    """Open an item, or nothing."""
    view.item_id, view.revision, view.label, view.late, view.code_points = item_id, None, None, None, False


def opened(view: InboxView, items: list[Item]) -> Item | None:
    """The open item as it is now; the first of the list if none was chosen. Brings the view into line with it."""
    inbox = workspace().inbox
    item = None
    if view.item_id is not None:
        try:
            item = next((i for i in items if i.id == view.item_id), None) or inbox.get(view.item_id)
        except BentuError:  # its demo was deleted meanwhile
            show(view, None)
    if item is None and items:
        item = items[0]
        show(view, item.id)
    if item is None:
        return None
    if view.revision is None:
        view.revision = item.revision
        view.label = item.label or proposed(item.right, item.answer, item.correction, inbox.classes(item.id))
    place = _place(view, item)
    view.listed = place is not None
    if place is not None:
        view.place = place
    return item


def decide(view: InboxView, item_id: str, revision: int, state: str) -> None:
    """Button: put the item into a queue and open the next one; of two tabs the second is told."""
    label = None if state == "rejected" else view.label
    _save(view, item_id, revision, state, label)


def save_anyway(view: InboxView, item_id: str, revision: int) -> None:
    """Button: what this tab wanted counts after all."""
    if view.late is not None:
        _save(view, item_id, revision, *view.late)


def _save(view: InboxView, item_id: str, revision: int, state: str, label: str | None) -> None:
    inbox = workspace().inbox
    try:
        item = inbox.decide(item_id, state, label, revision)
    except FeedbackChanged:
        view.late = (state, label)
        return
    except BentuError as error:
        st.session_state[PROBLEM] = error
        return
    if item.revision > revision:
        view.decided.append((item.id, item.revision))
        view.said = f"{what_was_done(state, label, QUEUE_TITLES)} · {snippet(item)}"
    _next_after(view, item)


def undo(view: InboxView) -> None:
    """Button: take back what was decided last, in this tab or else in the project, and open it."""
    inbox = workspace().inbox
    if view.decided:
        item_id, revision = view.decided.pop()
    else:
        latest = inbox.latest(view.project_id)
        if latest is None:
            view.said = t("There is nothing to undo.")
            return
        item_id, revision = latest.id, latest.revision
    item = attempt(inbox.undo, item_id, revision)
    if item is not None:
        show(view, item.id)
        view.queue = item.state
        _turn_to(view, _place(view, item))
        view.said = f"{t('Undone')} · {snippet(item)}"


def move(view: InboxView, step: int) -> None:
    """Button: open the next or the former item of the queue, around its ends."""
    start = view.place + step if view.listed or step < 0 else view.place
    _open_at(view, start)


def choose_queue(view: InboxView, queue: str) -> None:
    """Look at another queue from its beginning."""
    view.queue, view.page = queue, 1
    show(view, None)


def choose_class(view: InboxView, item_id: str, label: str | None) -> None:
    """Give the open item a class, not yet a decision."""
    if view.item_id == item_id:
        view.label = label


def turn(view: InboxView, page: int) -> None:
    """Show another page of the list; its first item opens."""
    view.page = page
    show(view, None)


def what_was_done(state: str, label: str | None, words: Mapping[str, str]) -> str:
    """A decision in words, with the class if it has one: "accepted (class: **praise**)"."""
    done = t(words[state])
    return (
        done
        if label is None
        else t("{done} (class: {label})", done=done, label=f"**{safe_text(label, 60)}**")
    )


def snippet(item: Item, limit: int = SNIPPET) -> str:
    """The item's text on one line, safe for labels."""
    text = " / ".join(v for v in item.inputs.values() if v.strip()) or "–"
    return safe_text(calmed(text[: 4 * limit]), limit)


def page_of(view: InboxView) -> tuple[list[Item], int]:
    """The items of the list's page and how many the queue holds; a page that no longer exists becomes the last one."""
    inbox = workspace().inbox
    wanted = {"state": view.queue, "limit": PAGE, **vars(view.filters)}
    items, total = inbox.list(view.project_id, offset=(view.page - 1) * PAGE, **wanted)
    if not items and total:
        view.page = -(-total // PAGE)
        items, total = inbox.list(view.project_id, offset=(view.page - 1) * PAGE, **wanted)
    return items, total


def _next_after(view: InboxView, item: Item) -> None:
    """Open what follows: an item that left the queue made room for it at its own place."""
    _open_at(view, view.place + 1 if item.state == view.queue and view.listed else view.place)


def _open_at(view: InboxView, place: int) -> None:
    inbox = workspace().inbox
    wanted = {"state": view.queue, "limit": 1, **vars(view.filters)}
    items, total = inbox.list(view.project_id, offset=max(place, 0), **wanted)
    if total and (place < 0 or not items):
        place = total - 1 if place < 0 else 0
        items, _ = inbox.list(view.project_id, offset=place, **wanted)
    show(view, items[0].id if items else None)
    _turn_to(view, place)


def _turn_to(view: InboxView, place: int | None) -> None:
    view.place = place or 0
    view.page = view.place // PAGE + 1


def _place(view: InboxView, item: Item) -> int | None:
    if item.state != view.queue:
        return None
    return workspace().inbox.position(item, **vars(view.filters))
