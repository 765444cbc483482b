"""Augmentations by foundation models: repeatable, never the same word, nothing where the model or its head is missing."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.models import translation
from engine.models.backbone import load_backbone
from engine.models.masked import MaskedModel
from engine.models.preset_errors import PresetDamaged, PresetDirection
from engine.models.preset_import import import_preset
from engine.models.presets import Preset, find, installed
from engine.models.translation import Translator
from engine.params import fields_of, read_params
from engine.prepare.augment.back_translation import there_and_back
from engine.prepare.augment.masked_words import Filler, MaskedWordParams, _gaps
from engine.prepare.augmentations import AugmentationUnavailable, ModelStep, augmentations, unavailable
from engine.prepare.augmenting import Augmenter
from engine.prepare.draw import Draw
from engine.prepare.words import Words
from engine.recipe import Augmentation, Step
from tests.models.tiny_presets import in_keras_form, tiny_bart, tiny_bert, tiny_xlm_r, with_head
from tests.models.toys import texts_of, toy_facts
from tests.prepare.test_clean import ALPHABET, NASTY

STEPS = [step for step in augmentations if isinstance(step, ModelStep)]
TEXTS = [*texts_of(40, seed=5)[0], "Great TASTE! 好吃，很快 [link] @great 42"]


def masked(name: str, **values: object) -> tuple[Step, ...]:
    return (Step(name="masked_words", params={"preset": find(name).reference, **values}),)


@pytest.fixture(scope="module")
def presets(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Preset]:
    """BERT and XLM-R with the heads that they guessed with."""
    folder = tmp_path_factory.mktemp("masked")
    return {
        name: import_preset(with_head(make(folder / f"{name}-source")), folder, name)
        for name, make in (("bert", tiny_bert), ("xlm-r", tiny_xlm_r))
    }


@pytest.fixture(scope="module")
def models(presets: dict[str, Preset]) -> dict[str, MaskedModel]:
    return {name: MaskedModel.of_preset(preset, 48) for name, preset in presets.items()}


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.name)
def test_every_entry_introduces_itself_and_says_what_it_lacks(step: Any) -> None:
    assert step.title and step.help and step.version >= 1
    assert all(field.title and field.help for field in fields_of(step.Params))
    assert len({s.order for s in augmentations}) == len(list(augmentations))
    lacking = step.lacking()
    assert lacking is not None and "presets import" in lacking.message
    assert unavailable(step, read_params(step.Params, {}, step.name)) == lacking
    with pytest.raises(AugmentationUnavailable):
        Augmenter(Augmentation(steps=(Step(name=step.name),)))


def test_only_a_model_with_the_head_it_guessed_with_is_offered_and_taken(
    bentu_home: Path, tmp_path: Path
) -> None:
    step: Any = augmentations.get("masked_words")
    bare = import_preset(tiny_bert(tmp_path / "bare"), bentu_home / "presets", "bare")
    assert step.lacking() is not None
    with pytest.raises(AugmentationUnavailable, match="without the head"):
        Augmenter(Augmentation(steps=masked("bare")))
    import_preset(with_head(tiny_bert(tmp_path / "whole")), bentu_home / "presets", "whole")
    assert step.lacking() is None
    assert list(next(f for f in fields_of(step.Params) if f.name == "preset").offers or ()) == [find("whole").reference]  # fmt: skip
    augmenter = Augmenter(Augmentation(steps=masked("whole", chance=0.5)))
    assert augmenter.asks_model
    few, many = (augmenter.seconds(copies, toy_facts()) for copies in (100, 100_000))
    assert 0 < few < many
    another = masked("whole")[0].model_copy(
        update={"params": {"preset": f"whole@{bare.reference.split('@')[1]}"}}
    )
    for gone, word in ((another, "another copy"), (Step(name="masked_words", params={"preset": "no@1"}), "not on this machine")):  # fmt: skip
        with pytest.raises(AugmentationUnavailable, match=word):
            Augmenter(Augmentation(steps=(gone,)))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["bert", "xlm-r"])
def test_words_are_guessed_anew_never_the_same_and_the_rest_stays(
    name: str, models: dict[str, MaskedModel]
) -> None:
    filler = Filler(models[name], MaskedWordParams(share=0.4, max_length=48))
    draws = [Draw(7, at) for at in range(len(TEXTS))]
    copies = filler(TEXTS, draws)
    assert copies == filler(TEXTS, [Draw(7, at) for at in range(len(TEXTS))])
    assert copies != filler(TEXTS, [Draw(8, at) for at in range(len(TEXTS))])
    single = [filler([text], [Draw(7, at)])[0] for at, text in enumerate(TEXTS)]
    assert single == copies, "a copy does not depend on which others are made with it"
    for text, copy in zip(TEXTS, copies, strict=True):
        assert copy is not None
        rows = models[name].read([text])
        gaps = _gaps(text, rows[0], models[name].unknown)
        kept = [text[a:b] for a, b in zip([0, *(g[2] for g in gaps)], [*(g[1] for g in gaps), len(text)], strict=True)]  # fmt: skip
        end = 0
        for piece in kept:
            end = copy.index(piece, end) + len(piece)
    whole = Filler(models[name], MaskedWordParams(share=0.5, max_length=48, guesses=200))
    one_word = [word for text in TEXTS for word in Words(text).words if word.isalpha()]
    for word, copy in zip(one_word, whole(one_word, [Draw(1, at) for at in range(len(one_word))]), strict=True):  # fmt: skip
        assert copy is None or copy.casefold() != word.casefold()
    marked = [whole([TEXTS[-1]], [Draw(3, number)])[0] or "" for number in range(20)]
    assert all("[link] @great 42" in copy for copy in marked)
    assert any(copy[0].isupper() for copy in marked)


@pytest.mark.slow
def test_what_files_can_contain_is_survived(models: dict[str, MaskedModel]) -> None:
    draw = random.Random(3)
    strange = ["".join(draw.choices(ALPHABET, k=draw.randint(0, 12))) for _ in range(150)]
    values = [*(text[:4000] for text in NASTY.values()), *strange]
    settings = {"bert": MaskedWordParams(share=0.5, guesses=1), "xlm-r": MaskedWordParams(temperature=0.1)}
    for name, params in settings.items():
        copies = Filler(models[name], params)(values, [Draw(0, at) for at in range(len(values))])
        for copy in copies:
            assert copy is None or (copy.strip() and copy.encode("utf-8"))


@pytest.mark.slow
def test_the_guesses_are_those_of_kerashubs_own_model(
    models: dict[str, MaskedModel], presets: dict[str, Preset], tmp_path: Path
) -> None:
    from engine.models.preset_head import find_head
    from engine.training.preload import preload

    preload()
    import keras_hub

    head, tasks = find_head(presets["bert"]), []
    assert head is not None

    def task(backbone: Any) -> Any:
        tasks.append(keras_hub.models.BertMaskedLM(backbone, preprocessor=None))
        mlm = tasks[0].masked_lm_head
        mlm._intermediate_dense.set_weights([head.kernel, head.bias])
        mlm._intermediate_layer_norm.set_weights([head.gamma, head.beta])
        mlm._bias.assign(head.scores)
        return tasks[0]

    source = with_head(tiny_bert(tmp_path / "source"))
    ours = import_preset(in_keras_form(source, tmp_path / "keras", "Bert", task), tmp_path, "ours")
    assert "task.weights.h5" in ours.files
    model = MaskedModel.of_preset(ours, 48)
    rows = model.read(["great taste and fast"])
    hidden = [[range(2, 3), range(4, 5)]]
    (theirs,) = models["bert"].scores(rows, hidden)
    (again,) = model.scores(rows, hidden)
    assert again == pytest.approx(theirs, abs=1e-4)
    ids = np.array([rows[0].ids])
    ids[0, [2, 4]] = 4
    asked = {"token_ids": ids, "padding_mask": np.ones_like(ids), "segment_ids": np.zeros_like(ids), "mask_positions": np.array([[2, 4]])}  # fmt: skip
    assert np.asarray(tasks[0](asked))[0] == pytest.approx(theirs, abs=1e-3)
    (ours.folder / "task.weights.h5").write_bytes(b"other")
    with pytest.raises(PresetDamaged, match=r"task\.weights\.h5"):
        MaskedModel.of_preset(ours, 48)


@pytest.mark.slow
def test_a_translation_is_that_of_kerashub_and_drawn_for_each_text_alone(
    bentu_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = bentu_home / "presets"
    source = tiny_bart(tmp_path / "source")
    with pytest.raises(PresetDirection):
        import_preset(source, home, "there")
    there = import_preset(source, home, "there", translates=("en", "zh"))
    import_preset(source, home, "back", translates=("zh", "en"))
    assert not installed(), "what translates is no model to adapt"
    pair = f"{there.reference}+{find('back').reference}"
    step: Any = augmentations.get("back_translation")
    assert pair in (fields_of(step.Params)[1].offers or ())
    few, many = (
        step.seconds(read_params(step.Params, {"pair": pair}, "x"), n, toy_facts()) for n in (10, 1000)
    )
    assert 0 < few < many
    turned = Step(name="back_translation", params={"pair": "+".join([there.reference] * 2)})
    with pytest.raises(AugmentationUnavailable, match="there and back"):
        Augmenter(Augmentation(steps=(turned,)))

    models: list[Translator] = []

    def remembered(*asked: Any) -> Translator:
        models.append(opened(*asked))
        return models[-1]

    opened = Translator.of_preset
    monkeypatch.setattr(Translator, "of_preset", remembered)
    many = step.opened(read_params(step.Params, {"pair": pair, "max_length": 48}, "x"))
    texts = TEXTS[-9:]
    copies = many(texts, [Draw(1, at) for at in range(9)])
    assert copies == many(texts, [Draw(1, at) for at in range(9)])
    assert copies != many(texts, [Draw(2, at) for at in range(9)])
    assert copies[3:7] == many(texts[3:7], [Draw(1, at) for at in range(3, 7)])
    assert sum(copy is not None for copy in copies) > 3
    assert all(copy is None or copy.strip() for copy in copies)
    assert many(["x" * 60, "", " "], [Draw(1)] * 3) == [None] * 3

    import keras_hub

    theirs = keras_hub.models.BartSeq2SeqLM(load_backbone(there), preprocessor=None)
    theirs.compile(sampler="greedy", run_eagerly=True)
    ids = np.array([[0, *(30 + at for at in range(9)), 2], [0, 40, 41, 2, *[1] * 7]])
    begun = np.repeat([[2, 0, *[1] * 10]], 2, axis=0)
    answers = theirs.generate(
        {
            "encoder_token_ids": ids, "encoder_padding_mask": ids != 1,
            "decoder_token_ids": begun, "decoder_padding_mask": np.repeat([[True] * 2 + [False] * 10], 2, axis=0),
        }, stop_token_ids=[2],
    )["decoder_token_ids"]  # fmt: skip
    pieces: list[int] = []

    def kept(*asked: Any) -> int:
        pieces.append(drawn_piece(*asked))
        return pieces[-1]

    drawn_piece = translation._drawn
    monkeypatch.setattr(translation, "_drawn", kept)
    models[0]._written(ids.astype(np.int32), [Draw(0)] * 2, 0)
    assert np.array(pieces).reshape(-1, 2)[:10].T.tolist() == np.asarray(answers)[:, 2:].tolist()


def test_what_comes_back_as_it_was_or_lost_a_placeholder_is_no_copy() -> None:
    def same(texts: Any, draws: Any, temperature: float) -> Any:
        return list(texts)

    def other(texts: Any, draws: Any, temperature: float) -> Any:
        return [
            None if "lost" in text else text.replace("good", "fine").replace("[link]", "link")
            for text in texts
        ]

    def louder(texts: Any, draws: Any, temperature: float) -> Any:
        return [text.upper() for text in texts]

    texts = ["good food", "lost", "no change", "good [link]", "good [it]"]
    assert there_and_back(same, other, texts, [Draw(0)] * 5, 0.5) == [
        "fine food",
        None,
        None,
        None,
        "fine [it]",
    ]
    assert there_and_back(other, same, texts, [Draw(0)] * 5, 0.5) == [
        "fine food",
        None,
        None,
        None,
        "fine [it]",
    ]
    assert there_and_back(same, louder, texts, [Draw(0)] * 5, 0.5) == [None] * 5
