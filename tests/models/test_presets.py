"""Folders taken over as presets, what is refused and with which words, and what says so before anything starts."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.__main__ import main
from engine.errors import BentuError, fill
from engine.models.family import families, lacks
from engine.models.preset_catalogue import CATALOGUE
from engine.models.preset_errors import (
    PresetDamaged,
    PresetMissing,
    PresetName,
    PresetUnknownKind,
    PresetUnsafe,
    PresetVocabulary,
)
from engine.models.preset_head import guesses
from engine.models.preset_import import import_preset
from engine.models.preset_tokenizer import checkpoint_tokenizer
from engine.models.presets import ENCODERS, check, find, installed
from engine.params import fields_of
from engine.services.presets import list_presets
from tests.models.tiny_presets import tiny_bert, tiny_deberta, tiny_xlm_r
from tests.models.toys import MACHINE, texts_of, toy_facts

MAKERS = pytest.mark.parametrize("make", [tiny_bert, tiny_xlm_r, tiny_deberta])


@pytest.fixture
def home(bentu_home: Path) -> Path:
    return bentu_home / "presets"


@MAKERS
def test_a_folder_becomes_a_preset_with_its_digest(
    make: Callable[[Path], Path], home: Path, tmp_path: Path
) -> None:
    source = make(tmp_path / "source")
    preset = import_preset(source, home, "tiny", ["ha", "sw"])
    assert installed() == [preset] and find("tiny") == preset
    assert (preset.facts.layers, preset.facts.hidden, preset.facts.max_length) == (2, 16, 64)
    assert sorted(preset.files) == ["config.json", "model.safetensors", "tokenizer.json"]
    assert preset.coverage({"ha": 3, "en": 1}) == 0.75
    check(preset)
    again = import_preset(source, home, "tiny")
    assert again.digest == preset.digest
    (preset.folder / "config.json").write_text("{}")
    with pytest.raises(PresetDamaged, match=r"config\.json"):
        check(find("tiny"))


def test_one_that_was_damaged_since_is_listed_and_refused_where_it_is_used(
    home: Path, tmp_path: Path
) -> None:
    preset = import_preset(tiny_bert(tmp_path / "source"), home, "tiny")
    weights = preset.folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:50])
    assert not guesses(preset)
    weights.unlink()
    (line,) = (one for one in list_presets() if one.here)
    assert line.name == "tiny" and 0 < line.megabytes < 0.1
    assert not guesses(preset)
    with pytest.raises(PresetDamaged, match="model"):
        check(preset)


def rewritten(path: Path, **changes: object) -> None:
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def longer(path: Path, more: str) -> None:
    path.write_text(path.read_text(encoding="utf-8") + more, encoding="utf-8")


def spoil_values(folder: Path) -> None:
    from safetensors.numpy import load_file, save_file

    arrays = load_file(folder / "model.safetensors")
    arrays["pooler.dense.bias"][3] = np.nan
    save_file(arrays, folder / "model.safetensors")


def head(folder: Path, more: str, end: bytes = b"") -> None:
    """Let the header of the weights say one part more, `more`, and something stand behind all of them."""
    path = folder / "model.safetensors"
    content = path.read_bytes()
    length = int.from_bytes(content[:8], "little")
    said = content[8 : 8 + length].rstrip()[:-1] + more.encode() + b"}"
    path.write_bytes(len(said).to_bytes(8, "little") + said + content[8 + length :] + end)


def round_in_circles(folder: Path) -> None:
    import h5py  # type: ignore[import-untyped]

    config = folder / "config.json"
    size = json.loads(config.read_text())["vocab_size"]
    shape = {
        "num_layers": 2,
        "num_heads": 2,
        "hidden_dim": 16,
        "intermediate_dim": 32,
        "max_sequence_length": 64,
    }
    config.write_text(
        json.dumps({"class_name": "BertBackbone", "config": {**shape, "vocabulary_size": size}})
    )
    with h5py.File(folder / "model.weights.h5", "w") as file:
        layers = file.create_group("layers")
        layers["again"] = layers


def wrong_bytes(folder: Path) -> None:
    round_in_circles(folder)
    path = folder / "model.weights.h5"
    path.write_bytes(path.read_bytes().replace(b"HEAP", b"HEAQ"))


def cut_otherwise(folder: Path, **model: Any) -> None:
    """A `tokenizer.json` of the vocabulary, with other settings of its model; a number is that of the last piece."""
    said = json.loads(checkpoint_tokenizer(folder, "bert")[1].to_str())
    vocabulary = said["model"]["vocab"]
    vocabulary[list(vocabulary)[-1]] = model.pop("last", len(vocabulary) - 1)
    said["model"] |= model
    (folder / "tokenizer.json").write_text(json.dumps(said))


SPOILT: dict[str, tuple[Callable[[Path], object], type[BentuError], str]] = {
    "cut off": (
        lambda f: (f / "model.safetensors").write_bytes((f / "model.safetensors").read_bytes()[:-50]),
        PresetDamaged, "model.safetensors",
    ),
    "half a header": (
        lambda f: (f / "model.safetensors").write_bytes((f / "model.safetensors").read_bytes()[:40]),
        PresetDamaged, "model.safetensors",
    ),
    "a pickle under another name": (
        lambda f: (f / "model.safetensors").write_bytes(b"\x80\x04\x95" + b"x" * 500), PresetDamaged, "model.safetensors",
    ),
    "no numbers": (spoil_values, PresetDamaged, "pooler.dense.bias"),
    "parts that overlap": (
        lambda f: head(f, ', "x": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}'), PresetDamaged, "model.safetensors",
    ),
    "more than the header says": (lambda f: head(f, "", bytes(64)), PresetDamaged, "model.safetensors"),
    "an endless part": (
        lambda f: head(f, ', "x": {"dtype": "F32", "shape": [Infinity], "data_offsets": [0, 8]}'), PresetDamaged, "model.safetensors",
    ),
    "brackets without end": (lambda f: head(f, f', "x": {"[" * 100_000}'), PresetDamaged, "model.safetensors"),
    "a config of brackets": (lambda f: (f / "config.json").write_text("[" * 300_000), PresetDamaged, "config.json"),
    "groups in a circle": (round_in_circles, PresetDamaged, "layers/again"),
    "wrong bytes in a group": (wrong_bytes, PresetDamaged, "cut off"),
    "no list of parts": (
        lambda f: (f / "model.safetensors.index.json").write_text('{"weight_map": {"a": []}}'), PresetDamaged, "index.json",
    ),
    "positions that are a number": (
        lambda f: rewritten(f / "config.json", model_type="deberta-v2", pos_att_type=5), PresetUnknownKind, "deberta_v2",
    ),
    "no weights": (lambda f: (f / "model.safetensors").unlink(), PresetDamaged, "model.safetensors"),
    "a part outside": (
        lambda f: (f / "model.safetensors.index.json").write_text('{"weight_map": {"a": "../x.safetensors"}}'),
        PresetDamaged, "index.json",
    ),
    "a pickle beside": (lambda f: (f / "pytorch_model.bin").write_bytes(b"x"), PresetUnsafe, "pytorch_model.bin"),
    "another kind": (lambda f: rewritten(f / "config.json", model_type="llama"), PresetUnknownKind, "llama"),
    "two forms at once": (
        lambda f: rewritten(f / "config.json", class_name="Lambda", registered_name="keras_hub>BertBackbone", config={}),
        PresetUnknownKind, "Lambda",
    ),
    "relative positions": (
        lambda f: rewritten(f / "config.json", position_embedding_type="relative_key"), PresetUnknownKind, "relative_key",
    ),
    "no config": (lambda f: (f / "config.json").unlink(), PresetDamaged, "config.json"),
    "a width that is no number": (lambda f: rewritten(f / "config.json", hidden_size="16"), PresetDamaged, "hidden_size"),
    "more layers than there are": (lambda f: rewritten(f / "config.json", num_hidden_layers=3), PresetDamaged, "2 layers"),
    "another size of vocabulary": (lambda f: rewritten(f / "config.json", vocab_size=9000), PresetDamaged, "9000"),
    "more pieces than vectors": (
        lambda f: longer(f / "vocab.txt", "one\ntwo\n"), PresetVocabulary, "vocab.txt",
    ),
    "a piece twice": (
        lambda f: longer(f / "vocab.txt", "[PAD]\n"), PresetDamaged, "vocab.txt",
    ),
    "no vocabulary": (lambda f: (f / "vocab.txt").unlink(), PresetDamaged, "vocab.txt"),
    "a number beyond the vectors": (lambda f: cut_otherwise(f, last=999_999), PresetVocabulary, "1000000 pieces"),
    "a tokenizer that fails at a word": (lambda f: cut_otherwise(f, unk_token="?"), PresetDamaged, "tokenizer.json"),
    "a broken tokenizer": (lambda f: (f / "tokenizer.json").write_text('{"model": {}}'), PresetDamaged, "tokenizer.json"),
}  # fmt: skip


@pytest.mark.parametrize("how", SPOILT, ids=lambda how: how.replace(" ", "_"))
def test_what_cannot_be_trusted_is_refused_by_name(how: str, home: Path, tmp_path: Path) -> None:
    source = tiny_bert(tmp_path / "source")
    spoil, error, named = SPOILT[how]
    spoil(source)
    with pytest.raises(error) as caught:
        import_preset(source, home, "tiny")
    said = fill(caught.value.message, caught.value.params)
    assert named in said
    assert "{" not in said + fill(caught.value.remedy, caught.value.params)
    assert not installed()
    assert not home.exists() or not list(home.iterdir())


def test_a_card_tells_languages_and_licence(home: Path, tmp_path: Path) -> None:
    source = tiny_bert(tmp_path / "source")
    card = source / "README.md"
    card.write_text(
        "---\nlanguage:\n- multilingual\n- sw\n- no\nlicense: mit\n---\n# A model\n", encoding="utf-8"
    )
    preset = import_preset(source, home, "tiny")
    assert (preset.languages, preset.licence) == (("sw", "no"), "mit")
    assert import_preset(source, home, "tiny", ["ha"]).languages == ("ha",)
    lists = "".join(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]\n" for n in range(1, 30))
    endless = f"---\na0: &a0 en\n{lists}language: [*a29]\nlicense: *a29\n---\n"
    for unread in ("", "---\nlanguage: [\n---\n", "---\n- en\n---\n", "no head", "\udcff", endless):
        card.write_bytes(unread.encode("utf-8", "surrogateescape"))
        assert import_preset(source, home, "tiny").languages == ()


def test_albert_reads_small_letters_without_accents(tmp_path: Path) -> None:
    import sentencepiece

    texts = [text.lower() for text in texts_of(400, seed=9)[0]]
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(texts), model_prefix=str(tmp_path / "spiece"), vocab_size=120, hard_vocab_limit=False,
        minloglevel=2, pad_id=0, unk_id=1, bos_id=-1, eos_id=-1, control_symbols=["[CLS]", "[SEP]", "[MASK]"],
    )  # fmt: skip
    _, tokenizer = checkpoint_tokenizer(tmp_path, "albert")
    own = sentencepiece.SentencePieceProcessor(model_file=str(tmp_path / "spiece.model"))
    for text, plain in (
        ("Great  Taste", "great taste"),
        ("Café ``ọ̀nà''", 'cafe "ona"'),
        ("slow AND rude 好吃", "slow and rude 好吃"),
    ):
        inner = tokenizer.encode(text).ids[1:-1]
        assert inner == own.encode(plain), text
    assert tokenizer.encode("").tokens == ["[CLS]", "[SEP]"]


@pytest.mark.parametrize("name", ["", "..", "../tiny", "Tiny", "a b", ".tiny", "x" * 61])
def test_a_name_is_no_path(name: str, home: Path, tmp_path: Path) -> None:
    with pytest.raises(PresetName):
        import_preset(tiny_bert(tmp_path / "source"), home, name)
    with pytest.raises(PresetMissing):
        find(name)


def test_without_a_preset_the_family_says_how_to_get_one(home: Path, tmp_path: Path) -> None:
    family = families.get("foundation")
    reason = family.unsuitable(toy_facts(), MACHINE)
    assert reason is not None
    assert "make minilm" in reason.message
    tiny = import_preset(tiny_bert(tmp_path / "source"), home, "tiny")
    assert family.unsuitable(toy_facts(), MACHINE) is None
    assert family.defaults("quick", toy_facts(), MACHINE).preset == tiny.reference  # type: ignore[attr-defined]
    assert (fields_of(family.Params)[0].offers or {}) == {tiny.reference: "tiny"}
    changed = tiny_deberta(tmp_path / "other")
    import_preset(changed, home, "tiny")
    params = family.Params(preset=tiny.reference)
    reason = lacks(family, params)
    assert reason is not None and "another copy" in reason.message
    assert lacks(family, family.Params(preset="tiny")) is None


def test_the_preset_that_knows_the_languages_is_taken(home: Path, tmp_path: Path) -> None:
    source = tiny_bert(tmp_path / "source")
    for name, languages in (("a-english", ["en"]), ("b-african", ["sw", "ha"])):
        import_preset(source, home, name, languages)
    facts = toy_facts()
    facts = type(facts)(**{**vars(facts), "extra": {"languages": {"sw": 80, "en": 20}}})
    for dial in ("quick", "balanced", "thorough"):
        chosen = families.get("foundation").defaults(dial, facts, MACHINE).preset  # type: ignore[arg-type, attr-defined]
        assert chosen == find("b-african").reference


def test_the_command_line_lists_imports_and_refuses(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LC_ALL", "en")
    source = tiny_bert(tmp_path / "tiny")
    assert main(["presets", "import", str(source), "--language", "en"]) == 0
    assert main(["presets", "list"]) == 0
    listed = capsys.readouterr().out
    assert all(entry.name in listed for entry in CATALOGUE)
    assert "on this machine" in next(line for line in listed.splitlines() if line.startswith("tiny:"))
    assert "{" not in listed
    (source / "model.pkl").touch()
    assert main(["presets", "import", str(source), "--name", "other"]) == 1
    assert "model.pkl" in capsys.readouterr().err


def test_the_catalogue_is_sound() -> None:
    assert len({entry.name for entry in CATALOGUE}) == len(CATALOGUE)
    for entry in CATALOGUE:
        assert entry.architecture in ENCODERS and entry.languages and entry.licence
        assert 3.5 < entry.megabytes / entry.parameters * 1e6 < 4.5, "weights of four bytes"


def test_an_import_that_fails_leaves_the_earlier_one(home: Path, tmp_path: Path) -> None:
    source = tiny_bert(tmp_path / "source")
    first = import_preset(source, home, "tiny")
    shutil.rmtree(source)
    with pytest.raises(PresetDamaged):
        import_preset(source, home, "tiny")
    assert find("tiny") == first
