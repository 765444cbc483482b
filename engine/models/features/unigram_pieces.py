"""A vocabulary of the pieces of words that make the texts most likely, as the `sentencepiece` library learns it.

Kudo, "Subword regularization: improving neural network translation models with multiple subword candidates" (2018), section 3.2.
The library's trainer gives the same pieces each time, which that of `tokenizers` does not
(`docs/decisions/0015-byte-pairs-for-learnt-vocabularies.md`); what is kept is a tokenizer of `tokenizers` like any other.
"""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

MOST_TEXTS = 10_000
"""Texts that pieces are learnt on: all 42 000 reviews of online_shopping took 32 s of processor time, so many take 5."""

LONGEST = 16
"""Characters of the longest piece."""

_THREADS = 2
"""The same on every machine: sums over parts depend on how many parts there are."""


def learn_model(texts: Sequence[str], size: int, special: Sequence[str]) -> bytes:
    """SentencePiece's own file of at most `size` pieces, learnt on normalised texts.

    Args:
        texts: normalised; white space is one space.
        size: most pieces. The commoner half of it may be single characters; rarer characters are unknown.
        special: names of the first numbers: padding, unknown, then marks.
    """
    import sentencepiece  # type: ignore[import-untyped]

    counts = Counter(char for text in texts for char in text if char != " ")
    rare = {ord(char): " " for char, _ in counts.most_common()[size // 2 :]}
    sentences = [kept for text in texts if (kept := text.translate(rare).strip())] or [special[1]]
    written = io.BytesIO()
    pad, unknown, *marks = special
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(sentences), model_writer=written, model_type="unigram", vocab_size=size, hard_vocab_limit=False,
        character_coverage=1.0, normalization_rule_name="identity", max_sentence_length=max(len(s.encode()) for s in sentences) + 10,
        max_sentencepiece_length=LONGEST, num_threads=_THREADS, minloglevel=2,
        pad_id=0, pad_piece=pad, unk_id=1, unk_piece=unknown, bos_id=-1, eos_id=-1, control_symbols=marks,
    )  # fmt: skip
    return written.getvalue()


def unigram_pieces(texts: Sequence[str], size: int, special: Sequence[str], length: int) -> Any:
    """A tokenizer of the `tokenizers` library with the pieces that `learn_model` finds, for texts as they come.

    Args:
        texts: the training texts; pieces are learnt on a seeded draw of `MOST_TEXTS`.
        size, special: see `learn_model`.
        length: most pieces that are read of a text; of what lies beyond them nothing is learnt.
    """
    import sentencepiece
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers

    normal = normalizers.Sequence([normalizers.NFKC(), normalizers.Lowercase()])
    drawn = np.sort(np.random.default_rng(0).permutation(len(texts))[:MOST_TEXTS])
    read = [" ".join(normal.normalize_str(texts[n][: length * LONGEST]).split()) for n in drawn]
    learnt = sentencepiece.SentencePieceProcessor(model_proto=learn_model(read, size, special))
    scored = [(learnt.id_to_piece(n), learnt.get_score(n)) for n in range(learnt.get_piece_size())]
    tokenizer = Tokenizer(models.Unigram(scored, unk_id=1))
    tokenizer.normalizer = normal
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace()]
    )
    tokenizer.add_special_tokens(list(special))
    return tokenizer
