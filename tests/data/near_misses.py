"""Texts that are nearly the same as others, made by small changes of the kinds that reposts have."""

from __future__ import annotations

import random
from collections.abc import Sequence

KINDS = ("typo", "emoji", "address", "signs", "mention", "word")


def invented_texts(count: int, seed: int = 0) -> list[str]:
    """Distinct Chinese and English texts without meaning, 10 to 60 characters and words of frequencies as in real ones."""
    rng = random.Random(seed)
    signs = [chr(code) for code in rng.sample(range(0x4E00, 0x9FA5), 800)]
    words = ["".join(rng.choices("etaoinshrdlucmfwypvbgk", k=rng.randint(2, 9))) for _ in range(1500)]
    weights = {len(bank): [1 / (place + 10) for place in range(len(bank))] for bank in (signs, words)}
    texts = []
    for number in range(count):
        if number % 2:
            texts.append(
                "，".join(
                    "".join(rng.choices(signs, weights[len(signs)], k=rng.randint(4, 14))) for _ in range(3)
                )
            )
        else:
            texts.append(" ".join(rng.choices(words, weights[len(words)], k=rng.randint(8, 20))) + ".")
    return texts


def near_miss(text: str, kind: str, texts: Sequence[str], rng: random.Random) -> str:
    """`text` with one small change; new letters and words come out of `texts`."""
    letters = [sign for sign in rng.choice(texts) if sign.isalpha()] or ["x"]
    if kind == "typo":
        place = rng.randrange(len(text))
        return text[:place] + rng.choice(letters) + text[place + 1 :]
    if kind == "emoji":
        return text + rng.choice([" 😂😂", "👍", " ❤️"])
    if kind == "address":
        return text + rng.choice([" https://example.org/aB3dE", "http://t.cn/RxyzAB"])
    if kind == "signs":
        return "".join(rng.choice("！。!…") if not c.isalnum() and c != " " else c for c in text) + "!!"
    if kind == "mention":
        return rng.choice(["@someone ", "RT @a_b: ", "@小明 "]) + text
    if sum("\u4e00" <= c <= "\u9fff" for c in text) > len(text) / 4:
        place = rng.randrange(max(len(text) - 2, 1))
        return text[:place] + "".join(rng.choices(letters, k=2)) + text[place + 2 :]
    words = text.split(" ")
    words[rng.randrange(len(words))] = "".join(rng.choices(letters, k=5)).lower()
    return " ".join(words)


def planted(
    texts: Sequence[str], share: float = 0.05, least: int = 12, seed: int = 0
) -> list[tuple[int, str]]:
    """Near misses of a share of `texts` that have at least `least` letters: position of the original and the new text."""
    rng = random.Random(seed)
    long = [place for place, text in enumerate(texts) if sum(map(str.isalnum, text)) >= least]
    chosen = rng.sample(long, min(len(long), round(share * len(texts))))
    return [
        (place, near_miss(texts[place], KINDS[n % len(KINDS)], texts, rng)) for n, place in enumerate(chosen)
    ]
