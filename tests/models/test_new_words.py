"""New words for a foundation model: which, read as one token, and nothing else read otherwise."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from engine.models.features.new_words import OFTEN, add_words
from engine.models.preset_tokenizer import checkpoint_tokenizer
from tests.models.tiny_presets import tiny_bert, tiny_xlm_r

LOCAL = ["no wahala, e go"] * OFTEN + ["jollof 2023 jollof"] * OFTEN + ["seldom"] * (OFTEN - 1)


@pytest.mark.parametrize(("make", "kind"), [(tiny_bert, "bert"), (tiny_xlm_r, "xlm_roberta")])
def test_words_that_are_cut_become_one_token_wherever_they_stand_alone(
    make: Callable[[Path], Path], kind: str, tmp_path: Path
) -> None:
    _, tokenizer = checkpoint_tokenizer(make(tmp_path / "source"), kind)
    size, plain = tokenizer.get_vocab_size(), "great taste, 好吃 wahalas nowahala"
    before = tokenizer.encode(plain).ids
    cut = tokenizer.encode(" wahala", add_special_tokens=False).ids
    pieces = add_words(tokenizer, LOCAL, most=2)
    assert sorted(pieces) == [size, size + 1], (
        "the most tokens are saved by jollof, twice a text, and by wahala"
    )
    number = tokenizer.token_to_id("wahala")
    assert pieces[number] == cut
    assert tokenizer.encode(plain).ids == before, "no part of another word becomes a token"
    for text in ("wahala", "no wahala", "no  wahala!"):
        assert tokenizer.encode(text).ids.count(number) == 1, text
    assert (number in tokenizer.encode("WAHALA").ids) == (kind == "bert"), "as the vocabulary treats capitals"


def test_rare_words_and_numbers_stay_cut_and_words_that_cannot_be_spelt_get_a_token(tmp_path: Path) -> None:
    _, tokenizer = checkpoint_tokenizer(tiny_bert(tmp_path / "source"), "bert")
    assert tokenizer.encode("ሰላም").tokens[1] == "[UNK]"
    pieces = add_words(tokenizer, [*LOCAL, *["ሰላም 辣"] * OFTEN], most=100)
    added = {tokenizer.id_to_token(number).strip() for number in pieces}
    assert {"wahala", "jollof", "ሰላም", "辣"} <= added
    assert not {"seldom", "2023", "no", "e"} & added
    assert "辣" in [token.strip() for token in tokenizer.encode("好辣吃").tokens]
    assert add_words(tokenizer, LOCAL, most=100) == {}, "nothing is added twice"
