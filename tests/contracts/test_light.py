"""The UI and serving processes never import TensorFlow, Keras or scikit-learn: seconds and hundreds of megabytes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.published import GOOD, TOKEN, publish, studio_key

ROOT = Path(__file__).parents[2]
HEAVY = ("tensorflow", "keras", "keras_hub")


def loaded_after(code: str, home: Path) -> set[str]:
    """Which heavy packages a fresh process holds after running `code`."""
    script = f"{code}\nimport sys\nprint('LOADED', [m for m in {HEAVY!r} if m in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, cwd=ROOT, timeout=120,
        env={"PATH": "/usr/bin:/bin", "BENTU_HOME": str(home), "HOME": str(home), "LANG": "C.UTF-8"}, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    line = next(x for x in done.stdout.splitlines() if x.startswith("LOADED"))
    return {m for m in HEAVY if repr(m) in line}


@pytest.mark.parametrize("module", ["engine.workspace", "engine.api", "engine.serving.predictor", "app"])
def test_module_stays_light(module: str, tmp_path: Path) -> None:
    assert loaded_after(f"import {module}", tmp_path) == set()


def test_every_page_stays_light(tmp_path: Path) -> None:
    code = f"""
from pathlib import Path
from streamlit.testing.v1 import AppTest
from engine.workspace import open_workspace
ws = open_workspace()
project = ws.projects.create("light")
for page in sorted(Path({str(ROOT / "pages")!r}).glob("*.py")):
    if page.stem == "demo":  # never in the studio: it has a process and a frame of its own
        continue
    at = AppTest.from_file({str(ROOT / "ui/shell.py")!r}, default_timeout=60)
    at.run()
    at.switch_page(f"../pages/{{page.name}}").run()
    assert not at.exception, (page.name, at.exception)
"""
    assert loaded_after(code, tmp_path) == set()


def test_the_page_for_strangers_stays_light_while_it_answers(tmp_path: Path) -> None:
    key = studio_key(tmp_path)
    publish(tmp_path, key, family="tfidf_svm")
    code = f"""
import os
from streamlit.testing.v1 import AppTest
os.environ["BENTU_DEMO_KEY"] = {key.public!r}
at = AppTest.from_file({str(ROOT / "ui/demo_shell.py")!r}, default_timeout=60)
at.query_params["d"] = {TOKEN!r}
at.run()
at.text_area("demo_input_0").set_value({GOOD!r})
at.button("demo_ask").click().run()
assert not at.exception, at.exception
assert at.subheader[0].value == "good"
from engine.workspace import close_desks
close_desks()
"""
    assert loaded_after(code, tmp_path) == set()
