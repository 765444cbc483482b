"""A linear support vector machine over TF-IDF: the bar that every network has to beat."""

from __future__ import annotations

from typing import Any, ClassVar

from engine.errors import N_
from engine.models.family import families
from engine.models.linear import LinearFamily, LinearParams


class TfidfSvm(LinearFamily):
    """scikit-learn's LinearSVC, one against the rest; its margins become probabilities by temperature scaling."""

    name = "tfidf_svm"
    title = N_("TF-IDF + linear SVM")
    summary = N_(
        "Counts character and word sequences and separates the classes by a plane. Trained in seconds, and often at or above "
        "small neural networks: the bar that every network has to beat."
    )
    order = 30
    usual: ClassVar[dict[str, Any]] = {"C": 0.3}
    passes = 12

    def estimator(self, params: LinearParams, strength: float, seed: int) -> Any:
        from sklearn.svm import LinearSVC

        weight = "balanced" if params.balanced else None
        return LinearSVC(C=strength, class_weight=weight, random_state=seed, max_iter=3000)


families.register(TfidfSvm())
