"""Augmentation through the product: only train rows get copies, the run says how many, and a trial says whether they help."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from engine.errors import NotFound
from engine.jobs.errors import QueueFull
from engine.models.family import families
from engine.models.preset_import import import_preset
from engine.packaging.bundle import unpack
from engine.prepare.augmentations import AugmentationUnavailable
from engine.prepare.lexicon import LexiconEmpty
from engine.recipe import Augmentation, Recipe, Step
from engine.services.augmentations import NotDividedYet
from engine.services.inline import run_waiting
from engine.services.lexicons import LexiconMissing
from engine.services.scored import NotComparable
from engine.services.trials import NothingToTry
from engine.serving.predictor import load_model
from engine.storage import artifacts
from engine.storage.tables import run
from engine.workspace import DatasetVersion, Workspace, open_scope
from tests.models.tiny_presets import tiny_bert, with_head

Importer = Callable[..., DatasetVersion]

DELETE = Augmentation(steps=(Step(name="delete"),), factor=1.0)


@pytest.fixture
def version(imported: Importer) -> DatasetVersion:
    return imported(rows=240)


def recipe_of(workspace: Workspace, version: DatasetVersion, augment: Augmentation = DELETE) -> Recipe:
    workspace.recipes.choose(version.project_id, "tfidf_svm", "quick")
    return workspace.recipes.update(version.project_id, augment=augment)


def seen_by(family: str, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What the family is given to learn from, run by run."""
    entry, given = families.get(family), []
    fit = entry.fit

    def watched(data: Any, params: Any, training: Any) -> Any:
        given.append(data)
        return fit(data, params, training)

    monkeypatch.setattr(entry, "fit", watched)
    return given


