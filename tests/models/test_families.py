"""The contract of every registered family."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from engine.errors import fill
from engine.models.calibration import class_scores, softmax
from engine.models.family import Discarded, Family, Machine, families, lacks
from engine.models.learning import shaping
from engine.models.preset_import import import_preset
from engine.params import InvalidParameter, fields_of, read_params
from tests.models.tiny_presets import tiny_bert
from tests.models.toys import MACHINE, Line, eagerly, texts_of, toy_data, toy_facts

ROOT = Path(__file__).parents[2]
TEXT = [family for family in families if family.task == "text-classification"]
FITTED = [
    pytest.param(family, marks=pytest.mark.slow if family.needs_tensorflow else (), id=family.name)
    for family in TEXT
]
EVERY = pytest.mark.parametrize("family", TEXT, ids=lambda family: family.name)
FACTS = [toy_facts(), toy_facts(40), toy_facts(200_000, 50), toy_facts(han=0.9)]
SEQUENCE = {"epochs": 8, "batch_size": 8, "vocabulary": 500, "embedding_size": 16, "learning_rate": 0.01}
SMALL = {
    "tfidf_svm": {"min_df": 1},
    "complement_nb": {"min_df": 1},
    "tfidf_logreg": {"min_df": 1},
    "nb_svm": {"min_df": 1},
    "rbf_svm": {"min_df": 1, "landmarks": 100},
    "linear_blend": {"min_df": 1},
    "case_network": {
        "epochs": 6,
        "batch_size": 16,
        "units": 16,
        "max_features": 300,
        "min_df": 1,
        "learning_rate": 0.01,
    },
    "article_listing": {
        "variant": "repaired",
        "epochs": 6,
        "batch_size": 16,
        "max_words": 200,
        "max_length": 20,
    },
    "embedding_bag": {"epochs": 12, "batch_size": 8, "min_df": 1},
    "text_cnn": {**SEQUENCE, "filters": 16, "activation": "gelu"},
    "recurrent": {**SEQUENCE, "units": 8},
    "transformer": {**SEQUENCE, "heads": 2, "depth": 1, "pretraining": 1},
    "foundation": {"preset": "tiny", "adapt": "full", "epochs": 15, "batch_size": 8, "learning_rate": 0.01},
    "stack": {
        "members": [
            {"name": "tfidf_svm", "params": {"min_df": 1}},
            {"name": "complement_nb", "params": {"min_df": 1}},
        ]
    },
}


@pytest.fixture(scope="module")
def imported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("presets")
    import_preset(tiny_bert(folder / "source"), folder / "presets", "tiny")
    return folder / "presets"


@pytest.fixture(autouse=True)
def a_preset_on_this_machine(imported: Path, bentu_home: Path) -> None:
    shutil.copytree(imported, bentu_home / "presets")


@pytest.fixture(scope="module")
def taught(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Family], tuple[Any, Line]]:
    """A family's small model of the toy data, trained once, and what it reported meanwhile."""
    known: dict[str, tuple[Any, Line]] = {}

    def model(family: Family) -> tuple[Any, Line]:
        if family.name not in known:
            line = Line(tmp_path_factory.mktemp(family.name))
            params = family.Params(**SMALL.get(family.name, {}))
            known[family.name] = family.fit(toy_data(), params, line.training), line
        return known[family.name]

    return model


def test_the_families_of_this_release_are_there() -> None:
    assert [f.name for f in TEXT] == [
        "majority",
        "complement_nb",
        "tfidf_logreg",
        "tfidf_svm",
        "nb_svm",
        "rbf_svm",
        "linear_blend",
        "case_network",
        "article_listing",
        "embedding_bag",
        "text_cnn",
        "recurrent",
        "transformer",
        "foundation",
        "stack",
    ]


@EVERY
def test_params_survive_yaml(family: Family) -> None:
    params = family.Params()
    read = yaml.safe_load(yaml.safe_dump(params.model_dump(mode="json")))
    assert read_params(family.Params, read, family.name) == params


@EVERY
def test_every_bound_and_choice_is_valid_by_itself_and_nothing_beyond(family: Family) -> None:
    for field in fields_of(family.Params):
        inside = [*field.choices, *(v for v in (field.low, field.high) if v is not None)]
        for value in inside:
            typed = int(value) if field.kind == "int" else value
            assert getattr(read_params(family.Params, {field.name: typed}, family.name), field.name) == typed
        outside = ["no such choice"] if field.choices else []
        if field.kind in ("int", "float"):
            assert field.low is not None, f"{field.name} has no lower bound"
            assert field.high is not None, f"{field.name} has no upper bound"
            step = 1 if field.kind == "int" else 1e-6
            outside += [field.low - step, field.high + step]
            assert field.scale == "linear" or field.low > 0
        for value in outside:
            with pytest.raises(InvalidParameter):
                read_params(family.Params, {field.name: value}, family.name)


@EVERY
def test_fields_depend_on_what_exists(family: Family) -> None:
    fields = {field.name: field for field in fields_of(family.Params)}
    for field in fields.values():
        assert field.title
        assert field.help
        assert len(field.choice_titles) == len(field.choices)
        if field.depends_on:
            other, values = field.depends_on
            assert set(values) <= set(fields[other].choices)


@pytest.mark.parametrize("name", [f.name for f in TEXT if f.needs_tensorflow])
def test_settings_that_only_say_how_a_network_learns_do_not_change_how_large_it_is(name: str) -> None:
    family = families.get(name)
    params = family.defaults("quick", toy_facts(), MACHINE)
    learning = {field.name: field for field in fields_of(family.Params) if field.name not in shaping(params)}
    assert {"epochs", "batch_size", "dropout"} <= set(learning)
    for field in learning.values():
        for value in (*field.choices, field.low, field.high):
            if value is not None:
                other = params.model_copy(update={field.name: int(value) if field.kind == "int" else value})
                said, expected = (
                    family.estimate(p, toy_facts(), MACHINE).parameters for p in (other, params)
                )
                assert said == expected, field.name


