"""The article's listing: its tokens as Keras made them, its sizes, and what is said about it."""

from __future__ import annotations

import numpy as np
import pytest

from engine.models.features.listing_tokens import ListingTokens, printed_words, repaired_words
from engine.models.text.article_listing import (
    WHAT_WAS_REPAIRED,
    WHY_PRINTED_FAILS,
    ArticleListing,
    ListingParams,
)
from tests.models.toys import MACHINE, Line, texts_of, toy_data, toy_facts

TEXTS = [*texts_of(60, seed=1)[0], "Don't-stop, 50%!\tnow\nand\u3000then", "", "a  b", "\r\nx"]


def test_words_are_ranked_by_frequency_and_cut_from_the_front() -> None:
    tokens = ListingTokens.fit(["b a a", "a c b", "d"], num_words=4, length=3, variant="printed")
    assert tokens.words == ("a", "b", "c")
    assert tokens.transform(["a d b", "c a b a", "zzz"]).tolist() == [[0, 1, 2], [1, 2, 1], [0, 0, 0]]


def test_a_chinese_text_is_one_word_as_printed_and_characters_and_pairs_repaired() -> None:
    assert printed_words("味道不错，很快") == ["味道不错，很快"]
    assert repaired_words("味道ok不错") == ["味", "道", "ok", "不", "错", "味道", "不错"]


def test_a_repaired_row_is_never_empty() -> None:
    tokens = ListingTokens.fit(["好吃", "好"], num_words=4, length=5, variant="repaired")
    assert tokens.transform(["!!", "好"]).tolist() == [[0, 0, 0, 0, 3], [0, 0, 0, 0, 1]]
    assert tokens.transform(TEXTS).max() < 4


def test_two_classes_only_and_the_product_says_why() -> None:
    family = ArticleListing()
    reason = family.unsuitable(toy_facts(classes=3), MACHINE)
    assert reason is not None
    assert reason.params == {"classes": 3}
    assert family.notes(ListingParams()) == WHY_PRINTED_FAILS
    assert family.notes(ListingParams(variant="repaired")) == WHAT_WAS_REPAIRED
    assert family.estimate(ListingParams(), toy_facts(), MACHINE).parameters == 101 * 128 + 129


@pytest.mark.slow
def test_tokens_equal_those_of_keras() -> None:
    from engine.training.preload import preload

    preload()
    from keras.src.legacy.preprocessing.text import Tokenizer
    from keras.utils import pad_sequences

    theirs = Tokenizer(num_words=40)
    theirs.fit_on_texts(TEXTS)
    expected = pad_sequences(theirs.texts_to_sequences(TEXTS), maxlen=7)
    ours = ListingTokens.fit(TEXTS, num_words=40, length=7, variant="printed")
    assert np.array_equal(ours.transform(TEXTS), expected)


@pytest.mark.slow
def test_the_printed_network_has_the_printed_sizes_and_keeps_the_last_epoch(line: Line) -> None:
    fitted = ArticleListing().fit(toy_data(), ListingParams(epochs=3), line.training)
    assert [tuple(w.shape) for w in fitted.model.weights] == [(100, 128), (128,), (128, 1), (1,)]
    assert fitted.model.layers[-1].activation.__name__ == "sigmoid"
    assert len(line.of("epoch")) == 3
    labels = toy_data().validation_labels
    said = np.clip(fitted.predict_proba(toy_data().validation_inputs), 1e-12, 1)
    loss = -np.log(said[np.arange(60), labels]).mean()
    assert loss == pytest.approx(line.of("epoch")[-1]["val_loss"], rel=1e-3)
