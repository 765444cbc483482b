"""Home: the two ways in, the rail, the next action, and projects that can be made, renamed and deleted."""

from __future__ import annotations

import pytest
from sqlalchemy import insert, update
from streamlit.testing.v1 import AppTest

from engine.services.inline import run_waiting
from engine.storage.clock import now
from engine.storage.database import write
from engine.storage.tables import feedback, new_id
from engine.workspace import Demo, Workspace
from tests.pages.conftest import SMALL, OpenPage, Trained, import_text, texts
from ui.text import safe_text

NAMES = [
    "<b>bold</b>",
    "**stars** [link](http://x.y) :red[z]",
    "$\\frac{1}{2}$ `code`",
    "评论 🙂 ‮abc",
    "# heading",
]
"""Names that a person may type and that no page may take for markup."""


@pytest.mark.parametrize("locale", ["en-US", "zh-CN"])
def test_an_empty_home_offers_two_ways_in(open_page: OpenPage, locale: str) -> None:
    at = open_page(locale=locale)
    assert not at.exception
    assert at.button(key="start_sample").proto.type == "primary"
    assert at.button(key="start_own")
    assert "home_next" not in {b.key for b in at.button}


def test_starting_with_own_data_creates_a_project_and_goes_to_data(
    open_page: OpenPage, workspace: Workspace
) -> None:
    at = open_page()
    at.button(key="start_own").click().run()
    assert not at.exception
    assert [p.name for p in workspace.projects.list()] == ["My project"]
    assert at.title[0].value == "Data"


@pytest.mark.parametrize(("locale", "sample"), [("en-US", "reviews_en"), ("zh-CN", "reviews_zh")])
def test_starting_with_the_sample_adds_it_in_the_readers_language(
    open_page: OpenPage, workspace: Workspace, locale: str, sample: str
) -> None:
    at = open_page(locale=locale)
    at.button(key="start_sample").click().run()
    assert not at.exception
    (project,) = workspace.projects.list()
    assert project.sample
    (job,) = workspace.jobs.active(project.id)
    assert job.spec == {"sample": sample}
    assert at.progress, "the import is shown as it goes on"


def test_validation_scores_carry_interval_and_rows(trained: Trained, open_page: OpenPage) -> None:
    lines = [
        line for line in texts(open_page(project=trained.project)).splitlines() if "on validation" in line
    ]
    assert len(lines) == 3, "two runs and the best of the project"
    assert all(" to " in line and "n = " in line for line in lines)


@pytest.mark.parametrize("locale", ["en-US", "zh-CN"])
def test_rail_shows_six_steps_in_words_and_one_next_action(
    open_page: OpenPage, workspace: Workspace, locale: str
) -> None:
    project = workspace.projects.create("mine")
    at = open_page(locale=locale)
    steps = [b for b in at.button if (b.key or "").startswith("rail_open_")]
    assert [b.key for b in steps] == [
        f"rail_open_{s}" for s in ("data", "prepare", "model", "train", "evaluate", "share")
    ]
    assert not any(b.disabled for b in steps)
    assert [b.key for b in at.button if b.proto.type == "primary"] == ["home_next"]
    import_text(workspace, project.id, SMALL)
    at.run()
    at.button(key="home_next").click().run()
    assert at.title[0].value == {"en-US": "Prepare", "zh-CN": "准备"}[locale]


def test_a_step_of_the_rail_opens_its_page(open_page: OpenPage, workspace: Workspace) -> None:
    workspace.projects.create("mine")
    at = open_page()
    at.button(key="rail_open_data").click().run()
    assert at.title[0].value == "Data"


@pytest.mark.parametrize("name", NAMES)
def test_project_names_are_shown_literally(open_page: OpenPage, workspace: Workspace, name: str) -> None:
    workspace.projects.create(name)
    at = open_page()
    assert not at.exception
    assert at.subheader[0].value == safe_text(name)
    assert f"**{safe_text(name)}**" in [m.value for m in at.markdown]


