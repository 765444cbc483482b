"""How well the vocabularies at hand read a version's texts: worked out by a job, kept by what it was worked out from."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from engine.data.languages import languages_of
from engine.data.schema import ROW_ID
from engine.jobs.context import JobContext
from engine.jobs.job import Job
from engine.modality import modalities
from engine.models import presets
from engine.models.features.tokens import Tokens, unknown_id
from engine.models.letters import count_letters
from engine.models.locality import Reading, count_tokens, count_words, readings, sample
from engine.services import splits, stored_versions
from engine.services.scope import Scope
from engine.storage.tables import dataset_version

RESULT = "locality"
FORMAT = 2
"""Of what is kept; a result of another format is worked out anew."""

OWN_PIECES, OWN_SIZE = "own", 8000
"""The vocabulary that a network from scratch would learn from these texts."""


@dataclass(frozen=True)
class Locality:
    """One vocabulary and how it reads the texts. `preset` is None for the one learnt from the texts themselves."""

    preset: str | None
    languages: tuple[str, ...]
    vocabulary: int
    most: int | None
    """Tokens that the model can read at most, or None where one chooses."""
    readings: tuple[Reading, ...]


class Localities:
    """The locality checks of one owner's versions."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    def get(self, version_id: str) -> tuple[list[Locality], int] | None:
        """What was found and how many texts were read; None until the job ran on this division and these presets."""
        self._scope.row(dataset_version, version_id, "dataset version")
        stored = self._scope.cached(RESULT, _key(self._scope, version_id))
        if stored is None:
            return None
        return [_locality(one) for one in stored["found"]], stored["texts"]

    def start(self, version_id: str) -> Job:
        """Work it out, as a job."""
        row = self._scope.row(dataset_version, version_id, "dataset version")
        return self._scope.submit("locality", {"version": version_id}, row.project_id)


def check_locality(
    context: JobContext, scope: Scope, project_id: str, spec: Mapping[str, Any]
) -> dict[str, Any]:
    """Work of the job "locality": read the train texts (all, before the version is divided) with every vocabulary at hand."""
    version_id = spec["version"]
    key = _key(scope, version_id)
    context.report("phase", name="loading")
    frame, schema = stored_versions.load_table(scope, version_id)
    if divided := splits.current(scope, version_id):
        parts = splits.assignment(scope, divided.id).reindex(frame[ROW_ID])
        # the sealed rows are not read, and a vocabulary is learnt from the train part alone
        frame = frame[(parts == "train").to_numpy()]
    every = [str(text) for text in modalities.get(schema.task).read(frame, schema)]
    chosen = sample(every)
    texts, frame = [every[place] for place in chosen], frame.iloc[chosen]
    slices = frame[list(schema.names("slice"))].reset_index(drop=True)
    context.report("phase", name="reading_texts")
    words, spoken = count_words(texts), languages_of(texts)
    found = []
    own = Tokens.fit(texts, "pieces", OWN_SIZE, 512)
    installed = presets.installed()
    candidates = [(None, (), None, own.tokenizer), *_of_presets(installed)]
    for number, (name, languages, most, tokenizer) in enumerate(candidates):
        context.check()
        tokens, unknown = count_tokens(tokenizer, texts)
        letters = count_letters(texts, tokenizer, unknown_id(tokenizer))
        read = readings(tokens, unknown, words, slices, letters, spoken, languages)
        found.append(
            {
                "preset": name, "languages": list(languages), "vocabulary": int(tokenizer.get_vocab_size()), "most": most,
                "readings": [asdict(one) for one in read],
            }
        )  # fmt: skip
        context.report("progress", fraction=(number + 1) / len(candidates))
    scope.cache(RESULT, key, {"found": found, "texts": len(texts)})
    return {}


def _of_presets(installed: list[presets.Preset]) -> list[tuple[str, tuple[str, ...], int, Any]]:
    from tokenizers import Tokenizer

    return [
        (
            one.name,
            one.languages,
            one.facts.max_length,
            Tokenizer.from_file(str(one.folder / "tokenizer.json")),
        )
        for one in installed
    ]


def _key(scope: Scope, version_id: str) -> str:
    """Of the version, its division, the presets on this machine, and the format."""
    divided = splits.current(scope, version_id)
    digests = "".join(preset.digest for preset in presets.installed())
    return f"{version_id}:{divided.id if divided else ''}:{hashlib.sha256(digests.encode()).hexdigest()[:16]}:{FORMAT}"


def _locality(stored: Mapping[str, Any]) -> Locality:
    read = (
        Reading(
            **{
                **one,
                "cut": {int(length): share for length, share in one["cut"].items()},
                "letters": {script: tuple(counts) for script, counts in one["letters"].items()},
            }
        )
        for one in stored["readings"]
    )
    return Locality(
        stored["preset"], tuple(stored["languages"]), stored["vocabulary"], stored["most"], tuple(read)
    )
