"""How well vocabularies read the development sets, and how long looking takes (docs/searching.md).

    BENTU_SHARED_DATA=<folder of the development data> .venv/bin/python -m benchmarks.locality [SET ...]

Train texts, at most 10 000 of a set and as many of these as the product reads, by a vocabulary learnt from them and by that of each
foundation model under BENTU_HOME, with what the product's check calls; its job, tables and pages are left out. Seconds are of
processor time, for all vocabularies together.
Rows of the other parts are not read. Prints Markdown.
"""

from __future__ import annotations

import argparse
import time
from typing import Any

import pandas as pd
from tokenizers import Tokenizer

from benchmarks.sets import SETS
from engine.data.languages import languages_of
from engine.models.features.tokens import Tokens
from engine.models.letters import count_letters
from engine.models.locality import Reading, count_tokens, count_words, readings, sample, unknown_id
from engine.models.presets import installed

MOST, OWN_SIZE, LENGTH = 10_000, 8000, 512


def main() -> None:
    asked = argparse.ArgumentParser()
    asked.add_argument("sets", nargs="*", default=["waimai", "hau", "amh", "swa", "yor", "pcm"])
    given = asked.parse_args()
    languages_of(["so that loading the detector is not counted"])
    print("| set | texts, characters | vocabulary | pieces a word | unknown | letters it can write | language read | verdict | processor s |")  # fmt: skip
    print("|---|---|---|---|---|---|---|---|---|")
    for name in given.sets:
        rows = SETS[name].part("train")["text"].tolist()[:MOST]
        texts = [rows[place] for place in sample(rows)]
        started = time.process_time()
        words, languages = count_words(texts), languages_of(texts)
        found = [("learnt here", look(Tokens.fit(texts, "pieces", OWN_SIZE, LENGTH).tokenizer, texts, words, languages, ()))]  # fmt: skip
        for preset in installed():
            tokenizer = Tokenizer.from_file(str(preset.folder / "tokenizer.json"))
            found.append((preset.name, look(tokenizer, texts, words, languages, preset.languages)))
        seconds = time.process_time() - started
        for number, (vocabulary, one) in enumerate(found):
            read = "" if one.familiar_share is None else f"{one.familiar_share:.0%}"
            whole = (name, f"{len(texts):,}, {sum(map(len, texts)):,}") if not number else ("", "")
            print(
                f"| {whole[0]} | {whole[1]} | {vocabulary} | {one.fertility:.2f} | {one.unknown_share:.1%} | {one.written_share:.1%} "
                f"| {read} | {one.verdict} | {f'{seconds:.1f}' if not number else ''} |"
            )  # fmt: skip


def look(
    tokenizer: Any, texts: list[str], words: Any, languages: list[str], spoken: tuple[str, ...]
) -> Reading:
    """How one vocabulary reads all the texts."""
    letters = count_letters(texts, tokenizer, unknown_id(tokenizer))
    none = pd.DataFrame(index=range(len(texts)))
    return readings(*count_tokens(tokenizer, texts), words, none, letters, languages, spoken)[0]


if __name__ == "__main__":
    main()
