"""Files as a tab's field for files sends them: by a ticket of the tab, then reported to the page by the component."""

from __future__ import annotations

import json

from streamlit.components.v2.bidi_component.main import _make_trigger_id
from streamlit.proto.WidgetStates_pb2 import WidgetState
from streamlit.testing.v1 import AppTest

from engine.api.errors import accepted_locale
from engine.errors import BentuError
from engine.i18n import joined, render_error
from engine.workspace import Arrival


def fields(at: AppTest) -> list[str]:
    """The ids of the page's fields for files."""
    return [e.proto.id for e in at.get("bidi_component") if e.proto.component_name == "bentu_uploader"]


def field_data(at: AppTest, key: str | None = None) -> dict[str, object]:
    """What the page tells its field for files: the texts, the limits, the ticket."""
    for element in at.get("bidi_component"):
        if element.proto.component_name == "bentu_uploader" and (
            key is None or element.proto.id.endswith(f"-{key}")
        ):
            found: dict[str, object] = json.loads(element.proto.json or element.proto.mixed.json)
            return found
    raise AssertionError(f"no field for files {key or ''}")


def refused(at: AppTest, name: str, content: bytes, key: str | None = None) -> str:
    """Send a file that the server does not take; the sentences that the field shows."""
    try:
        _send(at, name, content, key)
    except BentuError as error:
        locale = accepted_locale(str(field_data(at, key)["language"]))
        return joined(render_error(error, locale), locale)
    raise AssertionError("the file was taken")


def upload(at: AppTest, name: str, content: bytes, key: str | None = None) -> AppTest:
    """Choose a file as a person would, and run the page as the field's report makes it."""
    return upload_all(at, {name: content}, key)


def upload_all(at: AppTest, files: dict[str, bytes], key: str | None = None) -> AppTest:
    """Choose several files at once."""
    return report(at, [_send(at, name, content, key) for name, content in files.items()], key)


def report(at: AppTest, sent: list[dict[str, object]], key: str | None = None) -> AppTest:
    """Run the page with what the field says it has sent, true or not."""
    field = next(i for i in fields(at) if key is None or i.endswith(f"-{key}"))
    states = at._tree.get_widget_states()
    payload = json.dumps([{"event": "uploaded", "value": sent}])
    states.widgets.append(WidgetState(id=_make_trigger_id(field, "events"), json_trigger_value=payload))
    return at._run(states)


def _send(at: AppTest, name: str, content: bytes, key: str | None) -> dict[str, object]:
    arrival = Arrival(str(field_data(at, key)["ticket"]), name, len(content), "127.0.0.1")
    try:
        arrival.count(len(content))
        arrival.write(content)
        sent = arrival.finish()
    finally:
        arrival.close()
    return {"id": sent.id, "name": sent.name, "size": sent.size}
