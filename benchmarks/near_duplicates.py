"""Near-duplicates in a hundred thousand short Chinese and English texts: ours, and the libraries it was chosen from.

    .venv/bin/python -m benchmarks.near_duplicates [rows]

Prints Markdown. Times are CPU seconds of one process each, memory is its peak above what it had before. The texts are
invented (`tests/data/near_misses.py`), 5 % of them planted near-duplicates. datasketch comes with requirements-dev.txt;
gaoya is compared where it is installed.
"""

from __future__ import annotations

import importlib.util
import multiprocessing
import resource
import sys
import time
from collections.abc import Callable, Sequence

from tests.data.near_misses import invented_texts, planted

Candidates = Callable[[Sequence[str]], set[tuple[int, int]]]


def main() -> None:
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    print(f"| {rows:,} texts | CPU s | MB | planted found | groups or pairs |\n|---|---|---|---|---|")
    for name, work in WAYS.items():
        if importlib.util.find_spec(name.split()[0]) or name.startswith("Bentu"):
            with multiprocessing.get_context("spawn").Pool(1) as pool:
                print(f"| {name} | {pool.apply(_measured, (work, rows))} |", flush=True)


def _measured(work: Candidates, rows: int) -> str:
    texts = invented_texts(rows - rows // 21)
    extra = planted(texts)
    every = texts + [text for _, text in extra]
    before, start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
    pairs = work(every)
    seconds = time.process_time() - start
    memory = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    found = sum((place, len(texts) + n) in pairs for n, (place, _) in enumerate(extra)) / len(extra)
    return f"{seconds:.1f} | {memory:.0f} | {100 * found:.1f} % | {len(pairs):,}"


def bentu(texts: Sequence[str]) -> set[tuple[int, int]]:
    """Groups as the product makes them: every member with its group's first."""
    from engine.data.near_duplicates import near_duplicate_groups

    groups = near_duplicate_groups(texts)
    first: dict[int, int] = {}
    return {(first.setdefault(group, row), row) for row, group in enumerate(groups.tolist())} - {
        (row, row) for row in first.values()
    }


def datasketch(texts: Sequence[str]) -> set[tuple[int, int]]:
    """datasketch's MinHash and LSH over the same forms and shingles; candidates, not verified."""
    from datasketch import MinHash, MinHashLSH

    from engine.data.near_duplicates import repost_form

    index, found = MinHashLSH(num_perm=128, params=(32, 4)), set()
    sets = (
        {form[at : at + (2 if form[at] > "\u2e80" else 4)].encode() for at in range(len(form))}
        for form in map(repost_form, texts)
    )
    for row, sketch in enumerate(MinHash.generator(sets, num_perm=128, seed=20)):
        found |= {(int(other), row) for other in index.query(sketch)}
        index.insert(row, sketch)
    return found


def gaoya(texts: Sequence[str]) -> set[tuple[int, int]]:
    """gaoya's string index over the same forms with shingles of three characters; it verifies by its sketches."""
    from gaoya.minhash import MinHashStringIndex

    from engine.data.near_duplicates import repost_form

    index, found = MinHashStringIndex(32, 0.6, 32, 4, 128, analyzer="char", ngram_range=(3, 3)), set()
    for row, form in enumerate(map(repost_form, texts)):
        found |= {(other, row) for other in index.query(form)}
        index.insert_document(row, form)
    return found


WAYS: dict[str, Candidates] = {"Bentu (rensa)": bentu, "gaoya": gaoya, "datasketch": datasketch}

if __name__ == "__main__":
    main()
