"""Texts: one or several columns, joined by a newline, as the input of a classifier.

Stage 1 (data).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from engine.data import errors, limits
from engine.data.characters import count_characters
from engine.data.languages import CONFIDENCE, detector_name, language_counts
from engine.data.measures import measure
from engine.data.scanning import matching
from engine.data.schema import Schema
from engine.data.text_sample import at_places
from engine.errors import N_
from engine.modality import modalities

JOINER = "\n"
TOKENIZER = N_("words; Chinese and Japanese characters are counted singly")
SAMPLE, SEED = 50_000, 0
_EMBEDDED_CHARS = 600
"""Characters of a text that say where it lies on the map."""


class TextClassification:
    """Text in, one class out."""

    name = "text-classification"
    title = N_("Text classification")
    size_unit = N_("characters")

    def read(self, frame: pd.DataFrame, schema: Schema) -> pd.Series:
        """The input columns joined by a newline in schema order; empty cells keep their place."""
        names = schema.names("input")
        joined = frame[names[0]].fillna("")
        for name in names[1:]:
            joined = joined.str.cat(frame[name].fillna(""), sep=JOINER)
        return joined.rename(" + ".join(names))

    def show(self, value: Any, limit: int = 200) -> str:
        """The text on one line, cut to `limit` characters; controls and direction marks become visible."""
        line = " ".join(str(value)[: 4 * limit].split())
        line = "".join(
            "\ufffd" if unicodedata.category(c) in ("Cc", "Cs") or c in _TURNING else c for c in line
        )
        return line if len(line) <= limit else line[: limit - 1] + "…"

    def key(self, value: Any) -> str:
        """The text in normal form C with white space folded; letter case counts."""
        text = str(value)
        text = text if text.isascii() else unicodedata.normalize("NFC", text)
        if "  " not in text and text.isprintable():  # no white space but single spaces: nothing to fold
            return text.strip(" ")
        return " ".join(text.split())

    def keys(self, inputs: pd.Series) -> pd.Series:
        """The key of every text: most are their own, and only the others are looked at one by one."""
        places = matching(inputs, f"[^ {_PLAIN}]|^ |  | $")
        if not len(places):
            return inputs
        cells = pa.array(inputs, pa.large_string())
        mask = np.zeros(len(inputs), dtype=bool)
        mask[places] = True
        folded = pa.array(map(self.key, cells.filter(pa.array(mask)).to_pylist()), pa.large_string())
        found = pc.replace_with_mask(cells, mask, folded)
        return pd.Series(found.to_pandas(), dtype="str").set_axis(inputs.index)

    def sizes(self, inputs: pd.Series) -> pd.Series:
        """Unicode code points of each text."""
        return inputs.str.len().astype(np.int64)

    def validate(self, inputs: pd.Series) -> None:
        """Refuse a text that nobody could look at.

        Args:
            inputs: texts by row id.

        Raises:
            TextTooLong: a text above `limits.MAX_TEXT` characters.
        """
        sizes, ids = self.sizes(inputs), inputs.index.to_numpy(dtype=np.int64)
        if len(sizes) and sizes.max() > limits.MAX_TEXT:
            row = int(sizes.to_numpy().argmax())
            raise errors.TextTooLong(
                row=int(ids[row]) + 1,
                column=str(inputs.name),
                length=int(sizes.iloc[row]),
                limit=limits.MAX_TEXT,
            )

    def embed(self, inputs: pd.Series) -> NDArray[np.floating[Any]]:
        """TF-IDF over character sequences (1 to 3) of each text's beginning, reduced to 50 dimensions and to unit length.

        Latent semantic analysis (Deerwester et al. 1990). Texts without any known sequence lie at the origin.
        """
        from sklearn.decomposition import TruncatedSVD
        from sklearn.feature_extraction.text import TfidfVectorizer
        from sklearn.preprocessing import normalize

        beginnings = [self.key(text[:_EMBEDDED_CHARS]).lower() for text in inputs]
        least = 2 if len(beginnings) > 50 else 1
        vectorizer = TfidfVectorizer(
            analyzer="char", ngram_range=(1, 3), min_df=least, max_features=20_000, sublinear_tf=True, lowercase=False,
            dtype=np.float32,
        )  # fmt: skip
        if not any(beginnings):
            return np.zeros((len(beginnings), 1), dtype=np.float32)
        counted = vectorizer.fit_transform(beginnings)
        dimensions = min(50, counted.shape[1] - 1, counted.shape[0] - 1)
        if dimensions < 1:
            return np.zeros((len(beginnings), 1), dtype=np.float32)
        with np.errstate(invalid="ignore"):  # equal texts have no variance to be explained
            reduced = TruncatedSVD(dimensions, n_iter=3, random_state=SEED).fit_transform(counted)
        return np.asarray(normalize(reduced), dtype=np.float32)

    def wording(
        self,
        inputs: pd.Series,
        labels: Sequence[str],
        classes: Sequence[str],
        slices: Mapping[str, pd.Series],
    ) -> Any:
        """How the texts are worded (a `Wording`), as a part of the profile that other modalities lack."""
        from engine.data.profile.wording import wording

        return wording(inputs, labels, classes, slices)

    def describe(self, inputs: pd.Series) -> Mapping[str, Any]:
        """Tokens, scripts and languages, from a seeded sample where there are many texts.

        Returns:
            `tokens` (a `Measure`), `tokenizer` (how they are cut, a message id), `tokens_rows` (texts looked at for
            tokens and scripts), `scripts` (share of letters by writing system), `languages` (texts by language
            code), `languages_rows` (texts looked at), `detector`, `confidence` (below it a text is "unknown").
        """
        sample = inputs
        if len(inputs) > SAMPLE:
            drawn = np.random.default_rng(SEED).choice(len(inputs), SAMPLE, replace=False)
            sample = at_places(inputs, drawn)
        counted = count_characters(sample)
        return {
            "tokens": measure(counted.tokens, N_("tokens")).model_dump(mode="json"),
            "tokenizer": TOKENIZER,
            "tokens_rows": len(sample),
            "scripts": counted.scripts,
            "languages": language_counts(sample),
            "languages_rows": len(sample),
            "detector": detector_name(),
            "confidence": CONFIDENCE,
        }


_PLAIN = (
    "!-~\u00a1-\u00ac\u00ae-\u02ff\u0386\u0388-\u03ff\u0400-\u0482\u048a-\u052f\u2010-\u2027\u2030-\u205e\u2190-\u2328\u232b-\u2ad0"
    "\u3001-\u3029\u3041-\u3096\u309b-\u30ff\u3400-\u9fff\uac00-\ud7a3\ufe0f\uff01-\uffbe\u200d\U0001f300-\U0001faff"
)
"""Letters and signs of the usual alphabets that are no white space and that normal form C neither changes nor joins with
another one; what is not among them is only looked at more closely. A test holds this against the Unicode database."""
_TURNING = frozenset(chr(c) for c in (0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A)))

modalities.register(TextClassification())
