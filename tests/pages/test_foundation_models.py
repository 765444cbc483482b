"""The list of foundation models on the model page, and one brought here by it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from engine.models.presets import find
from engine.services import presets
from engine.services.inline import run_waiting
from engine.services.preset_hub import HubFile, OnHub
from engine.storage.home import free_mb, require_space
from engine.workspace import Workspace
from tests.models.tiny_presets import tiny_bert
from tests.pages.conftest import import_text, texts


def test_a_folder_named_on_the_page_is_brought_here_and_chosen(
    trained: Any, open_page: Any, workspace: Workspace, tmp_path: Path
) -> None:
    at = open_page("model", project=trained.project)
    table = at.dataframe[0].value
    assert {"xlm-r-base", "bert-base-zh"} <= set(table.iloc[:, 0])
    assert "Language read" not in table.columns, "of texts like “food number 7” no language is recognised"
    at.text_input(key="preset_asked").set_value(str(tmp_path / "nowhere"))
    at.button(key="preset_bring").click().run()
    assert "nowhere" in texts(at)
    assert not workspace.jobs.active(trained.project)
    at.text_input(key="preset_asked").set_value(str(tiny_bert(tmp_path / "my-model")))
    at.button(key="preset_bring").click().run()
    run_waiting(workspace.scope)
    at.run()
    assert not at.exception
    assert at.dataframe[0].value.iloc[0, 0] == "my-model"
    assert "“my-model” is on this machine now" in at.success[0].value.replace("\\", "")
    at.button(key="family_choose_foundation").click().run()
    assert at.selectbox(key="param_foundation_preset").value == find("my-model").reference
    at.text_input(key="preset_asked").set_value(str(tiny_bert(tmp_path / "another")))
    at.button(key="preset_bring").click().run()
    run_waiting(workspace.scope)
    at.run()
    assert at.selectbox(key="param_foundation_preset").value == find("another").reference, (
        "the last one is chosen"
    )
    (tmp_path / "empty").mkdir()
    at.text_input(key="preset_asked").set_value(str(tmp_path / "empty"))
    at.button(key="preset_bring").click().run()
    run_waiting(workspace.scope)
    assert "cannot be read" in at.run().error[0].value
    at.text_input(key="preset_asked").set_value("")
    at.button(key="preset_bring").click().run()
    assert not at.error and not at.success, "what went wrong with the last try is no answer to this one"
    assert "First say which one" in texts(at)


def test_what_would_come_from_the_hub_is_listed_before_it_is_asked_for(
    trained: Any, open_page: Any, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = [HubFile("config.json", 900, None, None), HubFile("model.safetensors", 3_000_000, None, None)]
    model = OnHub("Somebody/Big", "", (), "main", files, "https://hub.example")

    def seen(repository: str) -> OnHub:
        require_space(more=model.room)
        return model

    monkeypatch.setattr(presets, "look", seen)
    at = open_page("model", project=trained.project)
    at.text_input(key="preset_asked").set_value("hf://Somebody/Big")
    at.button(key="preset_bring").click().run()
    shown = texts(at)
    assert "Somebody/Big from https" in shown and "2 files, 3 MB, licence not stated" in shown
    assert "takes 6 MB there" in shown and "presets" in shown
    assert list(at.dataframe[1].value["Size"]) == ["900 B", "3 MB"]
    assert not workspace.jobs.active(trained.project), "nothing was begun"
    at.button(key="preset_decline").click().run()
    assert "preset_fetch" not in [button.key for button in at.button]
    at.button(key="preset_bring").click().run()
    at.button(key="preset_fetch").click().run()
    assert not at.exception
    assert [job.kind for job in workspace.jobs.active(trained.project)] == ["preset"]
    assert "preset_fetch" not in [button.key for button in at.button]
    monkeypatch.setenv("BENTU_MIN_FREE_MB", str(2 * free_mb()))
    at.button(key="preset_bring").click().run()
    assert "are free on the disk that holds" in texts(at)
    assert "preset_fetch" not in [button.key for button in at.button]


@pytest.mark.parametrize(("locale", "column"), [("en-US", "Language read"), ("zh-CN", "读过的语言")])
def test_each_model_says_of_how_many_of_the_texts_it_has_read_the_language(
    workspace: Workspace, open_page: Any, locale: str, column: str
) -> None:
    project = workspace.projects.create("English")
    table = "text,label\n" + "".join(
        f"The courier was late again and the soup had gone cold by the time it came {i},{i % 2}\n" for i in range(60)
    )  # fmt: skip
    import_text(workspace, project.id, table, text="input", label="label")
    at = open_page("model", locale=locale, project=project.id)
    assert not at.exception
    shown = at.dataframe[0].value
    known = dict(zip(shown.iloc[:, 0], shown[column], strict=True))
    assert known["bert-base"] > 90 > 10 > known["bert-base-zh"]
