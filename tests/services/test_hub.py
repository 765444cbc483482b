"""Foundation models over HTTP, by the command line (once in a process of its own) and as a job, from a hub on this machine."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from engine.__main__ import main
from engine.models.preset_errors import HubInterrupted, PresetDamaged
from engine.models.presets import check, everything
from engine.services import preset_hub
from engine.services.inline import run_waiting
from engine.services.preset_hub import HubFile, OnHub, download, fetched, look
from engine.workspace import Workspace
from tests.models.tiny_presets import tiny_bert
from tests.services.hub import Hub, local_hub

ROOT = Path(__file__).parents[2]
NAME = "Somebody/Tiny_BERT"


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    with local_hub() as opened:
        opened.add(
            NAME,
            tiny_bert(tmp_path / "model"),
            **{"README.md": b"# not needed", "pytorch_model.bin": b"\x80\x04"},
        )
        yield opened


def here(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let this process ask the hub at `address`, as HF_ENDPOINT would from its start."""
    from huggingface_hub import constants

    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    monkeypatch.setattr(constants, "ENDPOINT", address)
    monkeypatch.setattr(
        constants, "HUGGINGFACE_CO_URL_TEMPLATE", address + "/{repo_id}/resolve/{revision}/{filename}"
    )


def left(bentu_home: Path) -> list[str]:
    """Files in the home, of the presets, without the locks."""
    found = (bentu_home / "presets").rglob("*")
    return sorted(path.name for path in found if path.is_file() and not path.name.endswith(".lock"))


