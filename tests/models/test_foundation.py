"""Foundation models adapted: one model whatever its form, its own tokens, the adapter file, the cache, what thaws when."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.models import embeddings
from engine.models.backbone import (
    ADAPTER,
    depths,
    load_adapter,
    load_backbone,
    merge_lora,
    take_up,
    with_tokens,
)
from engine.models.family import Discarded, families
from engine.models.features.checkpoint_tokens import CheckpointTokens
from engine.models.network import probabilities, with_softmax
from engine.models.preset_errors import PresetDamaged
from engine.models.preset_head import find_head
from engine.models.preset_import import import_preset
from engine.models.presets import ENCODERS, Preset, PresetFacts, find
from engine.models.text.foundation import FoundationParams, adapted, shares
from engine.training import pretraining
from tests.models.tiny_presets import (
    LAYERS,
    in_keras_form,
    keras_tokenizer,
    tiny_albert,
    tiny_bert,
    tiny_deberta,
    tiny_distilbert,
    tiny_roberta,
    tiny_xlm_r,
    with_head,
)
from tests.models.toys import Line, Shelf, eagerly, texts_of, toy_data

TEXTS = [*texts_of(30, seed=5)[0], "", "Café Yorùbá ọ̀nà，好", "great  taste! unheard-of"]
FAMILY: Any = families.get("foundation")


@pytest.fixture
def tiny(bentu_home: Path, tmp_path: Path) -> Preset:
    return import_preset(tiny_bert(tmp_path / "source"), bentu_home / "presets", "tiny")


def test_another_way_of_adapting_takes_what_suits_it_and_keeps_what_was_set_by_hand() -> None:
    before = FAMILY.Params(
        adapt="lora", epochs=20, patience=2, learning_rate=2e-3, decay="linear", warmup=0.06, clip=1.0
    )
    after = FAMILY.following(before, before.model_copy(update={"adapt": "full"}))
    assert (after.learning_rate, after.warmup, after.weight_decay, after.epochs) == (5e-5, 0.1, 0.01, 20)
    assert FAMILY.following(after, after.model_copy(update={"adapt": "lora"})) == before
    assert FAMILY.following(before, before.model_copy(update={"epochs": 9})).learning_rate == 2e-3


def test_a_layer_further_down_learns_less_and_thaws_later() -> None:
    paths = [
        "token_embedding/embeddings", "embeddings_layer_norm/gamma", "transformer_layer_0/self_attention_layer/query/kernel",
        "transformer_layer_11/feedforward_output_dense/bias", "logits/kernel",
    ]  # fmt: skip
    found = depths(paths, 12)
    assert found == [0, 0, 1, 12, 13]
    deberta = [
        "rel_embedding/rel_embedding",
        "disentangled_attention_encoder_layer_3/self_attention_layer/key/bias",
    ]
    assert depths(deberta, 12) == [0, 4]
    whole = shares(FoundationParams(adapt="full", layer_decay=0.5), found, 12)
    assert whole is not None
    assert whole(0) == whole(7) == pytest.approx([0.5**13, 0.5**13, 0.5**12, 0.5, 1])
    gradual = shares(FoundationParams(adapt="gradual", thaw=4, layer_decay=1), found, 12)
    assert gradual is not None
    assert [list(gradual(epoch)) for epoch in range(5)] == [
        [0, 0, 0, 0, 1], [0, 0, 0, 1, 1], [0, 0, 0, 1, 1], [0, 0, 1, 1, 1], [1, 1, 1, 1, 1],
    ]  # fmt: skip
    for params in ({"adapt": "frozen"}, {"adapt": "lora"}, {"adapt": "full", "layer_decay": 1}):
        assert shares(FoundationParams(**params), found, 12) is None


FORMS: dict[str, tuple[Callable[[Path], Path], str]] = {
    "bert": (tiny_bert, "Bert"), "distilbert": (tiny_distilbert, "DistilBert"), "roberta": (tiny_roberta, "Roberta"),
    "xlm_roberta": (tiny_xlm_r, "XLMRoberta"), "albert": (tiny_albert, "Albert"), "deberta_v3": (tiny_deberta, "DebertaV3"),
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("architecture", ENCODERS)
def test_both_forms_of_every_architecture_are_one_model_with_the_tokens_of_its_own_library(
    architecture: str, bentu_home: Path, tmp_path: Path
) -> None:
    make, kind = FORMS[architecture]
    source, home = make(tmp_path / "source"), bentu_home / "presets"
    import_preset(source, home, "theirs")
    import_preset(in_keras_form(source, tmp_path / "keras", kind), home, "ours")
    answers = []
    for name, form in (("theirs", "hugging_face"), ("ours", "keras")):
        preset = find(name)
        assert (preset.form, preset.architecture) == (form, architecture)
        tokens = CheckpointTokens.of_preset(preset.folder, 32)
        assert tokens.pad == (1 if "roberta" in architecture else 0)
        model, vectors = adapted(load_backbone(preset), tokens.pad, FoundationParams(adapt="frozen"), 2)
        ids = tokens.transform(TEXTS)[:]
        answers.append(np.asarray(vectors(ids)))
        padded = np.pad(ids, ((0, 0), (0, 16)), constant_values=tokens.pad)
        assert np.asarray(vectors(padded)) == pytest.approx(answers[-1], abs=1e-5)
        assert [v.path for v in model.trainable_variables] == ["logits/kernel", "logits/bias"]
    assert answers[0] == pytest.approx(answers[1], abs=1e-6)
    line = Line(tmp_path / "map")
    assert embeddings.preset_embeddings(preset, TEXTS, line.training) == pytest.approx(answers[1], abs=1e-5)
    assert [payload["fraction"] < 0.1 for payload in line.of("progress")] == [True]  # type: ignore[operator]

    theirs = keras_tokenizer(source, kind)
    plain = TEXTS[:31]  # KerasHub folds full-width signs, which the checkpoints' own tokenizers keep
    if architecture == "albert":  # its own takes accents off, KerasHub's does not
        plain = [text for text in plain if text.isascii()]
    rows = tokens.transform(plain)
    for number, text in enumerate(plain):
        inner = rows[np.array([number])][0][1 : rows.lengths[number] - 1]
        assert inner.tolist() == [int(i) for i in np.asarray(theirs(text))], text

    backbone = load_backbone(preset)
    new = preset.facts.vocabulary
    larger = with_tokens(backbone, {new: [5, 7]})
    table = larger.token_embedding.embeddings.numpy()
    assert len(table) == new + 1
    assert table[new] == pytest.approx((table[5] + table[7]) / 2)
    assert [v.path for v in larger.trainable_variables] == [v.path for v in backbone.trainable_variables]
    _, wider = adapted(larger, tokens.pad, FoundationParams(adapt="frozen"), 2)
    assert np.array_equal(np.asarray(wider(ids)), answers[1])
    found = depths([v.path for v in backbone.trainable_variables], LAYERS)
    # ALBERT uses its one layer at every depth, the last included
    assert set(found) == ({0, LAYERS} if architecture == "albert" else set(range(LAYERS + 1)))
    backbone.enable_lora(2)
    lora = [v.path for v in backbone.trainable_variables if "lora" in v.path]
    assert len(lora) == len(set(lora)) >= 4


@pytest.mark.slow
@pytest.mark.parametrize("pooling", ["first", "max"])
def test_padding_is_not_read(pooling: Any, tiny: Preset) -> None:
    """The mean is looked at with every architecture."""
    tokens = CheckpointTokens.of_preset(tiny.folder, 32)
    params = FoundationParams(adapt="frozen", pooling=pooling)
    _, vectors = adapted(load_backbone(tiny), tokens.pad, params, 2)
    ids = tokens.transform(TEXTS)[:]
    padded = np.pad(ids, ((0, 0), (0, 16)), constant_values=tokens.pad)
    assert np.asarray(vectors(padded)) == pytest.approx(np.asarray(vectors(ids)), abs=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("make", [tiny_xlm_r, tiny_deberta])
@eagerly()
def test_an_adapter_reloaded_gives_the_same_answers(
    make: Callable[[Path], Path], bentu_home: Path, line: Line, tmp_path: Path
) -> None:
    tiny = import_preset(make(tmp_path / "source"), bentu_home / "presets", "tiny")
    params = FoundationParams(
        preset="tiny", adapt="lora", rank=4, epochs=2, batch_size=64, learning_rate=0.01
    )
    fitted = FAMILY.fit(toy_data(), params, line.training)
    fitted.save(tmp_path)
    expected = fitted.predict_proba(TEXTS)
    assert np.abs(fitted.validated - fitted.predict_proba(toy_data().validation_inputs)).max() < 1e-6

    arrays = load_adapter(tmp_path / ADAPTER)
    assert {name.split("|")[-1] for name in arrays} == {
        "lora_kernel_a",
        "lora_kernel_b",
        "bias",
        "kernel",
        "temperature",
    }
    tokens = CheckpointTokens.load(tmp_path)
    backbone = load_backbone(tiny)
    model, _ = adapted(backbone, tokens.pad, params, 2)
    unlearnt = np.asarray(with_softmax(model, 1.0)(tokens.transform(TEXTS)[:]))
    take_up(model, arrays)
    merge_lora(backbone)
    again = with_softmax(model, float(arrays["temperature"]))
    assert probabilities(np.asarray(again(tokens.transform(TEXTS)[:]))) == pytest.approx(expected, abs=1e-6)
    assert np.abs(unlearnt - expected).max() > 0.01, "the adapter changes the answers"
    assert FAMILY.load(tmp_path).predict_proba(TEXTS) == pytest.approx(expected, abs=1e-5)
    saved = list(line.training.checkpoints.glob("generation-*.npz"))
    with np.load(saved[0]) as stored:
        assert not [n for n in stored.files if n.startswith("model/") and stored[n].shape == (tiny.facts.vocabulary, 16)], (
            "no checkpoint holds what never changes"
        )  # fmt: skip


@pytest.mark.slow
@eagerly()
def test_a_frozen_model_reads_every_text_once(
    tiny: Preset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    params = FoundationParams(
        preset="tiny", adapt="frozen", epochs=3, batch_size=32, patience=0, learning_rate=0.05
    )
    shelf = Shelf()
    training, later = (replace(Line(tmp_path / name).training, vectors=shelf) for name in ("first", "later"))
    fitted = FAMILY.fit(toy_data(), params, training)
    first = fitted.predict_proba(TEXTS)
    known = fitted.predict_proba(toy_data().validation_inputs)
    assert np.abs(fitted.validated - known).max() < 1e-5, "the stretched vectors, or the weights that stretch"
    assert [len(vectors) for vectors in shelf.values()] == [120, 60]

    def never(*args: object) -> None:
        raise AssertionError("read again")

    with monkeypatch.context() as patched:
        patched.setattr(embeddings, "_computed", never)
        second = FAMILY.fit(toy_data(), params, later).predict_proba(TEXTS)
        other = FoundationParams(**{**params.model_dump(), "pooling": "max"})
        with pytest.raises(AssertionError, match="read again"):
            FAMILY.fit(toy_data(), other, later)
    assert np.array_equal(first, second)


@pytest.mark.slow
@eagerly()
def test_pretraining_with_new_words_goes_on_where_it_was_ended_and_is_served_as_trained(
    bentu_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tiny = import_preset(with_head(tiny_bert(tmp_path / "source")), bentu_home / "presets", "tiny")
    monkeypatch.setattr(pretraining, "_BETWEEN_CHECKPOINTS", 0)
    data = replace(
        toy_data(60), unlabelled_inputs=[f"dandy {text}" for text in texts_of(20, seed=9)[0]],
        general_inputs=texts_of(100, seed=11)[0],
    )  # fmt: skip
    params = FoundationParams(
        preset="tiny", epochs=2, batch_size=64, pretraining=4, pretraining_rate=0.01, new_words=5, general="version",
        general_share=0.2,
    )  # fmt: skip
    whole, ended, resumed = (
        Line(tmp_path / "a"),
        Line(tmp_path / "b", "discard", after=5),
        Line(tmp_path / "b"),
    )
    shelf = Shelf()
    fitted = FAMILY.fit(data, params, replace(whole.training, vectors=shelf))
    with pytest.raises(Discarded):
        FAMILY.fit(data, params, ended.training)
    again = FAMILY.fit(data, params, resumed.training)
    texts = [*TEXTS, "Dandy", "no dandy, great taste"]
    expected = fitted.predict_proba(texts)
    assert np.array_equal(again.predict_proba(texts), expected)
    assert [said["epoch"] for said in guessed(resumed)] == [3, 4]
    assert float(guessed(whole)[-1]["loss"]) < 0.95 * float(guessed(whole)[0]["loss"])
    assert not fitted.adapter, "what was learnt does not fit the model as it was imported"

    (tmp_path / "a" / pretraining.FOLDER / "generation-000004.npz").unlink()
    FAMILY.fit(data, params, replace(Line(tmp_path / "a", "keep").training, vectors=shelf))
    assert len(shelf) == 4, "other weights read the texts anew"

    read = next(log["params"] for log in whole.of("log") if "general texts" in str(log["message"]))
    assert read == {"count": "20", "mixed": "80", "held": "20"}
    checks = [
        note
        for line in (whole, resumed)
        for note in line.of("note")
        if "Forgetting check" in str(note["message"])
    ]
    assert checks[0] == checks[1], "what was before is of the model as it was imported, also after a break"
    figures: Any = checks[0]["params"]
    assert figures["after"] < figures["before"], "these general texts are like the local ones"

    said = next(log["params"] for log in whole.of("log") if "new words" in str(log["message"]))
    assert said["added"] == "1"  # type: ignore[index]
    assert float(said["after"]) < float(said["before"]) - 0.1  # type: ignore[index]
    fitted.save(tmp_path)
    served = FAMILY.load(tmp_path)
    ids = CheckpointTokens.load(tmp_path).transform(texts)[:]
    assert ids[-2, 1] == tiny.facts.vocabulary
    assert np.array_equal(ids, fitted.encoder.transform(texts)[:])
    assert served.predict_proba(texts) == pytest.approx(expected, abs=1e-5)


def guessed(line: Line) -> list[Any]:
    """What was said of every epoch of pretraining."""
    return [log["params"] for log in line.of("log") if str(log["message"]).startswith("Pretraining, epoch")]


def test_the_head_that_guessed_before_is_found(tmp_path: Path) -> None:
    from safetensors.numpy import load_file, save_file

    facts = PresetFacts(2, 2, 16, 32, 50, 24, 1000)
    preset = Preset("tiny", tmp_path, "bert", "hugging_face", (), "", "", facts, "", {})
    random = np.random.default_rng(0)
    named = {
        "cls.predictions.transform.dense.weight": random.normal(size=(16, 16)), "cls.predictions.transform.dense.bias": random.normal(size=16),
        "cls.predictions.transform.LayerNorm.gamma": random.normal(size=16), "cls.predictions.transform.LayerNorm.beta": random.normal(size=16),
        "cls.predictions.bias": random.normal(size=50), "cls.predictions.decoder.weight": random.normal(size=(50, 16)),
    }  # fmt: skip
    save_file(named, tmp_path / "model.safetensors")
    (tmp_path / "config.json").write_text("{}")
    head = find_head(preset)
    assert head is not None
    assert head.kernel == pytest.approx(named["cls.predictions.transform.dense.weight"].T, abs=1e-6)
    assert [part.shape for part in head] == [(16, 16), (16,), (16,), (16,), (50,)]
    assert head.gamma == pytest.approx(named["cls.predictions.transform.LayerNorm.gamma"], abs=1e-6)
    rest = load_file(tmp_path / "model.safetensors")
    del rest["cls.predictions.bias"]
    save_file(rest, tmp_path / "model.safetensors")
    assert find_head(preset) is None


def test_what_pretraining_and_new_words_lack_is_said_before(tiny: Preset) -> None:
    def said(**params: Any) -> str:
        return " ".join(FAMILY.notes(FoundationParams(preset="tiny", **params)))

    assert "without the head" in said(pretraining=1)
    assert "without the head" not in said()
    assert "mean of their pieces" in said(new_words=10)
    assert "mean of their pieces" not in said(new_words=10, pretraining=1)


@pytest.mark.slow
@eagerly()
def test_in_the_first_epoch_of_gradual_thawing_only_the_read_out_learns(tiny: Preset, line: Line) -> None:
    params = FoundationParams(preset="tiny", adapt="gradual", epochs=1, batch_size=64, learning_rate=0.01)
    before = {v.path: v.numpy() for v in load_backbone(tiny).trainable_variables}

    def removed(kind: str, **said: Any) -> None:
        """Somebody takes the model away as soon as the training itself begins."""
        if kind == "phase" and said["name"] == "Training":
            shutil.rmtree(tiny.folder)

    fitted = FAMILY.fit(toy_data(), params, replace(line.training, report=removed))
    assert not tiny.folder.exists()
    after = {v.path: v.numpy() for v in fitted.model.trainable_variables}
    assert set(after) == {*before, "logits/kernel", "logits/bias"}
    assert all(np.array_equal(before[path], after[path]) for path in before)
    assert np.abs(after["logits/bias"]).max() > 0


@pytest.mark.slow
def test_a_keras_config_makes_nothing_but_the_model_it_names(bentu_home: Path, tmp_path: Path) -> None:
    folder = in_keras_form(tiny_bert(tmp_path / "source"), tmp_path / "keras", "Bert")
    config = json.loads((folder / "config.json").read_text())
    config["config"]["dtype"] = {
        "module": "builtins",
        "class_name": "exec",
        "config": {},
        "registered_name": "exec",
    }
    (folder / "config.json").write_text(json.dumps(config))
    preset = import_preset(folder, bentu_home / "presets", "tiny")
    assert load_backbone(preset).count_params() > 1000
    config["config"]["num_heads"], config["config"]["num_layers"] = 4, 1
    (preset.folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(PresetDamaged, match=r"model\.weights\.h5"):
        load_backbone(preset)


def test_a_read_out_learnt_on_stretched_vectors_answers_to_the_plain_ones() -> None:
    random = np.random.default_rng(0)
    vectors = (random.normal(3, 5, (40, 6)) * [1, 10, 0.1, 1, 1, 0]).astype(np.float32)
    scale = embeddings.Affine.of(vectors)
    assert scale(vectors).mean(axis=0) == pytest.approx(np.zeros(6), abs=1e-5)
    assert scale(vectors).std(axis=0) == pytest.approx([1, 1, 1, 1, 1, 0], abs=1e-5)
    kernel, bias = random.normal(size=(6, 3)).astype(np.float32), random.normal(size=3).astype(np.float32)
    direct, moved = scale.folded_into(kernel, bias)
    assert vectors @ direct + moved == pytest.approx(scale(vectors) @ kernel + bias, abs=1e-3)
