from __future__ import annotations

import pytest

from engine.models.family import FamilyVersionUnknown
from engine.params import InvalidParameter
from engine.recipe import Part, Recipe
from engine.registry import UnknownName
from engine.training.run import fit_run
from tests.models.toys import Line, texts_of, toy_data


def test_fits_what_the_recipe_names(line: Line) -> None:
    recipe = Recipe(data="toy", family=Part(name="tfidf_svm", params={"min_df": 1, "analyzer": "words"}))
    fitted = fit_run(recipe, toy_data(), line.training)
    texts, labels = texts_of(40, seed=3)
    assert (fitted.predict_proba(texts).argmax(axis=1) == labels).mean() > 0.9


@pytest.mark.parametrize(
    ("part", "error"),
    [({"name": "no_such_family"}, UnknownName), ({"name": "tfidf_svm", "version": 99}, FamilyVersionUnknown),
     ({"name": "tfidf_svm", "params": {"C": -1}}, InvalidParameter), ({"name": "tfidf_svm", "params": {"typo": 1}}, InvalidParameter)],
)  # fmt: skip
def test_refuses_what_this_code_does_not_know(
    part: dict[str, object], error: type[Exception], line: Line
) -> None:
    with pytest.raises(error):
        fit_run(Recipe(data="toy", family=Part(**part)), toy_data(), line.training)  # type: ignore[arg-type]


def test_keeps_numeric_libraries_to_the_threads_it_may_use(
    line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dataclasses import replace

    from threadpoolctl import threadpool_info

    seen: list[int] = []
    training = replace(
        line.training, threads=1, stop=lambda: seen.extend(p["num_threads"] for p in threadpool_info())
    )
    fit_run(Recipe(data="toy", family=Part(name="tfidf_svm", params={"min_df": 1})), toy_data(), training)
    assert seen
    assert set(seen) == {1}
