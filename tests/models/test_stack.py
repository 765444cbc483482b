"""A stack: weights that see one half of validation at a time, members that are trained once, a bundle of what counts."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.models.family import FamilyVersionUnknown, families, lacks
from engine.models.text.stack import StackParams, weigh
from engine.params import InvalidParameter, read_params
from engine.recipe import Part, Recipe, read_recipe, recipe_yaml
from engine.registry import UnknownName
from tests.models.toys import MACHINE, Line, texts_of, toy_data, toy_facts

STACK = families.get("stack")
SVM: dict[str, Any] = {"name": "tfidf_svm", "params": {"min_df": 1}}
BAYES: dict[str, Any] = {"name": "complement_nb", "params": {"min_df": 1}}
MAJORITY: dict[str, Any] = {"name": "majority"}


def stack(*members: dict[str, Any]) -> StackParams:
    return read_params(StackParams, {"members": list(members)}, "stack")


def test_each_half_is_answered_by_weights_that_the_other_half_chose() -> None:
    random = np.random.default_rng(0)
    labels = random.integers(0, 2, 60)
    answers = random.dirichlet([1, 1], (4, 60))
    weights, before = weigh(answers, labels, seed=0)
    assert weights.sum() == pytest.approx(1)
    answers[:, 0] = 0.5
    answers[weights.argmax(), 0] = np.where(np.eye(2)[labels[0]], 1e-9, 1)
    _, after = weigh(answers, labels, seed=0)
    changed = (after != before).any(axis=1)
    assert changed[0]
    assert changed.sum() == 1 + 30


def test_members_that_err_apart_share_the_weight_and_a_useless_one_gets_none() -> None:
    labels = np.tile([0, 1], 50)
    sure, wrong = np.where(np.eye(2)[labels], 0.9, 0.1), np.where(np.eye(2)[labels], 0.45, 0.55)
    one, other = sure.copy(), sure.copy()
    one[:20], other[20:40] = wrong[:20], wrong[20:40]
    weights, unseen = weigh(np.stack([one, other, wrong]), labels, seed=0)
    assert weights == pytest.approx([0.5, 0.5, 0], abs=0.1)
    assert (unseen.argmax(axis=1) == labels).mean() > (one.argmax(axis=1) == labels).mean()


def test_a_member_without_weight_is_not_packaged(line: Line, tmp_path: Path) -> None:
    fitted = STACK.fit(toy_data(), stack(SVM, MAJORITY, BAYES), line.training)
    (tmp_path / "model").mkdir()
    fitted.save(tmp_path / "model")
    said = json.loads((tmp_path / "model/stack.json").read_text())["members"]
    assert "majority" not in {member["family"] for member in said}
    assert sum(member["weight"] for member in said) == pytest.approx(1)
    assert sorted(p.name for p in (tmp_path / "model/members").iterdir()) == [
        str(i) for i in range(len(said))
    ]
    assert len(line.of("note")[-1]["params"]["weights"]) == 3  # type: ignore[index]


def test_a_finished_member_is_not_trained_again_after_a_kill(tmp_path: Path) -> None:
    class Killed(BaseException):
        pass

    def die() -> None:
        if [payload.get("params", {}).get("number") for payload in line.of("note")] == [1, 2]:  # type: ignore[attr-defined]
            raise Killed

    params, texts = stack(SVM, BAYES), texts_of(40, seed=5)[0]
    line = Line(tmp_path / "killed")
    with pytest.raises(Killed):
        STACK.fit(toy_data(), params, replace(line.training, stop=die))
    again = Line(tmp_path / "killed")
    resumed = STACK.fit(toy_data(), params, again.training)
    assert [p["name"] for p in again.of("phase")].count("Fitting") == 1
    whole = STACK.fit(toy_data(), params, Line(tmp_path / "whole").training)
    assert np.abs(resumed.predict_proba(texts) - whole.predict_proba(texts)).max() < 1e-6
    other = Line(tmp_path / "killed")
    STACK.fit(toy_data(seed=1), params, other.training)
    assert [p["name"] for p in other.of("phase")].count("Fitting") == 2


def test_stop_and_keep_stacks_the_members_that_there_are(tmp_path: Path) -> None:
    fitted = STACK.fit(toy_data(), stack(SVM, BAYES), Line(tmp_path, "keep", after=1).training)
    assert fitted.stopped_early
    texts, labels = texts_of(40, seed=3)
    assert (fitted.predict_proba(texts).argmax(axis=1) == labels).mean() > 0.9


@pytest.mark.slow
def test_a_network_as_a_member_is_served_as_it_was_trained(line: Line, tmp_path: Path) -> None:
    network = {
        "epochs": 3,
        "batch_size": 16,
        "units": 8,
        "max_features": 300,
        "min_df": 1,
        "learning_rate": 0.01,
    }
    fitted = STACK.fit(
        toy_data(), stack({"name": "case_network", "params": network}, MAJORITY), line.training
    )
    (tmp_path / "model").mkdir()
    fitted.save(tmp_path / "model")
    texts, _ = texts_of(40, seed=3)
    assert (tmp_path / "model/members/0/model.tflite").exists()
    assert (
        np.abs(STACK.load(tmp_path / "model").predict_proba(texts) - fitted.predict_proba(texts)).max() < 1e-5
    )
    assert {event["member"] for event in line.of("epoch")} == {1}


@pytest.mark.parametrize(
    ("member", "error"),
    [({"name": "no_such_family"}, UnknownName), ({"name": "tfidf_svm", "version": 99}, FamilyVersionUnknown),
     ({"name": "tfidf_svm", "params": {"C": -1}}, InvalidParameter), ({"name": "tfidf_svm", "typo": 1}, InvalidParameter)],
)  # fmt: skip
def test_a_member_that_cannot_be_is_refused_before_the_start(
    member: dict[str, Any], error: type[Exception]
) -> None:
    with pytest.raises(error):
        stack(SVM, member)


def test_nine_members_are_too_many() -> None:
    with pytest.raises(InvalidParameter, match="at most 8 entries; it has 9"):
        stack(*[SVM] * 9)


def test_what_is_missing_is_said(bentu_home: Path) -> None:
    assert "at least two" in str(lacks(STACK, stack(SVM)))
    assert lacks(STACK, stack(SVM, BAYES)) is None
    missing = lacks(STACK, stack(SVM, {"name": "foundation", "params": {"preset": "nowhere"}}))
    assert missing is not None
    assert missing.params == {"name": "nowhere"}
    forgetful = {"name": "foundation", "params": {"preset": "nowhere", "general": "ver_1"}}
    assert "cannot be stacked" in str(lacks(STACK, stack(SVM, forgetful)))


def test_the_costs_are_those_of_the_members_together() -> None:
    facts = toy_facts()
    members = [Part(name="tfidf_svm"), Part(name="text_cnn")]
    alone = [families.get(p.name).estimate(families.get(p.name).Params(), facts, MACHINE) for p in members]
    together = STACK.estimate(StackParams(members=tuple(members)), facts, MACHINE)
    assert together.parameters == sum(cost.parameters for cost in alone)
    assert together.seconds >= sum(cost.seconds for cost in alone)
    assert together.memory_bytes > max(cost.memory_bytes for cost in alone)


def test_members_survive_the_recipe_file() -> None:
    params = stack(SVM, BAYES).model_dump(mode="json")
    recipe = Recipe(data="toy", family=Part(name="stack", params=params))
    read = read_recipe(recipe_yaml(recipe))
    assert read == recipe
    assert read_params(StackParams, read.family.params, "stack") == stack(SVM, BAYES)
