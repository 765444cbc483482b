"""Lexicons of a project: uploaded once, stored by their content, read by the augmentations that name them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO

from sqlalchemy import Connection, select

from engine.errors import N_, DataError, NotFound
from engine.jobs.context import JobContext
from engine.jobs.job import Job
from engine.prepare.augmenting import Augmenter
from engine.prepare.lexicon import Lexicon, read_lexicon, stored_lexicon
from engine.recipe import Recipe
from engine.services import uploads
from engine.services.scope import Scope
from engine.services.uploads import Upload
from engine.storage import artifacts
from engine.storage.database import read, write
from engine.storage.tables import project, result

KIND = "lexicon"


class LexiconMissing(DataError):
    code = "LEXICON_MISSING"
    message = N_("The recipe names a lexicon that this project does not have: {digest}.")
    remedy = N_("Upload it on the prepare page, choose another one there, or switch the augmentation off.")


@dataclass(frozen=True)
class StoredLexicon:
    """A lexicon of a project: `digest` names its content, `name` is what its file was called."""

    digest: str
    name: str
    words: int
    sample: tuple[tuple[str, tuple[str, ...]], ...]


class Lexicons:
    """The lexicons of one owner."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    def list(self, project_id: str) -> list[StoredLexicon]:
        """The project's lexicons by name."""
        self._scope.row(project, project_id, "project")
        mine = (result.c.owner == self._scope.owner, result.c.kind == KIND, result.c.key.startswith(f"{project_id}:", autoescape=True))  # fmt: skip
        with read(self._scope.engine) as connection:
            values = connection.scalars(select(result.c.value).where(*mine)).all()
        found = [
            StoredLexicon(v["digest"], v["name"], v["words"], tuple((w, tuple(s)) for w, s in v["sample"])) for v in values
        ]  # fmt: skip
        return sorted(found, key=lambda one: (one.name, one.digest))

    def stage(self, source: BinaryIO | bytes, name: str) -> Upload:
        """Write an uploaded lexicon to disk; keep the id, not the bytes."""
        return uploads.stage(source, name, self._scope.owner)

    def start_import(self, project_id: str, upload_id: str) -> Job:
        """Read a staged file as a lexicon and store it, as a job; its result is `{digest}`."""
        self._scope.row(project, project_id, "project")
        _, known = uploads.find(upload_id, self._scope.owner)
        spec = {"upload": upload_id, "name": known.name}
        return self._scope.submit("lexicon", spec, project_id, idempotency=f"lexicon:{upload_id}")

    def delete(self, project_id: str, digest: str) -> None:
        """Take a lexicon out of a project. Runs that were trained with it keep their models."""
        key = f"{project_id}:{digest}"
        if self._scope.cached(KIND, key) is None:
            raise NotFound(kind=N_("lexicon"), id=digest)
        mine = (result.c.owner == self._scope.owner, result.c.kind == KIND, result.c.key == key)
        with write(self._scope.engine) as connection:
            connection.execute(result.delete().where(*mine))


def load(scope: Scope, project_id: str, digests: Collection[str]) -> dict[str, Lexicon]:
    """Lexicons of the project by digest, their bytes verified. For jobs only.

    Raises:
        LexiconMissing: the project has none of that digest.
    """
    for digest in digests:
        _require(scope, project_id, digest)
    return {digest: stored_lexicon(artifacts.read_bytes(digest)) for digest in sorted(digests)}


def require(scope: Scope, project_id: str, recipe: Recipe) -> None:
    """Raise `AugmentationUnavailable` or `LexiconMissing` where the recipe's augmentations lack what they need."""
    if recipe.augment.active:
        for digest in Augmenter(recipe.augment, recipe.task).lexicons:
            _require(scope, project_id, digest)


def forget(connection: Connection, owner: str, project_id: str) -> None:
    """Remove the lexicons of a project that is being deleted."""
    mine = (result.c.owner == owner, result.c.kind == KIND, result.c.key.startswith(f"{project_id}:", autoescape=True))  # fmt: skip
    connection.execute(result.delete().where(*mine))


def import_lexicon(
    context: JobContext, scope: Scope, project_id: str, spec: Mapping[str, Any]
) -> dict[str, Any]:
    """Work of the job "lexicon"."""
    context.report("phase", name="reading")
    path, _ = uploads.find(spec["upload"], scope.owner)
    found = read_lexicon(path, spec["name"])
    context.check()
    context.report("phase", name="storing")
    digest = artifacts.put_bytes(found.to_bytes())
    sample = [[word, list(found.synonyms[word][:5])] for word in list(found.synonyms)[:5]]
    value = {"digest": digest, "name": spec["name"], "words": len(found.synonyms), "sample": sample}
    scope.cache(KIND, f"{project_id}:{digest}", value)
    uploads.discard(spec["upload"])
    return {"digest": digest}


def _require(scope: Scope, project_id: str, digest: str) -> None:
    if scope.cached(KIND, f"{project_id}:{digest}") is None:
        raise LexiconMissing(digest=digest[:12])
