"""Whether a vocabulary learnt again on the same texts is the same one, by kind (docs/decisions/0015).

    BENTU_SHARED_DATA=<folder of the development data> .venv/bin/python -m benchmarks.vocabularies [SET ...]

The train texts of each set, three trainings a kind with the same normalizer, words and size; "yes" where the saved vocabularies
are equal to the byte. WordPiece is tried with the alphabet fixed too. Seconds of processor time, median of the three. Prints Markdown.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable
from functools import partial

from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, trainers

from benchmarks.sets import SETS
from engine.models.features.tokens import SPECIAL
from engine.models.features.unigram_pieces import unigram_pieces

SIZE, LENGTH, TIMES, UNKNOWN = 8000, 512, 3, "[UNK]"
Kind = Callable[[list[str]], tuple[models.Model, trainers.Trainer]]


def byte_pairs(_: list[str]) -> tuple[models.Model, trainers.Trainer]:
    return models.BPE(unk_token=UNKNOWN), trainers.BpeTrainer(
        vocab_size=SIZE, special_tokens=[UNKNOWN], show_progress=False
    )


def word_pieces(_: list[str]) -> tuple[models.Model, trainers.Trainer]:
    return models.WordPiece(unk_token=UNKNOWN), trainers.WordPieceTrainer(
        vocab_size=SIZE, special_tokens=[UNKNOWN], show_progress=False
    )


def word_pieces_fixed(alphabet: list[str]) -> tuple[models.Model, trainers.Trainer]:
    return models.WordPiece(unk_token=UNKNOWN), trainers.WordPieceTrainer(
        vocab_size=SIZE, special_tokens=[UNKNOWN], show_progress=False, limit_alphabet=len(alphabet), initial_alphabet=alphabet
    )  # fmt: skip


def unigram(_: list[str]) -> tuple[models.Model, trainers.Trainer]:
    return models.Unigram(), trainers.UnigramTrainer(
        vocab_size=SIZE, special_tokens=[UNKNOWN], unk_token=UNKNOWN, show_progress=False
    )


KINDS: dict[str, Kind] = {
    "byte pairs": byte_pairs, "WordPiece": word_pieces, "WordPiece, alphabet fixed": word_pieces_fixed, "unigram (SentencePiece's default)": unigram,
}  # fmt: skip


def main() -> None:
    names = sys.argv[1:] or ["waimai", "hau"]
    sets = {name: SETS[name].part("train")["text"].tolist() for name in names}
    said = (f"{name}, {len(texts):,} texts: same, seconds" for name, texts in sets.items())
    print(f"| kind | {' | '.join(said)} |\n|---|{'---|' * len(sets)}")
    learners = {title: partial(by_tokenizers, kind) for title, kind in KINDS.items()}
    learners["unigram, by the `sentencepiece` library"] = lambda texts: unigram_pieces(
        texts, SIZE, SPECIAL, LENGTH
    )
    for title, learn in learners.items():
        print(f"| {title} | {' | '.join(_learnt_again(learn, texts) for texts in sets.values())} |", flush=True)  # fmt: skip


def by_tokenizers(kind: Kind, texts: list[str]) -> Tokenizer:
    """A vocabulary by the trainers of the `tokenizers` library."""
    model, trainer = kind(sorted({char for text in texts for char in text.lower() if not char.isspace()}))
    tokenizer = Tokenizer(model)
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Lowercase()])
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Split(Regex(r"[\p{P}\p{S}]"), "isolated"), pre_tokenizers.Metaspace()]
    )
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer


def _learnt_again(learn: Callable[[list[str]], Tokenizer], texts: list[str]) -> str:
    made, seconds = set(), []
    for _ in range(TIMES):
        started = time.process_time()
        made.add(learn(texts).to_str())
        seconds.append(time.process_time() - started)
    return f"{'yes' if len(made) == 1 else 'no'}, {statistics.median(seconds):.1f}"


if __name__ == "__main__":
    main()
