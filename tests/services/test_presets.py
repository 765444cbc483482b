"""Foundation models that a recipe or a person names: by name, as a folder, on the hub; and what stands in the way."""

from __future__ import annotations

import errno
import shutil
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import huggingface_hub
import pytest
from huggingface_hub.errors import RepositoryNotFoundError

from engine.__main__ import main
from engine.errors import fill
from engine.models.preset_errors import (
    HubRefuses,
    HubUnreachable,
    HubUnsafe,
    PresetChanged,
    PresetDamaged,
    PresetMissing,
    PresetNoFolder,
    PresetUnlisted,
)
from engine.models.preset_import import import_preset
from engine.models.presets import everything, find
from engine.recipe import Part, Recipe
from engine.services import preset_hub
from engine.services.inline import run_waiting
from engine.services.presets import bring, fetch, list_presets, take_over, with_presets
from engine.storage.errors import DiskFull, LowSpace
from engine.workspace import DatasetVersion, Workspace
from tests.models.tiny_presets import tiny_bert, tiny_deberta, tiny_xlm_r


def names() -> list[str]:
    return [preset.name for preset in everything()]


def asking(preset: str) -> Recipe:
    return Recipe(
        task="text-classification", data="v", family=Part(name="foundation", params={"preset": preset})
    )


def test_a_recipe_that_names_a_folder_keeps_the_copy_when_the_folder_goes(
    bentu_home: Path, tmp_path: Path
) -> None:
    source = tiny_bert(tmp_path / "My Mödel (v2)")
    exact = with_presets(asking("./My Mödel (v2)"), tmp_path).family.params["preset"]
    assert exact == find("my-m-del-v2").reference
    assert with_presets(asking(str(source)), Path("/")).family.params["preset"] == exact, (
        "the same content is the same copy"
    )
    assert names() == ["my-m-del-v2"]
    shutil.rmtree(source)
    tiny_deberta(source)
    other = bring(str(source), tmp_path)
    assert other.architecture == "deberta_v3" and other.name == f"my-m-del-v2-{other.digest[:8]}"
    assert find(exact).architecture == "bert", "what earlier recipes mean is still here"
    assert bring(str(source), tmp_path) == other
    shutil.rmtree(source)
    assert with_presets(asking(exact), tmp_path).family.params["preset"] == exact
    assert with_presets(asking("my-m-del-v2"), tmp_path).family.params["preset"] == exact
    for gone, error in (
        (f"{exact[:-1]}x", PresetChanged),
        ("no-such", PresetMissing),
        (" ", PresetMissing),
        (str(source), PresetNoFolder),
        ("x" * 300, PresetMissing),
        (f"/{'y' * 300}", PresetNoFolder),
        ("~nobody-of-this-name/model", PresetNoFolder),
        ("/no\0file", PresetNoFolder),
    ):
        with pytest.raises(error):
            with_presets(asking(gone), tmp_path)


def test_a_recipe_whose_model_cannot_be_had_is_refused_before_anything_is_imported(
    tmp_path: Path, bentu_home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "rows.csv").write_text("text,label\na,x\n")
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text(
        "task: text-classification\ndata: {file: rows.csv, roles: {text: input, label: label}}\n"
        "family: {name: foundation, params: {preset: ./nowhere}}\n"
    )
    assert main(["run", str(recipe)]) == 1
    assert "nowhere" in capsys.readouterr().err
    assert not list((bentu_home / "uploads").glob("*"))


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., list[str]]:
    """`hub(folder)` stands in for the hub with that folder as every model; it returns what was asked for since."""

    def with_model(
        folder: Path | None, extra: Sequence[str] = (), problem: Exception | None = None
    ) -> list[str]:
        asked: list[str] = []

        def info(self: Any, repository: str, **wanted: Any) -> Any:
            asked.append(repository)
            if problem:
                raise problem
            found = [*(sorted(path.name for path in folder.iterdir()) if folder else ()), *extra]
            sizes = {path.name: path.stat().st_size for path in folder.iterdir()} if folder else {}
            files = [
                SimpleNamespace(rfilename=name, size=sizes.get(name, 1000), lfs=None, blob_id=None)
                for name in found
            ]
            card = SimpleNamespace(license="mit", language=["sw", "ha"])
            return SimpleNamespace(siblings=files, card_data=card, sha=40 * "0")

        def download(model: Any, file: Any, written: Any, told: Any) -> None:
            assert folder is not None
            written.write((folder / file.path).read_bytes())

        monkeypatch.setattr(huggingface_hub.HfApi, "model_info", info)
        monkeypatch.setattr(preset_hub, "download", download)
        return asked

    return with_model


def test_a_model_of_the_hub_is_fetched_once(hub: Any, bentu_home: Path, tmp_path: Path) -> None:
    asked = hub(tiny_xlm_r(tmp_path / "hub"))
    mine = bring("hf://Somebody/Local_XLM", tmp_path)
    assert (mine.name, mine.licence, mine.languages) == ("somebody-local_xlm", "mit", ("sw", "ha"))
    assert fetch("xlm-r-base").languages[0] == "af", "the catalogue says what it has read"
    assert bring("xlm_roberta_base_multi", tmp_path).source == "keras/xlm_roberta_base_multi"
    assert len(asked) == 3
    hub(None, problem=OSError("no network"))
    assert bring("hf://Somebody/Local_XLM", tmp_path) == mine
    assert (
        with_presets(asking("xlm_roberta_base_multi"), tmp_path).family.params["preset"].startswith("keras-")
    )
    assert not list((bentu_home / "presets").glob(".fetch-*"))


