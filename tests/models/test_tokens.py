"""Texts to token numbers: the vocabulary, the rows, and that padding never changes an answer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.models.features.tokens import SPECIAL, TokenRows, Tokens
from engine.models.features.unigram_pieces import learn_model
from tests.models.toys import texts_of

TEXTS, _ = texts_of(200, seed=1)


@pytest.mark.parametrize("kind", ["pieces", "unigram"])
def test_the_same_texts_give_the_same_vocabulary(kind: Any) -> None:
    first, second = (Tokens.fit(TEXTS, kind, 300, 32) for _ in range(2))
    assert first.tokenizer.to_str() == second.tokenizer.to_str()
    assert first.transform(TEXTS)[:].tolist() == second.transform(TEXTS)[:].tolist()


def test_pieces_are_shorter_than_characters_and_accents_stay() -> None:
    pieces, characters = (Tokens.fit(TEXTS, kind, 300, 64) for kind in ("pieces", "characters"))  # type: ignore[arg-type]
    assert pieces.transform(TEXTS).lengths.mean() < 0.6 * characters.transform(TEXTS).lengths.mean()
    plain, toned = pieces.transform(["ona dara", "ọ̀nà dára"])[:]
    assert plain.tolist() != toned.tolist()


def test_unigram_pieces_are_those_of_sentencepiece_and_rare_signs_are_unknown() -> None:
    import sentencepiece

    found = Tokens.fit([text.upper() for text in TEXTS], "unigram", 60, 32)
    assert [found.tokenizer.token_to_id(mark) for mark in SPECIAL] == list(range(5))
    plain = [text.lower() for text in TEXTS]
    theirs = sentencepiece.SentencePieceProcessor(model_proto=learn_model(plain, 60, SPECIAL))
    rows = found.transform(TEXTS)
    for number, text in enumerate(plain):
        assert rows[np.array([number])][0][: rows.lengths[number]].tolist() == theirs.encode(text), text
    assert found.size <= 60
    assert any(1 in row for row in rows[:].tolist()), "half of the vocabulary holds the commonest signs"
    assert Tokens.fit(["", " "], "unigram", 500, 32).transform(["好"]).lengths.tolist() == [2]


def test_letter_case_and_full_width_forms_are_one() -> None:
    tokens = Tokens.fit(TEXTS, "pieces", 300, 32)
    small, large, wide = tokens.transform(["great taste", "GREAT Taste", "ｇｒｅａｔ taste"])[:]
    assert small.tolist() == large.tolist() == wide.tolist()


def test_a_vocabulary_survives_the_disk(tmp_path: Path) -> None:
    tokens = Tokens.fit(TEXTS, "pieces", 300, 8)
    folder = tmp_path / "model"
    folder.mkdir()
    tokens.save(folder)
    assert sorted(p.name for p in folder.iterdir()) == ["length.npy", "tokenizer.json"]
    again = Tokens.load(folder)
    assert again.transform(TEXTS)[:].tolist() == tokens.transform(TEXTS)[:].tolist()
    assert again.transform([" ".join(TEXTS)]).lengths.tolist() == [8]


def test_rows_are_padded_to_the_longest_chosen() -> None:
    rows = TokenRows.of([[1, 2, 3], [], list(range(1, 18)), [9]])
    assert rows.lengths.tolist() == [3, 0, 17, 1]
    assert rows[np.array([3, 0])].tolist() == [[9, 0, 0, 0, 0, 0, 0, 0], [1, 2, 3, 0, 0, 0, 0, 0]]
    assert rows[1:3].shape == (2, 24)
    assert rows[2:3][0, :17].tolist() == list(range(1, 18))
    assert rows[np.array([1])].tolist() == [[0] * 8]
    assert TokenRows.of([])[:].shape == (0, 8)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("embedding_bag", {}),
        ("text_cnn", {"activation": "relu"}),
        ("text_cnn", {"activation": "tanh", "widths": 1}),
        ("recurrent", {"cell": "gru"}),
        ("recurrent", {"cell": "lstm", "pooling": "max"}),
        ("transformer", {"pooling": "mean"}),
        ("transformer", {"pooling": "first", "embedding_size": 50, "depth": 1}),
    ],
    ids=lambda value: value if isinstance(value, str) else "-".join(map(str, value.values())),
)
def test_padding_changes_no_answer_and_the_count_is_exact(name: str, settings: dict[str, Any]) -> None:
    from engine.models.family import families
    from engine.training.preload import preload

    preload()
    import keras

    family = families.get(name)
    params = family.Params(**settings)
    keras.utils.set_random_seed(0)
    model = family.build(params, 500, 3)  # type: ignore[attr-defined]
    short = np.random.default_rng(0).integers(1, 500, size=(4, 8)).astype(np.int32)
    short[2, 5:] = 0
    long = np.pad(short, ((0, 0), (0, 56)))
    assert np.asarray(model(short)) == pytest.approx(np.asarray(model(long)), abs=1e-5)
    assert model.count_params() == family.parameter_count(params, 500, 3)  # type: ignore[attr-defined]
    short[3] = 0
    served = family.served(model, params)  # type: ignore[attr-defined]
    assert np.asarray(model(short)) == pytest.approx(np.asarray(served(short)), abs=1e-5)
