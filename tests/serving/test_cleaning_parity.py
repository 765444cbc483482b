"""What a model is asked in a clean process is cleaned as in training, by every step, without TensorFlow."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np

from engine.data.schema import make_schema
from engine.models.family import families
from engine.packaging.bundle import write_bundle
from engine.prepare.steps import Cleaner, steps
from engine.recipe import Part, Recipe, Step
from engine.serving.predictor import load_model
from tests.models.toys import Line, texts_of, toy_data

PARAMS = {
    "pattern": {"pattern": "\\bno\\d+", "mode": "mask"},
    "boilerplate": {"phrases": "sent from my phone\n谢谢"},
    "stop_words": {"language": "zh"},
}
ODD = [
    "谢谢 繁體中文的頭髮 no123 cafÃ© đọ̀ 😀 ٣٣ sent from my phone",
    "服务态度很好 https://t.cn/a @someone 13800138000 &amp; <b>x</b>",
    "\u202eأهلا \ufffd a\u0301\u0323 " + "x" * 3000,
    "",
]


def test_every_step_runs_the_same_in_a_clean_process(tmp_path: Path) -> None:
    family = families.get("tfidf_logreg")
    clean = tuple(
        Step(name=step.name, version=step.version, params=PARAMS.get(step.name, {}))
        for step in sorted(steps, key=lambda step: step.order) if step.task == "text-classification"
    )  # fmt: skip
    assert len(clean) >= 22
    fitted = family.fit(toy_data(), family.Params(min_df=1), Line(tmp_path / "checkpoints").training)
    schema = make_schema({"text": "input", "label": "label"}, ["text", "label"]).model_copy(
        update={"classes": ("good", "bad")}
    )
    recipe = Recipe(data="v", family=Part(name=family.name), clean=clean)
    write_bundle(
        tmp_path / "b", recipe=recipe, schema=schema, family=family, fitted=fitted, metrics={}, environment={}
    )
    asked = [*ODD, *texts_of(20, seed=4)[0]]
    code = (
        "import json, sys; from pathlib import Path; from engine.prepare.steps import Cleaner; from engine.serving.predictor import load_model;"
        "from engine.recipe import Recipe; asked = json.loads(sys.stdin.read()); model = load_model(Path(sys.argv[1]));"
        "said = model.predict_proba(asked).tolist();"
        "cleaned = Cleaner(Recipe.model_validate_json(sys.argv[2]).clean)(asked);"
        "assert not {'tensorflow', 'keras'} & set(sys.modules);"
        "print(json.dumps([said, cleaned]))"
    )
    answer = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "b"), recipe.model_dump_json()],
        input=json.dumps(asked), stdout=subprocess.PIPE, text=True, check=True,
    )  # fmt: skip
    said, cleaned = json.loads(answer.stdout)
    assert cleaned == Cleaner(clean)(asked)
    assert np.array_equal(np.array(said), load_model(tmp_path / "b").predict_proba(asked))
    assert cleaned[0] != asked[0]
