"""Which labels are probably wrong: each row is judged by a model that has not seen it.

Stage 1 (data). Confident learning (Northcutt, Jiang, Chuang, "Confident Learning: Estimating Uncertainty in Dataset Labels",
JAIR 2021, section 3) as cleanlab does it: the confident joint says how many labels are wrong, the normalized margin which.
The model is a logistic regression over TF-IDF of character sequences. Import it in a job only.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

FOLDS, SEED = 5, 0
LEAST = 10
"""Rows that a class needs to be judged."""
AGREEMENT = 0.4
"""Cohen's kappa that the judge must reach against the labels; a worse one has no business calling them wrong."""
MARGIN = 0.5
"""How much more probable another label must be than the given one."""

_READ_CHARS, _ALL_CHARS = 1_500, 20_000_000
"""Characters that are read of a text, and of all: of many texts less each."""
JUDGED = 200_000
"""Rows that are judged; of more a seeded sample."""
_FITTED_ROWS, _FITTED_CELLS = 20_000, 400_000
"""Rows that a fold's model learns from at most, and rows times classes."""
_FEATURES = 50_000


@dataclass(frozen=True)
class Doubts:
    """Labels in doubt, the surest first.

    Args:
        places: positions of the rows, shape (n,).
        suggested: code of the label that each should probably have, shape (n,).
        margins: how much more probable it is than the given one, 0 to 1, shape (n,).
        agreement: share of the judged rows whose label the model names, out of fold.
        judged: rows that were judged.
    """

    places: Ints
    suggested: Ints
    margins: Floats
    agreement: float
    judged: int


def doubtful_labels(texts: Sequence[str], labels: Ints, groups: Ints) -> Doubts:
    """The rows whose label is probably wrong; none where the labels cannot be learned well enough to say.

    Args:
        texts: one a row.
        labels: class codes, -1 for a row without a label.
        groups: rows with an equal number stay in one fold, so that no row is judged by its own copy.
    """
    nothing = Doubts(np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64), np.zeros(0), 0.0, 0)
    counts = np.bincount(labels[labels >= 0])
    kept = np.flatnonzero(counts >= LEAST)
    places = np.flatnonzero(np.isin(labels, kept))
    if len(places) > JUDGED:
        places = np.sort(np.random.default_rng(SEED).choice(places, JUDGED, replace=False))
    if len(kept) < 2 or len(np.unique(groups[places])) < FOLDS:
        return nothing
    codes = np.searchsorted(kept, labels[places])
    chances = _out_of_fold([texts[place] for place in places.tolist()], codes, groups[places])
    if chances is None or _kappa(codes, chances.argmax(axis=1)) < AGREEMENT:
        return nothing
    margins = chances.max(axis=1) - chances[np.arange(len(codes)), codes]
    wrong = _issues(codes, chances)
    wrong = wrong[margins[wrong] >= MARGIN]
    wrong = wrong[np.argsort(-margins[wrong], kind="stable")]
    right = float((chances.argmax(axis=1) == codes).mean())
    return Doubts(places[wrong], kept[chances[wrong].argmax(axis=1)], margins[wrong], right, len(places))


def _out_of_fold(texts: Sequence[str], codes: Ints, groups: Ints) -> Floats | None:
    """Class probabilities of each row from a model that learned from the other folds, shape (rows, classes); None
    where a class does not reach every fold."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedGroupKFold

    from engine.models.features.tfidf import NoFeatures, Tfidf, TfidfParams

    classes = int(codes.max()) + 1
    most = max(LEAST * classes, min(_FITTED_ROWS, _FITTED_CELLS // classes))
    draw = np.random.default_rng(SEED)
    least = min(_READ_CHARS, _ALL_CHARS // len(texts))
    read = [text[:least] for text in texts]
    counted = (
        np.arange(len(read))
        if len(read) <= 2 * most
        else np.sort(draw.choice(len(read), 2 * most, replace=False))
    )
    try:
        features, _ = Tfidf.fit(
            [read[row] for row in counted],
            TfidfParams(analyzer="characters", char_max=3, max_features=_FEATURES),
        )
    except NoFeatures:
        return None
    rows = features.transform(read)
    chances = np.zeros((len(codes), classes))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a small class may miss a fold, a fit may stop before its tolerance
        for learned, judged in StratifiedGroupKFold(FOLDS, shuffle=True, random_state=SEED).split(
            rows, codes, groups
        ):
            if len(learned) > most:
                learned = np.sort(draw.choice(learned, most, replace=False))
            if len(np.unique(codes[learned])) < classes or not len(judged):
                return None
            model = LogisticRegression(C=1.0, solver="newton-cg", max_iter=200, tol=1e-3)
            model.fit(rows[learned], codes[learned])
            chances[judged] = model.predict_proba(rows[judged])
    return chances


def _issues(codes: Ints, chances: Floats) -> Ints:
    """As many rows as the confident joint counts off its diagonal, those of the lowest normalized margin."""
    from cleanlab.filter import find_label_issues

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return np.asarray(
            find_label_issues(codes, chances, filter_by="low_normalized_margin", return_indices_ranked_by="normalized_margin", n_jobs=1),
            dtype=np.int64,
        )  # fmt: skip


def _kappa(codes: Ints, judged: Ints) -> float:
    from sklearn.metrics import cohen_kappa_score

    return float(np.nan_to_num(cohen_kappa_score(codes, judged)))