def test_only_train_rows_get_copies_and_the_run_counts_them(
    workspace: Workspace, version: DatasetVersion, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = seen_by("tfidf_svm", monkeypatch)
    plain = workspace.runs.submit(version.project_id, recipe_of(workspace, version, Augmentation()))
    with_copies = workspace.runs.submit(version.project_id, recipe_of(workspace, version))
    run_waiting(workspace.scope)
    without, augmented = given
    rows = len(without.train_inputs)
    assert list(augmented.train_inputs[:rows]) == list(without.train_inputs)
    assert len(augmented.train_inputs) == len(augmented.train_labels) == 2 * rows
    assert list(augmented.validation_inputs) == list(without.validation_inputs)
    assert not set(augmented.train_inputs[rows:]) & set(augmented.validation_inputs)
    done = workspace.runs.get(with_copies.id)
    assert done.state == "succeeded", done.error
    assert done.environment is not None
    assert (done.environment["train_rows"], done.environment["augmented_rows"]) == (rows, rows)
    assert "augmented_rows" not in (workspace.runs.get(plain.id).environment or {})
    notes = [e.payload for e in workspace.runs.events(with_copies.id) if e.kind == "note"]
    assert [n["params"] for n in notes] == [{"rows": rows, "made": rows, "asked": rows}]
    assert done.metrics is not None and done.metrics["macro_f1"]["n"] == len(without.validation_inputs)


def test_the_test_part_is_not_even_looked_at(
    workspace: Workspace, version: DatasetVersion, monkeypatch: pytest.MonkeyPatch
) -> None:
    from engine.services import training_rows

    looked: list[Any] = []
    made = training_rows.Augmenter.__call__

    def watched(self: Any, inputs: Any, labels: Any, row_ids: Any, seed: int, **options: Any) -> Any:
        looked.extend([*inputs, *options["avoid"]])
        return made(self, inputs, labels, row_ids, seed, **options)

    monkeypatch.setattr(training_rows.Augmenter, "__call__", watched)
    submitted = workspace.runs.submit(version.project_id, recipe_of(workspace, version))
    run_waiting(workspace.scope)
    workspace.evaluations.open_test(submitted.id, "check")
    run_waiting(workspace.scope)
    page, count = workspace.evaluations.predictions(submitted.id, "test", limit=1000)
    assert count > 0
    assert looked and not set(page["input"]) & set(looked)


def test_the_same_recipe_trains_on_the_same_copies(
    workspace: Workspace, version: DatasetVersion, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = seen_by("tfidf_svm", monkeypatch)
    recipe = recipe_of(workspace, version)
    for _ in range(2):
        workspace.runs.submit(version.project_id, recipe)
    workspace.runs.submit(version.project_id, recipe.model_copy(update={"seed": 5}))
    run_waiting(workspace.scope)
    first, again, other = (list(data.train_inputs) for data in given)
    assert first == again
    assert first != other


@pytest.mark.slow
def test_a_foundation_model_varies_train_rows_alone(
    workspace: Workspace,
    version: DatasetVersion,
    monkeypatch: pytest.MonkeyPatch,
    bentu_home: Path,
    tmp_path: Path,
) -> None:
    tiny = import_preset(with_head(tiny_bert(tmp_path / "tiny")), bentu_home / "presets", "tiny")
    step = Step(name="masked_words", params={"preset": tiny.reference, "chance": 1.0})
    given = seen_by("tfidf_svm", monkeypatch)
    recipe = recipe_of(workspace, version, Augmentation(steps=(step,), factor=0.25))
    workspace.runs.submit(version.project_id, recipe)
    run_waiting(workspace.scope)
    (first,), (done,) = given, workspace.runs.list(version.project_id)
    rows, made = (done.environment[name] for name in ("train_rows", "augmented_rows"))  # type: ignore[index]
    assert len(first.train_inputs) == rows + made
    assert 0.9 * rows < 4 * made <= rows + 4
    assert not set(first.train_inputs[rows:]) & {*first.train_inputs[:rows], *first.validation_inputs}
    workspace.augmentations.start_preview(recipe)
    run_waiting(workspace.scope)
    preview = workspace.augmentations.preview(recipe)
    assert preview is not None
    assert 30 <= preview.steps[0].varied <= preview.rows == 32
    assert all(s.before != s.after for s in preview.together.samples)


def test_the_digest_of_a_run_covers_its_augmentation(workspace: Workspace, version: DatasetVersion) -> None:
    recipe = recipe_of(workspace, version)
    other = recipe.model_copy(update={"augment": DELETE.model_copy(update={"factor": 2.0})})
    ids = [workspace.runs.submit(version.project_id, r).id for r in (recipe, other)]
    assert len({workspace.scope.row(run, i, "run").recipe_digest for i in ids}) == 2


def test_the_served_model_augments_nothing(
    workspace: Workspace, version: DatasetVersion, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    submitted = workspace.runs.submit(version.project_id, recipe_of(workspace, version))
    run_waiting(workspace.scope)
    bundle = workspace.scope.row(run, submitted.id, "run").bundle

    def never(*args: Any, **options: Any) -> Any:
        raise AssertionError("augmentation in use")

    monkeypatch.setattr("engine.prepare.augmenting.Augmenter.__init__", never)
    model = load_model(unpack(artifacts.path(bundle), tmp_path / "bundle"))
    assert model.predict_proba(["good food"]).shape == (1, 2)


def test_the_estimate_counts_the_copies(workspace: Workspace, version: DatasetVersion) -> None:
    workspace.splits.start(version.id, workspace.recipes.draft(version.project_id).split)  # type: ignore[union-attr]
    run_waiting(workspace.scope)
    plain = recipe_of(workspace, version, Augmentation())
    five = plain.model_copy(update={"augment": DELETE.model_copy(update={"factor": 5.0})})
    estimate = workspace.recipes.estimate
    assert estimate(version.project_id, five).seconds > estimate(version.project_id, plain).seconds


def test_growth_and_preview_need_a_division(workspace: Workspace, version: DatasetVersion) -> None:
    recipe = recipe_of(workspace, version)
    assert workspace.augmentations.growth(version.id, DELETE) is None
    assert workspace.augmentations.preview(recipe) is None
    with pytest.raises(NotDividedYet):
        workspace.augmentations.start_preview(recipe)
    workspace.splits.start(version.id, recipe.split)
    run_waiting(workspace.scope)
    growth = workspace.augmentations.growth(version.id, DELETE)
    assert growth is not None and all(g.grown == 2 * g.rows > 0 for g in growth)
    workspace.augmentations.start_preview(recipe)
    run_waiting(workspace.scope)
    preview = workspace.augmentations.preview(recipe)
    assert preview is not None and preview.steps[0].varied == preview.rows == sum(g.rows for g in growth)
    more = recipe.model_copy(update={"augment": DELETE.model_copy(update={"factor": 3.0})})
    assert workspace.augmentations.preview(more) == preview, (
        "how many copies there are does not change what one looks like"
    )


def lexicon_of(
    workspace: Workspace, project_id: str, data: bytes = b"good,fine\nfood,meal\nbad,poor\n"
) -> str:
    staged = workspace.lexicons.stage(data, "words.txt")
    job = workspace.lexicons.start_import(project_id, staged.id)
    run_waiting(workspace.scope)
    ended = workspace.jobs.get(job.id)
    if ended.problem:
        raise ended.problem
    assert ended.result
    return str(ended.result["digest"])


def test_a_lexicon_is_uploaded_used_kept_and_removed(workspace: Workspace, version: DatasetVersion) -> None:
    digest = lexicon_of(workspace, version.project_id)
    (one,) = workspace.lexicons.list(version.project_id)
    assert (one.digest, one.name, one.words) == (digest, "words.txt", 3)
    synonyms = Augmentation(steps=(Step(name="synonyms", params={"lexicon": digest}),))
    submitted = workspace.runs.submit(version.project_id, recipe_of(workspace, version, synonyms))
    run_waiting(workspace.scope)
    done = workspace.runs.get(submitted.id)
    assert done.state == "succeeded", done.error
    assert artifacts.collect(workspace.scope.engine, young=-1) is not None
    assert artifacts.path(digest).is_file(), "a lexicon in use is not swept away"
    workspace.lexicons.delete(version.project_id, digest)
    assert workspace.lexicons.list(version.project_id) == []
    with pytest.raises(LexiconMissing):
        workspace.runs.submit(version.project_id, recipe_of(workspace, version, synonyms))
    with pytest.raises(NotFound):
        workspace.lexicons.delete(version.project_id, digest)


def test_a_lexicon_of_another_project_or_owner_is_not_found(
    workspace: Workspace, version: DatasetVersion, imported: Importer
) -> None:
    digest = lexicon_of(workspace, version.project_id)
    synonyms = Augmentation(steps=(Step(name="synonyms", params={"lexicon": digest}),))
    elsewhere = imported(rows=120, name="other")
    with pytest.raises(LexiconMissing):
        workspace.runs.submit(elsewhere.project_id, recipe_of(workspace, elsewhere, synonyms))
    stranger = Workspace(open_scope("somebody else"))
    with pytest.raises(NotFound):
        stranger.lexicons.list(version.project_id)
    with pytest.raises(NotFound):
        stranger.lexicons.delete(version.project_id, digest)
    with pytest.raises(NotFound):
        stranger.augmentations.growth(version.id, DELETE)
    stranger.scope.engine.dispose()


def test_a_lexicon_that_is_none_is_refused_in_words(workspace: Workspace, version: DatasetVersion) -> None:
    with pytest.raises(LexiconEmpty):
        lexicon_of(workspace, version.project_id, b"alone\n")
    assert workspace.lexicons.list(version.project_id) == []


def test_deleting_a_project_takes_its_lexicons_along(workspace: Workspace, version: DatasetVersion) -> None:
    lexicon_of(workspace, version.project_id)
    workspace.projects.delete(version.project_id)
    with workspace.scope.engine.connect() as connection:
        from sqlalchemy import select

        from engine.storage.tables import result

        assert not connection.execute(select(result.c.key).where(result.c.kind == "lexicon")).all()


def test_a_run_without_its_lexicon_is_refused_before_it_waits(
    workspace: Workspace, version: DatasetVersion
) -> None:
    with pytest.raises(AugmentationUnavailable):
        workspace.runs.submit(
            version.project_id, recipe_of(workspace, version, Augmentation(steps=(Step(name="synonyms"),)))
        )
    assert workspace.runs.count(version.project_id) == 0


def test_a_trial_pairs_runs_by_seed_and_judges_them_on_validation(
    workspace: Workspace, version: DatasetVersion
) -> None:
    recipe = recipe_of(workspace, version)
    trial = workspace.trials.start(version.project_id, recipe, 2)
    assert [pair.seed for pair in trial.pairs] == [recipe.seed, recipe.seed + 1]
    assert trial.active and trial.result is None
    with pytest.raises(NotComparable):
        workspace.trials.start_verdict(recipe)
    for pair in trial.pairs:
        assert pair.without is not None and pair.augmented is not None
        assert pair.without.recipe == recipe.model_copy(update={"seed": pair.seed, "augment": Augmentation()})
        assert pair.augmented.recipe == recipe.model_copy(update={"seed": pair.seed})
    run_waiting(workspace.scope)
    workspace.trials.start_verdict(recipe)
    run_waiting(workspace.scope)
    found = workspace.trials.find(recipe)
    assert found is not None and not found.active and found.result is not None
    assert found.result.n == 24 and len(found.result.pairs) == 2
    for pair, difference in zip(found.pairs, found.result.pairs, strict=True):
        assert pair.without is not None and pair.augmented is not None
        assert difference.first == pytest.approx(pair.without.metrics["macro_f1"]["value"])  # type: ignore[index]
        assert difference.second == pytest.approx(pair.augmented.metrics["macro_f1"]["value"])  # type: ignore[index]
    assert all(not r.test_opened for r in workspace.runs.list(version.project_id)), (
        "the test part stays sealed"
    )
    assert workspace.trials.find(recipe.model_copy(update={"seed": 9})) is None


def test_a_double_click_makes_one_trial(workspace: Workspace, version: DatasetVersion) -> None:
    recipe = recipe_of(workspace, version)
    first = workspace.trials.start(version.project_id, recipe, 1, click="same")
    again = workspace.trials.start(version.project_id, recipe, 1, click="same")
    assert first.pairs[0].without.id == again.pairs[0].without.id  # type: ignore[union-attr]
    assert workspace.runs.count(version.project_id) == 2


def test_a_full_queue_leaves_no_half_trial(workspace: Workspace, version: DatasetVersion) -> None:
    recipe = recipe_of(workspace, version)
    for seed in (0, 100):
        workspace.trials.start(version.project_id, recipe.model_copy(update={"seed": seed}), 4)
    last = recipe.model_copy(update={"seed": 200})
    with pytest.raises(QueueFull):
        workspace.trials.start(version.project_id, last, 4)
    assert workspace.trials.find(last) is None
    waiting = [r for r in workspace.runs.list(version.project_id, limit=100) if r.active and not r.cancel]
    assert len(waiting) == 16


def test_a_recipe_without_copies_has_nothing_to_try(workspace: Workspace, version: DatasetVersion) -> None:
    for nothing in (Augmentation(), DELETE.model_copy(update={"factor": 0.0})):
        with pytest.raises(NothingToTry):
            workspace.trials.start(version.project_id, recipe_of(workspace, version, nothing))


def test_a_deleted_run_leaves_the_rest_of_its_trial(workspace: Workspace, version: DatasetVersion) -> None:
    recipe = recipe_of(workspace, version)
    trial = workspace.trials.start(version.project_id, recipe, 2)
    run_waiting(workspace.scope)
    workspace.runs.delete(trial.pairs[0].without.id)  # type: ignore[union-attr]
    workspace.trials.start_verdict(recipe)
    run_waiting(workspace.scope)
    found = workspace.trials.find(recipe)
    assert found is not None and found.pairs[0].without is None
    assert found.result is not None and len(found.result.pairs) == 1


def test_every_trial_of_the_data_stays_on_record(workspace: Workspace, version: DatasetVersion) -> None:
    assert workspace.trials.judged(version.id) == []
    recipes = [
        recipe_of(workspace, version, DELETE.model_copy(update={"factor": factor})) for factor in (1.0, 2.0)
    ]
    for recipe in recipes:
        workspace.trials.start(version.project_id, recipe)
        run_waiting(workspace.scope)
        assert workspace.trials.find(recipe).result is None  # type: ignore[union-attr]
        workspace.trials.start_verdict(recipe)
        run_waiting(workspace.scope)
    tried = workspace.trials.judged(version.id)
    assert [one.augment for one in tried] == [recipes[1].augment, recipes[0].augment]
    assert [one.result for one in tried] == [workspace.trials.find(r).result for r in reversed(recipes)]  # type: ignore[union-attr]
    stranger = Workspace(open_scope("somebody else"))
    with pytest.raises(NotFound):
        stranger.trials.judged(version.id)
    stranger.scope.engine.dispose()