def test_of_two_projects_of_one_name_the_chosen_one_is_opened(
    open_page: OpenPage, workspace: Workspace
) -> None:
    first, second = (workspace.projects.create("twin") for _ in range(2))
    for project in (first, second):
        at = open_page(project=project.id)
        at.run()
        assert at.query_params["project"] == project.id
        labels = at.selectbox(key="shell_project").options
        assert len(set(labels)) == 2


def test_a_project_is_created_through_the_dialog(open_page: OpenPage, workspace: Workspace) -> None:
    at = open_page()
    at.button(key="home_create").click().run()
    at.text_input(key="project_new_name").set_value("店铺 <i>评论</i>")
    at.button(key="project_create_go").click().run()
    assert not at.exception
    assert [p.name for p in workspace.projects.list()] == ["店铺 <i>评论</i>"]


def test_an_empty_name_is_refused_with_a_remedy(open_page: OpenPage, workspace: Workspace) -> None:
    at = open_page()
    at.button(key="home_create").click().run()
    at.text_input(key="project_new_name").set_value("   ")
    at.button(key="project_create_go").click().run()
    assert workspace.projects.list() == []
    assert "A name is needed" in at.error[0].value


def test_a_project_is_renamed_through_its_menu(open_page: OpenPage, workspace: Workspace) -> None:
    project = workspace.projects.create("old")
    at = open_page()
    at.menu_button(key=f"project_menu_{project.id}").click("rename").run()
    at.text_input(key="project_renamed").set_value("new")
    at.button(key="project_rename_go").click().run()
    assert workspace.projects.get(project.id).name == "new"


def test_deleting_says_what_goes_and_then_does_it(
    trained: Trained, open_page: OpenPage, workspace: Workspace
) -> None:
    workspace.evaluations.open_test(trained.svm, "a look")
    run_waiting(workspace.scope)
    at = open_page(project=trained.project)
    at.menu_button(key=f"project_menu_{trained.project}").click("delete").run()
    said = texts(at)
    assert "- 2 runs with their models" in said
    assert "What stays is that a test part of these rows was opened 1 time" in said
    assert "- 1 dataset\n" in said
    at.button(key="project_delete_go").click().run()
    assert not at.exception
    assert workspace.projects.list() == []
    assert at.button(key="start_own"), "back to the two ways in"


def test_a_project_that_trains_cannot_be_deleted(open_page: OpenPage, workspace: Workspace) -> None:
    project = workspace.projects.add_sample("reviews_en")
    run_waiting(workspace.scope)
    workspace.runs.submit(project.id, workspace.recipes.choose(project.id, "majority", "quick"))
    at = open_page()
    at.menu_button(key=f"project_menu_{project.id}").click("delete").run()
    assert at.button(key="project_delete_go").disabled
    assert any("1 training of this project" in w.value for w in at.warning)


def test_a_project_whose_short_job_waits_is_deleted_with_it(
    open_page: OpenPage, workspace: Workspace
) -> None:
    project = workspace.projects.add_sample("reviews_en")
    at = open_page()
    at.menu_button(key=f"project_menu_{project.id}").click("delete").run()
    assert "1 short job of this project is under way and will be cancelled." in texts(at)
    at.button(key="project_delete_go").click().run()
    assert not at.exception
    assert project.id not in {one.id for one in workspace.projects.list()}
    assert not workspace.jobs.active()


def test_runs_are_listed_and_open_on_the_train_page(trained: Trained, open_page: OpenPage) -> None:
    at = open_page(project=trained.project)
    assert "on validation" in texts(at)
    at.button(key=f"recent_open_{trained.svm}").click().run()
    assert not at.exception
    assert at.query_params["run"] == trained.svm


def test_the_articles_case_runs_with_one_click_and_only_once(
    open_page: OpenPage, workspace: Workspace
) -> None:
    project = workspace.projects.add_sample("reviews_en")
    run_waiting(workspace.scope)
    at = open_page(project=project.id)
    at.button(key="home_article").click().run()
    assert not at.exception
    (run,) = workspace.runs.list(project.id)
    assert run.family == "case_network"
    assert run.state == "queued"


