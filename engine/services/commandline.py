"""What the command line does with files: a recipe whose data is a file, and a profile that stores nothing."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from engine.data.profile import Profile, profile_table
from engine.data.readers import ReadOptions, preview_file, read_table, suggest_roles
from engine.data.schema import make_schema
from engine.data.versions import check_table
from engine.errors import N_, DataError, saying
from engine.modality import modalities
from engine.recipe import FileData, Recipe, RecipeUnreadable, read_recipe
from engine.services import datasets, importing, presets, recipes
from engine.services.inline import run_job_here
from engine.services.projects import Projects
from engine.services.scope import Scope


class FileMissing(DataError):
    code = "FILE_MISSING"
    message = N_("There is no file “{file}”.")
    remedy = N_("Check the path; one that is not absolute counts from the recipe's folder.")


def recipe_in_project(scope: Scope, path: Path, project: str | None) -> tuple[str, Recipe]:
    """Read a recipe file and bring its data and foundation models here: (project id, recipe that names versions and copies).

    A file named by `data:` is imported; the same file with the same roles is the same version as before.
    """
    if not path.is_file():
        raise FileMissing(file=str(path))
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise RecipeUnreadable(field=path.name, problem=saying(N_("is not a text in UTF-8"))) from None
    recipe = read_recipe(text)
    recipes.resolve(recipe)
    recipe = presets.with_presets(recipe, path.parent)
    if isinstance(recipe.data, str):
        version = datasets.Datasets(scope).version(recipe.data)
        return version.project_id, recipe
    data: FileData = recipe.data
    source = Path(data.file)
    source = source if source.is_absolute() else path.parent / source
    if not source.is_file():
        raise FileMissing(file=str(source))
    store = datasets.Datasets(scope)
    project_id = _project(scope, project or source.stem)
    with source.open("rb") as content:
        upload = store.stage(content, source.name)
    options = ReadOptions(encoding=data.encoding, separator=data.separator)
    job = store.start_import(
        project_id, upload.id, source.stem, options, data.roles, idempotency=upload.id, inline=True
    )
    ended = run_job_here(scope, job.id)
    if ended.problem is not None:
        raise ended.problem
    assert ended.result is not None
    return project_id, recipe.model_copy(update={"data": ended.result["version_id"]})


def profile_file(
    path: Path, roles: Mapping[str, str], *, encoding: str | None, separator: str | None, sheet: str | None
) -> tuple[Profile, dict[str, str]]:
    """Profile a file without storing anything; roles that are not given are suggested."""
    if not path.is_file():
        raise FileMissing(file=str(path))
    options = ReadOptions(encoding=encoding, separator=separator, sheet=sheet)
    seen = preview_file(path, path.name, options)
    if seen.problem is not None:
        raise seen.problem
    chosen: dict[str, str] = {**suggest_roles(seen.rows, seen.columns), **roles}
    frame = read_table(path, path.name, options)
    schema = make_schema(chosen, list(frame.columns))
    modality = modalities.get(schema.task)
    schema, _ = check_table(frame, schema, modality)
    return profile_table(importing.with_row_ids(frame), schema, modality), chosen


def _project(scope: Scope, wanted: str) -> str:
    for known in Projects(scope).list():
        if wanted in (known.id, known.name):
            return known.id
    return Projects(scope).create(wanted).id
