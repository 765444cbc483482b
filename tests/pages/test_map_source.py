"""What places the examples on their map: chosen on the page, told in words, and words again once it is gone."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from sqlalchemy import update

from engine.services import mapping
from engine.services.inline import run_waiting
from engine.storage.database import write
from engine.storage.tables import run
from engine.workspace import Workspace
from tests.pages.conftest import OpenPage, Trained, texts


def lengths(inputs: list[str], progress: object) -> np.ndarray:
    return np.array([[len(text), text.count("o")] for text in inputs], dtype=float)


@pytest.mark.parametrize("locale", ["en-US", "zh-CN"])
def test_a_run_places_the_examples_until_it_is_deleted(
    trained: Trained, open_page: OpenPage, workspace: Workspace, monkeypatch: pytest.MonkeyPatch, locale: str
) -> None:
    monkeypatch.setattr(mapping, "load_model", lambda folder: SimpleNamespace(vectors=lengths))
    with write(workspace.scope.engine) as connection:
        connection.execute(update(run).where(run.c.id == trained.svm).values(family="case_network"))
    workspace.maps.start(trained.version)
    run_waiting(workspace.scope)
    at = open_page("data", locale=locale, project=trained.project)
    at.session_state[f"map_{trained.version}"] = True
    at.run()
    own = f"map_source_{trained.version}"
    assert at.selectbox(key=own).value == "words"
    assert "TF-IDF" in texts(at)
    assert {"en-US": "only networks have vectors", "zh-CN": "只有神经网络"}[locale] in texts(at), "majority"

    at.selectbox(key=own).set_value(f"run:{trained.svm}").run()
    run_waiting(workspace.scope)
    at.run()
    assert not at.exception
    assert {"en-US": "so that they stay sealed", "zh-CN": "保持封存"}[locale] in texts(at)
    at.toggle(key=f"map_unlearnt_{trained.version}").set_value(True).run()
    assert not at.exception

    workspace.runs.delete(trained.svm)
    at.run()
    assert not at.exception
    assert {"en-US": "words place the examples", "zh-CN": "改由词语排布"}[locale] in texts(at)
    assert "TF-IDF" in texts(at)