def test_what_cannot_be_fetched_says_so_before_anything_starts(
    hub: Any,
    bentu_home: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    gone = RepositoryNotFoundError("404", response=SimpleNamespace(headers={}, request=None, status_code=404))  # type: ignore[arg-type]
    for problem, error in (
        (ConnectionError("[Errno -2] Name or service not known"), HubUnreachable),
        (gone, HubRefuses),
    ):
        hub(None, problem=problem)
        with pytest.raises(error):
            fetch("xlm-r-base")
    assert main(["presets", "fetch", "bert-base"]) == 1
    assert "bert-base" in capsys.readouterr().err
    hub(None, extra=["config.json", "pytorch_model.bin", "tf_model.h5"])
    with pytest.raises(HubUnsafe, match=r"pytorch_model\.bin"):
        bring("hf://Somebody/Pickled", tmp_path)
    hub(tiny_bert(tmp_path / "hub"))
    monkeypatch.setenv("BENTU_MIN_FREE_MB", "1000000000")
    with pytest.raises(LowSpace):
        fetch("bert-base")
    with pytest.raises(PresetUnlisted):
        fetch("no such model")
    assert not (bentu_home / "presets").exists()


def test_a_worker_looks_again_before_it_reads_the_data(
    workspace: Workspace, imported: Callable[..., DatasetVersion], bentu_home: Path, tmp_path: Path
) -> None:
    version = imported()
    model = bring(str(tiny_bert(tmp_path / "model")), tmp_path)
    recipe = workspace.recipes.choose(version.project_id, "foundation", "quick")
    assert recipe.family.params["preset"] == model.reference
    run = workspace.runs.submit(version.project_id, recipe)
    shutil.rmtree(model.folder)
    run_waiting(workspace.scope)
    ended = workspace.runs.get(run.id)
    assert ended.error is not None and ended.error.code == "FAMILY_UNSUITABLE"
    assert "“model” is not on this machine" in fill(ended.error.message, ended.error.params)
    assert ended.split_id is None


def test_two_imports_at_once_do_not_mix(bentu_home: Path, tmp_path: Path) -> None:
    places = [make(tmp_path / kind / "model") for make, kind in ((tiny_bert, "a"), (tiny_deberta, "b"))]
    with ThreadPoolExecutor(4) as pool:
        brought = list(pool.map(lambda place: bring(str(place), tmp_path), places * 2))
    assert len({preset.reference for preset in brought}) == 2
    for preset in brought:
        assert find(preset.reference).architecture == preset.architecture
    assert len(names()) == 2


def test_a_full_disk_leaves_the_earlier_model_and_nothing_half_done(
    bentu_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = tiny_bert(tmp_path / "model")
    earlier = take_over(source, None)

    def full(*args: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(shutil, "copyfile", full)
    with pytest.raises(DiskFull):
        take_over(source, None)
    assert everything() == [earlier]
    assert sorted(path.name for path in (bentu_home / "presets").iterdir()) == [".lock", "model"]


def test_links_are_copied_as_what_they_point_to(bentu_home: Path, tmp_path: Path) -> None:
    """The hub's own cache is a folder of links; what is taken over must not change or go with their targets."""
    source, store = tiny_bert(tmp_path / "model"), tmp_path / "blobs"
    store.mkdir()
    for name in ("model.safetensors", "vocab.txt"):
        (source / name).rename(store / name)
        (source / name).symlink_to(store / name)
    preset = take_over(source, None)
    assert not any((preset.folder / name).is_symlink() for name in preset.files)
    shutil.rmtree(store)
    with pytest.raises(PresetDamaged, match=r"model\.safetensors"):
        take_over(source, "again")
    (source / "model.safetensors").unlink()
    (source / "model.safetensors").symlink_to("/dev/zero")
    with pytest.raises(PresetDamaged, match=r"model\.safetensors"):
        take_over(source, "again")
    assert names() == ["model"]


def test_the_list_says_what_each_model_is_and_takes(bentu_home: Path, tmp_path: Path) -> None:
    import_preset(tiny_bert(tmp_path / "model"), bentu_home / "presets", "minilm-l6")
    first, *others = list_presets()
    assert (first.name, first.here, first.licence) == ("minilm-l6", True, "Apache-2.0")
    assert all(
        line.memory > 1.6e9 and line.megabytes > 0 and line.languages and not line.here for line in others
    )
    assert "minilm-l6" not in {line.name for line in others}


def test_of_each_model_it_is_known_how_many_of_the_texts_it_has_the_language_of(
    workspace: Workspace, imported: Callable[..., DatasetVersion], tmp_path: Path
) -> None:
    version = imported(120)  # English
    take_over(tiny_bert(tmp_path / "mine"), "mine", ["yo"])
    take_over(tiny_bert(tmp_path / "silent"), "silent")
    found = workspace.presets.familiar(version.id)
    assert found["mine"] == 0
    assert "silent" not in found
    assert found["bert-base"] > 0.9
    assert found["bert-base-zh"] == 0
    assert found["xlm-r-base"] >= found["bert-base"] - 0.05
    assert set(found) <= {line.name for line in workspace.presets.list()}