def test_a_model_comes_over_http_whole_though_the_way_breaks_off_once(
    hub: Hub, bentu_home: Path, tmp_path: Path
) -> None:
    hub.cut = "model.safetensors"
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("HF_", "HTTP", "http"))}
    done = subprocess.run(
        [sys.executable, "-m", "engine", "presets", "fetch", f"hf://{NAME}"], cwd=ROOT, capture_output=True, text=True, timeout=60,
        env={**kept, "HF_ENDPOINT": hub.address, "HF_HOME": str(tmp_path / "hf"), "LC_ALL": "C.UTF-8"}, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    head, *files, last = done.stdout.splitlines()
    wanted = ("config.json", "model.safetensors", "tokenizer_config.json", "vocab.txt")
    kilobytes = -(-sum(len(hub.models[NAME][name]) for name in wanted) // 1000)
    assert head == f"{NAME} from {hub.address}: 4 files, {kilobytes} kB, licence mit"
    assert [line.split()[0] for line in files] == list(wanted)
    assert "somebody-tiny_bert is on this machine" in last
    first, *more = hub.ranges("model.safetensors")
    assert (first, len(more)) == ("", 1) and more[0] != "bytes=0-", "what had come was not asked for again"
    (preset,) = everything()
    check(preset)
    assert (preset.licence, preset.languages, preset.source) == ("mit", ("sw", "ha"), NAME)
    assert (preset.folder / "model.safetensors").read_bytes() == hub.models[NAME]["model.safetensors"]
    came = {path.rsplit("/", 1)[-1] for path, _ in hub.asked}
    assert not came & {"README.md", "pytorch_model.bin"}, "the pickle beside the weights stays where it is"
    others = [path for path, _ in hub.asked if NAME not in path]
    assert others == [], "the hub's client asks for nothing else"
    assert not list((bentu_home / "presets").glob(".fetch-*/*"))
    assert not (tmp_path / "hf").exists(), "nothing is left outside of the home"


def test_a_download_that_broke_off_says_so_and_the_next_one_goes_on(
    hub: Hub, bentu_home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    here(hub.address, monkeypatch)
    hub.cut, hub.gone = "model.safetensors", True
    assert main(["presets", "fetch", f"hf://{NAME}"]) == 1
    assert "broke off before" in capsys.readouterr().err
    assert everything() == [] and "preset.json" not in left(bentu_home), "nothing half is offered"
    assert left(bentu_home) == ["config.json", "model.safetensors.part"]
    place = next((bentu_home / "presets").glob(".fetch-*/*"))
    hub.dead, hub.asked = False, []
    assert look(NAME).room < 2 * look(NAME).size, "what is here takes no more room"
    (place / "vocab.txt").write_bytes(bytes(len(hub.models[NAME]["vocab.txt"])))  # as after a power cut
    killed = bentu_home / "presets" / ".another.part"
    killed.mkdir()
    assert main(["presets", "fetch", f"hf://{NAME}"]) == 0
    assert capsys.readouterr().err == ""
    assert not killed.exists(), "what an import left that was killed is gone"
    assert hub.ranges("config.json") == [], "it had come"
    assert hub.ranges("vocab.txt") == [""], "a file with the right name and other content is fetched again"
    half = len(hub.models[NAME]["model.safetensors"]) // 2
    assert hub.ranges("model.safetensors") == [f"bytes={half}-"]
    (preset,) = everything()
    check(preset)
    assert (preset.folder / "model.safetensors").read_bytes() == hub.models[NAME]["model.safetensors"]
    assert not list((bentu_home / "presets").glob(".fetch-*/*"))


def test_what_cannot_be_had_says_so_before_anything_starts(
    hub: Hub, bentu_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:  # fmt: skip
    hub.add("Somebody/Pickled", None, **{"config.json": b"{}", "pytorch_model.bin": b"\x80\x04"})
    hub.add("Somebody/Closed", tmp_path / "model")
    hub.gated.add("Somebody/Closed")
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        nowhere = f"http://127.0.0.1:{nobody.getsockname()[1]}"
        for address, asked, said in (
            (hub.address, "hf://Somebody/Nothing", "does not hand out the model “Somebody/Nothing”"),
            (hub.address, "hf://Somebody/Closed", "it wants a login"),
            (hub.address, "hf://Somebody/Pickled", "pytorch_model.bin"),
            (nowhere, "minilm-l6", f"must be fetched from {nowhere}, which cannot be reached"),
        ):
            here(address, monkeypatch)
            assert main(["presets", "fetch", asked]) == 1
            out, err = capsys.readouterr()
            assert out == "" and said in err
            assert len(err.splitlines()) == 2, "what happened, and what to do"
    assert [path for path, _ in hub.asked if "/resolve/" in path] == []
    assert not (bentu_home / "presets").exists()


def test_what_is_not_what_the_hub_lists_is_not_taken_over(
    hub: Hub, bentu_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here(hub.address, monkeypatch)
    listed = look(NAME)
    weights = hub.models[NAME]["model.safetensors"]
    for name, content in (
        ("model.safetensors", weights[::-1]),
        ("config.json", hub.models[NAME]["config.json"][::-1]),
    ):
        rightly = hub.models[NAME][name]
        hub.models[NAME][name] = content
        with pytest.raises(PresetDamaged, match=name), fetched(listed, bentu_home) as _:
            pass
        assert not list(bentu_home.glob(".fetch-*"))
        hub.models[NAME][name] = rightly
    hub.models[NAME]["model.safetensors"] = weights + bytes(20_000_000)
    (file,) = (one for one in listed.files if one.path == "model.safetensors")
    with (tmp_path / "endless").open("ab") as written:
        download(listed, file, written, lambda count: None)
        assert file.size < written.tell() < file.size + 1_000_000, (
            "it does not wait for the end of what is too long"
        )
    with pytest.raises(PresetDamaged, match=r"model\.safetensors"), fetched(listed, bentu_home) as _:
        pass
    hub.models[NAME]["model.safetensors"] = weights
    hub.add(
        "Somebody/Sly",
        tmp_path / "model",
        **{"assets/tokenizer/../../../../evil.json": b"{}", "model-/../../x.safetensors": b""},
    )
    assert {file.path for file in look("Somebody/Sly").files} == {file.path for file in listed.files}


def test_what_was_broken_off_long_ago_or_of_another_commit_is_cleared(
    hub: Hub, bentu_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here(hub.address, monkeypatch)
    stays, old, other = (
        bentu_home / f".fetch-{place}" for place in ("a--b/1", "c--d/1", "Somebody--Tiny_BERT/1")
    )
    for place in (stays, old, other):
        place.mkdir(parents=True)
    os.utime(old, (0, 0))
    with fetched(look(NAME), bentu_home) as where:
        assert (stays.exists(), old.exists(), other.exists()) == (True, False, False)
        assert {path.name for path in where.iterdir()} == {
            "config.json",
            "model.safetensors",
            "tokenizer_config.json",
            "vocab.txt",
        }
    assert not where.parent.exists()


def test_a_hub_that_begins_anew_each_time_and_breaks_off_is_not_asked_for_ever(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    import huggingface_hub

    lengths = [50, 40]

    class Flaky:
        status_code = 200

        @contextmanager
        def stream(self, *asked: object, **more: object) -> Iterator[Flaky]:
            yield self

        def iter_bytes(self) -> Iterator[bytes]:
            yield bytes(lengths.pop(0))
            raise RuntimeError("reset")

    monkeypatch.setattr(huggingface_hub, "get_session", Flaky)
    monkeypatch.setattr(huggingface_hub.utils, "hf_raise_for_status", lambda answer: None)
    file = HubFile("model.safetensors", 100, None, None)
    model = OnHub(NAME, "", (), "main", [file], "http://hub")
    with (tmp_path / "part").open("ab") as written, pytest.raises(RuntimeError, match="reset"):
        download(model, file, written, lambda count: None)
    assert lengths == []


def test_what_the_transport_says_is_shown_without_what_opens_a_door() -> None:
    said = "Client error '403 Forbidden' for url 'https://me:secret@cdn.hub/repo/model.safetensors?X-Amz-Signature=secret&a=1'\nmore"
    assert preset_hub._first_line(Exception(said)) == (
        "Client error '403 Forbidden' for url 'https://cdn.hub/repo/model.safetensors'"
    )


def test_the_page_brings_a_model_as_a_job_that_tells_how_far_it_is(
    hub: Hub, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    here(hub.address, monkeypatch)
    monkeypatch.setattr(preset_hub, "_BETWEEN_TOLD", 0.0)
    hub.models[NAME]["assets/tokenizer/more.txt"] = b"in a folder"
    project = workspace.projects.create("Reviews").id
    job = workspace.presets.bring(project, f"hf://{NAME}")
    run_waiting(workspace.scope)
    ended = workspace.jobs.get(job.id)
    (preset,) = everything()
    assert (ended.state, ended.result) == ("succeeded", {"reference": preset.reference})
    shares = [
        event.payload["fraction"] for event in workspace.jobs.events(job.id) if event.kind == "progress"
    ]
    assert shares == sorted(shares) and len(shares) >= 5 and shares[-1] == 1.0
    assert len(hub.ranges("more.txt")) == 1
    hub.cut, hub.gone = "model.safetensors", True
    hub.models["Somebody/Other"] = dict(hub.models[NAME])
    broken = workspace.presets.bring(project, "hf://Somebody/Other")
    run_waiting(workspace.scope)
    problem = workspace.jobs.get(broken.id).problem
    assert isinstance(problem, HubInterrupted)
    assert everything() == [preset]