@EVERY
@pytest.mark.parametrize("dial", ["quick", "balanced", "thorough"])
@pytest.mark.parametrize("facts", FACTS, ids=["plain", "few", "many", "han"])
def test_every_dial_gives_valid_params_and_an_estimate(family: Family, dial: str, facts: object) -> None:
    params = family.defaults(dial, facts, MACHINE)  # type: ignore[arg-type]
    assert read_params(family.Params, params.model_dump(mode="json"), family.name) == params
    for name, one in family.settings(dial, facts, MACHINE).items():  # type: ignore[arg-type]
        assert getattr(params, name) == one.value
        assert "{" not in fill(one.reason, one.params)
    cost = family.estimate(params, facts, MACHINE)  # type: ignore[arg-type]
    assert cost.parameters > 0 or lacks(family, params)
    assert cost.memory_bytes > 0
    assert cost.seconds > 0
    for caption, latex in family.formulas(params, facts):  # type: ignore[arg-type]
        assert caption
        assert latex.count("{") == latex.count("}")


@EVERY
def test_what_cannot_be_learnt_is_said_before_the_start(family: Family) -> None:
    assert family.unsuitable(toy_facts(), MACHINE) is None
    tiny = Machine(cores=1, memory_bytes=2**20)
    for facts, machine in (
        (toy_facts(classes=1), MACHINE),
        (toy_facts(classes=100_000), MACHINE),
        (toy_facts(), tiny),
    ):
        reason = family.unsuitable(facts, machine)
        assert reason is not None
        assert "{" not in fill(reason.message, reason.params)


@pytest.mark.parametrize("name", list(SMALL))
def test_a_handful_of_rows_is_too_few_to_learn_from(name: str) -> None:
    reason = families.get(name).unsuitable(toy_facts(rows=5), MACHINE)
    assert reason is not None
    assert reason.params["rows"] == 5


def test_the_registry_stays_light() -> None:
    code = """
import json, sys
from engine.models.family import Facts, Machine, families
facts, machine = Facts(1000, 2, 400, 50.0, 200.0, {}), Machine(2, 2**33)
for family in families:
    params = family.defaults("balanced", facts, machine)
    family.unsuitable(facts, machine), family.estimate(params, facts, machine), family.formulas(params, facts)
print(json.dumps([m for m in ("tensorflow", "keras", "sklearn", "scipy", "ai_edge_litert") if m in sys.modules]))
"""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True
    )
    assert json.loads(done.stdout) == []


@pytest.mark.parametrize("family", FITTED)
def test_what_is_saved_answers_as_what_was_trained(
    family: Family, taught: Callable[[Family], tuple[Any, Line]], tmp_path: Path
) -> None:
    fitted, line = taught(family)
    assert not fitted.stopped_early
    assert line.of("phase")
    folder = tmp_path / "model"
    folder.mkdir()
    fitted.save(folder)
    assert not list(folder.rglob("*.pkl"))
    served = family.load(folder)

    texts, labels = texts_of(300, seed=3)
    texts[:3] = ["", "…", "完全不认识的字"]
    said, expected = served.predict_proba(texts), fitted.predict_proba(texts)
    assert said.dtype == np.float64
    assert said.shape == (300, 2)
    assert np.allclose(said.sum(axis=1), 1)
    assert np.abs(said - expected).max() < 1e-5
    assert np.abs(served.predict_proba(texts[7:8]) - said[7:8]).max() < 1e-5
    assert served.predict_proba([]).shape == fitted.predict_proba([]).shape == (0, 2)
    if family.name != "majority":
        assert (said.argmax(axis=1) == labels)[3:].mean() > 0.9
    if family.needs_tensorflow and family.name != "article_listing":  # what a search scores a candidate by
        checked = served.predict_proba(toy_data().validation_inputs)
        assert np.abs(fitted.validated - checked).max() < 1e-6
    if family.needs_tensorflow:  # the map of the examples asks every network for this
        heard: list[float] = []
        read = served.vectors(texts, heard.append)  # type: ignore[attr-defined]
        kernel, bias = fitted.model.layers[-2].get_weights()
        scores = class_scores((read @ kernel + bias).squeeze())
        assert np.abs(softmax(scores, 1.0) - said).max() < 1e-4
        assert heard == [0.0, 256 / 300]


@pytest.mark.parametrize("family", [p for p in FITTED if p.id != "majority"])
def test_a_discarded_training_ends_at_once(family: Family, tmp_path: Path) -> None:
    line = Line(tmp_path, "discard")
    with pytest.raises(Discarded):
        family.fit(toy_data(), family.Params(**SMALL[family.name]), line.training)


@pytest.mark.parametrize("family", [p for p in FITTED if p.id != "majority"])
def test_the_same_seed_gives_the_same_model(family: Family, tmp_path: Path) -> None:
    """Without graphs; that two starts of a compiled training end alike is seen where one of them is killed."""
    texts, _ = texts_of(20, seed=5)
    few = {"epochs": 1, "batch_size": 64} if family.needs_tensorflow else {}
    params = family.Params(**{**SMALL[family.name], **few})

    with eagerly() if family.needs_tensorflow else nullcontext():
        first, again = (family.fit(toy_data(), params, Line(tmp_path / name).training) for name in "ab")
        assert np.abs(first.predict_proba(texts) - again.predict_proba(texts)).max() < 1e-6
