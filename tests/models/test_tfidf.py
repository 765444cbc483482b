from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from engine.models.features.counting import count_terms
from engine.models.features.tfidf import NoFeatures, Tfidf, TfidfParams
from engine.models.features.units import mostly_unspaced, normalise, units
from tests.models.toys import texts_of

TEXTS, _ = texts_of(80, seed=1)


def same(a: object, b: object) -> bool:
    return abs(a - b).max() < 1e-6  # type: ignore[operator, no-any-return]


def test_tone_marks_and_dots_stay_in_their_word() -> None:
    decomposed = "o\u0323\u0300ro\u0323\u0300 Ẹ ṣé"
    assert units(normalise(decomposed)) == ["ọ̀rọ̀", "ẹ", "ṣé"]


def test_characters_are_units_where_words_are_not_spaced() -> None:
    assert units("味道abc不错 नमस्ते ก็ดี") == ["味", "道", "abc", "不", "错", "नमस्ते", "ก็", "ดี"]
    assert mostly_unspaced({"scripts": {"Han": 0.5, "Latin": 0.5}})
    assert not mostly_unspaced({"scripts": {"Latin": 1.0}})
    assert not mostly_unspaced({})


@pytest.mark.parametrize("analyzer", ["characters", "words", "both"])
@pytest.mark.parametrize("weighting", ["tfidf", "mean", "binary"])
def test_training_rows_are_what_serving_makes_of_the_same_texts(
    analyzer: str, weighting: str, tmp_path: Path
) -> None:
    features, rows = Tfidf.fit(TEXTS, TfidfParams(analyzer=analyzer), weighting)  # type: ignore[arg-type]
    assert rows.shape == (80, features.width)
    assert rows.dtype == np.float32
    assert same(rows, features.transform(TEXTS))
    features.save(tmp_path)
    loaded = Tfidf.load(tmp_path)
    new, _ = texts_of(20, seed=2)
    assert loaded.width == features.width
    assert (loaded.transform([*new, ""]) != features.transform([*new, ""])).nnz == 0


def test_agrees_with_scikit_learn() -> None:
    from sklearn.feature_extraction.text import TfidfVectorizer

    _, rows = Tfidf.fit(TEXTS, TfidfParams(analyzer="characters", char_max=3))
    theirs = TfidfVectorizer(
        analyzer="char", ngram_range=(1, 3), min_df=2, sublinear_tf=True, preprocessor=normalise
    )
    expected = theirs.fit_transform(TEXTS)
    assert rows.shape == expected.shape
    assert np.allclose((rows @ rows.T).toarray(), (expected @ expected.T).toarray(), atol=1e-5)


def test_the_most_frequent_are_kept_and_the_order_does_not_depend_on_the_process() -> None:
    terms, counts = count_terms(["a b", "a b", "a c", "a d d d"], str.split, 1, 3)
    assert terms == ["a", "b", "c"]  # c and d are in one text each; c came first
    assert counts.toarray().tolist() == [[1, 1, 0], [1, 1, 0], [1, 0, 1], [1, 0, 0]]


def test_each_kind_has_unit_length_and_half_of_the_room() -> None:
    features, rows = Tfidf.fit(TEXTS, TfidfParams(analyzer="both", max_features=100))
    assert features.width == 100
    assert np.allclose(np.asarray(rows.power(2).sum(axis=1)).ravel(), 2, atol=1e-5)


def test_a_mean_sums_to_one() -> None:
    _, rows = Tfidf.fit(TEXTS, TfidfParams(analyzer="words"), "mean")
    assert np.allclose(np.asarray(rows.sum(axis=1)).ravel(), 1, atol=1e-5)


def test_nothing_frequent_enough_is_an_error_with_the_numbers() -> None:
    with pytest.raises(NoFeatures) as caught:
        Tfidf.fit(["甲", "乙"], TfidfParams(min_df=2))
    assert caught.value.params == {"min_df": 2, "rows": 2}


def test_a_shortest_above_the_longest_counts_the_longest() -> None:
    features, _ = Tfidf.fit(["abc", "abc"], TfidfParams(analyzer="characters", char_min=6, char_max=2))
    assert features.width == 2  # ab, bc


def test_the_vocabulary_is_readable_text(tmp_path: Path) -> None:
    Tfidf.fit(["好吃", "好吃"], TfidfParams(analyzer="words"))[0].save(tmp_path)
    assert "好 吃" in json.loads((tmp_path / "vocabulary.json").read_text("utf-8"))["terms"]["words"]