def say_wrong(ws: Workspace, demo: Demo, state: str = "pending") -> None:
    """One piece of feedback, as it lies in the inbox."""
    values = {
        "id": new_id("fbk"), "owner": ws.scope.owner, "project_id": demo.project_id, "demo_id": demo.id, "key": new_id("k"),
        "model": 1, "inputs": {"text": "x"}, "answer": "praise", "confidence": 0.9, "right": False, "correction": "complaint",
        "comment": None, "visitor": "v", "locale": "en", "received": now(), "state": state, "label": "complaint",
        "revision": 1, "updated": now(),
    }  # fmt: skip
    with write(ws.scope.engine) as connection:
        connection.execute(insert(feedback).values(**values))


@pytest.mark.parametrize("locale", ["en-US", "zh-CN"])
def test_home_shows_the_circle_and_what_comes_next(
    trained: Trained, open_page: OpenPage, workspace: Workspace, locale: str
) -> None:
    place = ["en-US", "zh-CN"].index(locale)

    def home() -> AppTest:
        at = open_page(locale=locale, project=trained.project)
        assert not at.exception
        return at

    def next_words(at: AppTest) -> str:
        return str(at.button(key="home_next").label).replace("\\", "")

    at = home()
    assert not at.metric, "nothing is shared yet"
    assert next_words(at) == ("Look at the results", "查看结果")[place]
    workspace.evaluations.open_test(trained.svm, "to share")
    run_waiting(workspace.scope)
    at = home()
    assert next_words(at) == ("Share the model", "分享模型")[place]
    at.button(key="home_next").click().run()
    assert at.title[0].value == ("Share", "分享")[place]

    demo, _ = workspace.demos.publish(trained.svm, title="a")
    assert [int(m.value) for m in home().metric] == [1, 0, 0, 0]
    say_wrong(workspace, demo)
    at = home()
    assert [int(m.value) for m in at.metric] == [1, 1, 0, 0]
    assert next_words(at) == ("Look at the feedback (1)", "查看反馈（1）")[place]
    with write(workspace.scope.engine) as connection:
        connection.execute(update(feedback).values(state="accepted"))
    at = home()
    assert [int(m.value) for m in at.metric] == [1, 0, 1, 0]
    assert next_words(at) == ("Make a version of the corrections (1)", "用更正生成新版本（1）")[place]
    with write(workspace.scope.engine) as connection:
        connection.execute(update(feedback).values(state="rejected"))
    again = workspace.runs.submit(trained.project, workspace.runs.get(trained.majority).recipe)
    assert [int(m.value) for m in home().metric] == [1, 0, 0, 0]
    run_waiting(workspace.scope)
    assert workspace.runs.get(again.id).state == "succeeded"
    at = home()
    assert [int(m.value) for m in at.metric] == [1, 0, 0, 1]
    assert next_words(at) == ("Compare the new run with the demo's model", "把新运行与演示的模型比较")[place]
    workspace.demos.switch(demo.id, False)
    at = home()
    assert [int(m.value) for m in at.metric] == [0, 0, 0, 1]
    at.button(key="circle_open_live").click().run()
    assert at.title[0].value == ("Share", "分享")[place]
    workspace.demos.revoke(demo.id)
    assert next_words(home()) == ("Share the model", "分享模型")[place]


def test_deleting_a_project_names_its_demos_and_feedback(
    trained: Trained, open_page: OpenPage, workspace: Workspace
) -> None:
    demo, _ = workspace.demos.publish(trained.svm, title="a")
    say_wrong(workspace, demo)
    at = open_page(project=trained.project)
    at.menu_button(key=f"project_menu_{trained.project}").click("delete").run()
    assert "- 1 demo with its link" in texts(at)
    assert "- 1 piece of feedback from visitors" in texts(at)
    at.button(key="project_delete_go").click().run()
    assert not at.exception
    assert workspace.projects.list() == []
