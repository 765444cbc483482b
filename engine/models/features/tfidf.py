"""TF-IDF over character n-grams, words, or both: the same scikit-learn code in training and in serving.

Fitted on the training part only; kept as a JSON vocabulary and an npy array of inverse document frequencies.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np

from engine.errors import N_, RecipeError
from engine.models.family import Facts, FloatArray
from engine.models.features.counting import count_terms
from engine.models.features.units import mostly_unspaced, normalise, units
from engine.params import Params, param

Weighting = Literal["tfidf", "mean", "binary"]
VOCABULARY = "vocabulary.json"
IDF = "idf.npy"


class NoFeatures(RecipeError):
    code = "NO_FEATURES"
    message = N_("No character sequence or word occurs in at least {min_df} of the {rows} training texts.")
    remedy = N_("Lower “rarest kept” to 1, or bring more text.")


class GramParams(Params):
    """What is counted."""

    analyzer: Literal["characters", "words", "both"] = param(
        "both", N_("Count"), N_("Character sequences suit scripts without spaces and rich word forms; words suit the rest."),
        titles=(N_("character sequences"), N_("words"), N_("both")),
    )  # fmt: skip
    char_max: int = param(
        4, N_("Longest character sequence"), N_("Sequences up to this many characters are counted."), low=1, high=6,
        unit=N_("characters"), depends_on=("analyzer", ("characters", "both")),
    )  # fmt: skip
    char_min: int = param(
        1, N_("Shortest character sequence"), N_("Where it exceeds the longest, only the longest are counted."), low=1, high=6,
        unit=N_("characters"), level="advanced", depends_on=("analyzer", ("characters", "both")),
    )  # fmt: skip
    word_max: int = param(
        2, N_("Longest word sequence"), N_("1 counts single words, 2 also pairs, 3 also triples."), low=1, high=3,
        unit=N_("words"), depends_on=("analyzer", ("words", "both")),
    )  # fmt: skip
    min_df: int = param(
        2, N_("Rarest kept"), N_("What occurs in fewer training texts is dropped."), low=1, high=50,
        unit=N_("texts"), scale="log", level="advanced",
    )  # fmt: skip


class TfidfParams(GramParams):
    """What is counted, and how."""

    max_features: int = param(
        200_000, N_("Most features"), N_("The most frequent are kept; with both kinds, half for each."), low=100,
        high=200_000, scale="log", level="advanced",
    )  # fmt: skip
    sublinear: bool = param(
        True, N_("Dampen repetition"), N_("Count 1 + log(n) instead of n, so that the tenth occurrence adds little."),
        level="advanced",
    )  # fmt: skip


class Tfidf:
    """Texts to sparse rows of TF-IDF weights; each kind of feature fills its own block of unit length.

    Args:
        parts: fitted vectorizers in column order, by kind ("characters", "words").
        settings: what `_vectorizer` needs to build them again.
    """

    def __init__(self, parts: Mapping[str, Any], settings: Mapping[str, Any]) -> None:
        self._parts = parts
        self._settings = settings

    @classmethod
    def fit(
        cls, texts: Sequence[str], params: TfidfParams, weighting: Weighting = "tfidf"
    ) -> tuple[Tfidf, Any]:
        """The fitted features and the training rows, a CSR matrix of float32.

        Args:
            texts: the training part.
            params: what to count.
            weighting: `mean` gives each row relative frequencies that sum to 1 (a bag for an embedding) instead, `binary`
                ones for what occurs.

        Raises:
            NoFeatures: when nothing is frequent enough.
        """
        from scipy.sparse import hstack

        kinds = ("characters", "words") if params.analyzer == "both" else (params.analyzer,)
        settings = {
            "characters": [min(params.char_min, params.char_max), params.char_max],
            "words": [1, params.word_max],
            "sublinear": params.sublinear,
            "weighting": weighting,
        }
        parts, blocks = {}, []
        for kind in kinds:
            analyze = _vectorizer(kind, settings).build_analyzer()
            terms, counts = count_terms(texts, analyze, params.min_df, params.max_features // len(kinds))
            if terms:
                rows, idf = _weighted(counts, settings)
                blocks.append(rows)
                parts[kind] = _vectorizer(kind, settings, terms, idf)
        if not parts:
            raise NoFeatures(min_df=params.min_df, rows=len(texts))
        return cls(parts, settings), hstack(blocks, format="csr")

    @property
    def width(self) -> int:
        """Number of columns."""
        return sum(len(part.vocabulary) for part in self._parts.values())

    def transform(self, texts: Sequence[str]) -> Any:
        """Rows of shape (n, width), CSR of float32; what the vocabulary does not know is left out."""
        from scipy.sparse import csr_matrix, hstack

        if not len(texts):
            return csr_matrix((0, self.width), dtype=np.float32)
        return hstack([part.transform(texts) for part in self._parts.values()], format="csr")

    def save(self, folder: Path) -> None:
        """Write `vocabulary.json` (terms in column order) and `idf.npy`."""
        terms = {kind: list(part.vocabulary) for kind, part in self._parts.items()}
        written = {"settings": dict(self._settings), "terms": terms}
        (folder / VOCABULARY).write_text(json.dumps(written, ensure_ascii=False), encoding="utf-8")
        np.save(
            folder / IDF, np.concatenate([part.idf_ for part in self._parts.values()]), allow_pickle=False
        )

    @classmethod
    def load(cls, folder: Path) -> Tfidf:
        """What `save` wrote, ready to transform."""
        written = json.loads((folder / VOCABULARY).read_text(encoding="utf-8"))
        idf = np.load(folder / IDF, allow_pickle=False)
        parts, start = {}, 0
        for kind, terms in written["terms"].items():
            end = start + len(terms)
            parts[kind] = _vectorizer(kind, written["settings"], terms, idf[start:end])
            start = end
        return cls(parts, written["settings"])


def _weighted(counts: Any, settings: Mapping[str, Any]) -> tuple[Any, FloatArray]:
    """Training rows and the weight of each term."""
    from sklearn.feature_extraction.text import TfidfTransformer
    from sklearn.preprocessing import normalize

    if settings["weighting"] == "mean":
        return normalize(counts, norm="l1"), np.ones(counts.shape[1])
    if settings["weighting"] == "binary":
        counts.data[:] = 1
        return counts, np.ones(counts.shape[1])
    transformer = TfidfTransformer(sublinear_tf=settings["sublinear"])
    return transformer.fit_transform(counts), transformer.idf_


def _vectorizer(
    kind: str, settings: Mapping[str, Any], terms: Sequence[str] | None = None, idf: Any = None
) -> Any:
    from sklearn.feature_extraction.text import TfidfVectorizer

    weighting: Weighting = settings["weighting"]
    vectorizer = TfidfVectorizer(
        analyzer="char" if kind == "characters" else "word",
        preprocessor=normalise,
        tokenizer=None if kind == "characters" else units,
        token_pattern=None,
        ngram_range=tuple(settings[kind]),
        vocabulary=None if terms is None else {term: column for column, term in enumerate(terms)},
        dtype=np.float32,
        binary=weighting == "binary",
        norm={"tfidf": "l2", "mean": "l1", "binary": None}[weighting],
        sublinear_tf=settings["sublinear"] and weighting == "tfidf",
    )
    if idf is not None:
        vectorizer.idf_ = idf
    return vectorizer


def typical_length(facts: Facts) -> float:
    """Rough mean size of a text from its median and 95th percentile (within 5 % on the three development sets)."""
    return max(0.65 * facts.size_median + 0.2 * facts.size_p95, 1.0)


def expected_width(params: TfidfParams, facts: Facts) -> int:
    """Rough number of features before the texts were seen.

    Growth with the root of the text length (Heaps' law), constants from the three development sets.
    """
    root = (facts.rows * typical_length(facts)) ** 0.5
    unspaced = mostly_unspaced(facts.extra)
    grams = (130 if unspaced else 45) * root * params.char_max / 4
    words = (60 if unspaced else 35) * root * params.word_max / 2
    kinds = {"characters": [grams], "words": [words], "both": [grams, words]}[params.analyzer]
    return int(sum(min(size, params.max_features / len(kinds)) for size in kinds))


def expected_entries(params: GramParams, facts: Facts) -> float:
    """Rough number of non-zero weights in the training rows."""
    length = typical_length(facts)
    grams = _counted_characters(params, length) * (0.65 if length < 500 else 0.3)
    words = length * params.word_max * (0.7 if mostly_unspaced(facts.extra) else 0.12)
    per_text = {"characters": grams, "words": words, "both": grams + words}[params.analyzer]
    return facts.rows * per_text


def expected_sequences(params: GramParams, facts: Facts) -> float:
    """Rough number of sequences in the training rows, repetitions included."""
    length = typical_length(facts)
    words = length * params.word_max * 0.3
    counted = {"characters": 0.0, "words": words, "both": words}[params.analyzer]
    if params.analyzer != "words":
        counted += _counted_characters(params, length)
    return facts.rows * counted


def expected_seconds(params: GramParams, facts: Facts) -> float:
    """Rough time to read the training and validation texts: 0.42 microseconds a counted sequence (one core)."""
    return 1.2 * 0.42e-6 * expected_sequences(params, facts)


def _counted_characters(params: GramParams, length: float) -> float:
    return length * max(params.char_max - params.char_min + 1, 1)
