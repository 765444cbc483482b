"""A folder from elsewhere, in Keras' or Hugging Face's form, taken over as a preset after it was checked.

Nothing in it is run: the config is read as numbers, weights as plain arrays, the vocabulary by the `tokenizers` library.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from engine.errors import N_
from engine.models.preset_card import card_of
from engine.models.preset_catalogue import known
from engine.models.preset_errors import (
    PresetDamaged,
    PresetDirection,
    PresetName,
    PresetTooLarge,
    PresetUnknownKind,
    PresetUnsafe,
    PresetVocabulary,
)
from engine.models.preset_head import TASK_WEIGHTS, keras_head
from engine.models.preset_tokenizer import checkpoint_tokenizer
from engine.models.preset_weights import check_hdf5, check_weights, weight_files
from engine.models.presets import (
    ARCHITECTURES,
    CONFIG,
    ENCODERS,
    MOST_PARAMETERS,
    RECORD,
    Preset,
    PresetFacts,
    file_digest,
    read_record,
    record,
)

_PICKLES = frozenset({".bin", ".pkl", ".pickle", ".pt", ".pth", ".ckpt", ".joblib", ".npy", ".npz"})
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,59}")
_LONGEST_CONFIG = 1_000_000
_KERAS = {
    "layers": ("num_layers",), "heads": ("num_heads",), "hidden": ("hidden_dim",), "intermediate": ("intermediate_dim",),
    "vocabulary": ("vocabulary_size",), "max_length": ("max_sequence_length",),
}  # fmt: skip
_HUGGING_FACE = {
    "layers": ("num_hidden_layers", "n_layers"), "heads": ("num_attention_heads", "n_heads"), "hidden": ("hidden_size", "dim"),
    "intermediate": ("intermediate_size", "hidden_dim"), "vocabulary": ("vocab_size",), "max_length": ("max_position_embeddings",),
}  # fmt: skip
_TRIAL = "A word, 12 好吃 ọ̀nà \U0001f600"
_SPARE = 256
"""Tables of word vectors are often rounded up; by more than this, or a hundredth, the vocabulary is another model's."""
_DEBERTA_V3 = {
    "relative_attention": True, "position_biased_input": False, "share_att_key": True, "norm_rel_ebd": "layer_norm",
    "pos_att_type": {"p2c", "c2p"}, "max_relative_positions": -1, "type_vocab_size": 0, "conv_kernel_size": 0,
}  # fmt: skip
"""What Hugging Face's DeBERTa must say to be the third version: older ones share the name and are built otherwise."""


def import_preset(
    source: Path, into: Path, name: str, languages: Sequence[str] = (), licence: str = "", origin: str = "",
    translates: tuple[str, str] | None = None, keep: bool = False,
) -> Preset:  # fmt: skip
    """Check `source` and copy what is needed into `into/name`; complete or not there at all, an earlier one is replaced.

    One import at a time; what a killed one left is cleared by the next of that name.

    Args:
        source: a folder with `config.json`, weights and a vocabulary.
        into: where presets lie.
        name: of the new preset; one of the catalogue brings languages, licence and origin along, else a card in the folder does.
        languages: ISO codes that the model has read.
        licence, origin: what its publisher says.
        translates: ISO codes of the languages from and into which it translates, of a model that does.
        keep: leave an earlier one of other content where it is, and let the new one's name end in its digest.

    Raises:
        PresetName, PresetUnsafe, PresetUnknownKind, PresetDirection, PresetDamaged, PresetVocabulary, PresetTooLarge: naming
            the file.
    """
    if not _NAME.fullmatch(name):
        raise PresetName(name=name)
    found = _checked(source, translates)
    partial = into / f".{name}.part"
    shutil.rmtree(partial, ignore_errors=True)
    try:
        partial.mkdir(mode=0o700, parents=True)
        for path in (source / CONFIG, *found.files):
            shutil.copyfile(path, partial / path.name)
        text = found.tokenizer.to_str(pretty=True)  # its own `save` hides what the disk said
        (partial / "tokenizer.json").write_text(text, encoding="utf-8")
        digests = {path.name: file_digest(path) for path in sorted(partial.iterdir())}
        digest = hashlib.sha256(json.dumps(digests, sort_keys=True).encode()).hexdigest()
        earlier = read_record(into / name / RECORD)
        if keep and earlier is not None and earlier.digest != digest:
            name = f"{name[:51]}-{digest[:8]}"
            earlier = read_record(into / name / RECORD)
        if keep and earlier is not None:
            return earlier
        entry = known(name)
        spoken, terms = (entry.languages, entry.licence) if entry else card_of(source)
        preset = Preset(
            name=name, folder=into / name, architecture=found.architecture, form=found.form,
            languages=tuple(languages) or translates or spoken, licence=licence or terms,
            source=origin or (entry.source if entry else ""), facts=found.facts, digest=digest, files=digests, translates=translates,
        )  # fmt: skip
        text = json.dumps(record(preset), ensure_ascii=False, indent=2)
        (partial / RECORD).write_text(text, encoding="utf-8")
        shutil.rmtree(into / name, ignore_errors=True)
        partial.rename(into / name)
        return preset
    finally:
        shutil.rmtree(partial, ignore_errors=True)


@dataclass(frozen=True)
class _Checked:
    """A folder that may be taken over."""

    architecture: str
    form: Literal["keras", "hugging_face"]
    facts: PresetFacts
    files: Sequence[Path]
    tokenizer: Any


def _checked(source: Path, translates: tuple[str, str] | None) -> _Checked:
    architecture, form, facts = _config(source / CONFIG)
    for path in sorted(source.rglob("*")):
        if path.suffix.lower() in _PICKLES:
            raise PresetUnsafe(file=str(path))
    if (architecture not in ENCODERS) != (translates is not None):
        problem = (
            N_("it translates nothing") if translates else N_("it is not said from which language into which")
        )
        raise PresetDirection(file=str(source / CONFIG), found=architecture, problem={"message": problem})
    files = weight_files(source, form)
    parameters = check_weights(files, facts, architecture)
    if form == "keras" and (source / TASK_WEIGHTS).is_file() and architecture in ENCODERS:
        check_hdf5(source / TASK_WEIGHTS)
        if keras_head(source / TASK_WEIGHTS):
            files.append(source / TASK_WEIGHTS)
    if parameters > MOST_PARAMETERS:
        raise PresetTooLarge(found=round(parameters / 1e6), cap=round(MOST_PARAMETERS / 1e6))
    vocabulary_file, tokenizer = checkpoint_tokenizer(source, architecture)
    pieces, least = tokenizer.get_vocab_size(), facts.vocabulary - max(_SPARE, facts.vocabulary // 100)
    numbers = (*tokenizer.get_vocab().values(), *_tried(tokenizer, vocabulary_file))
    highest = max(numbers, default=-1) + 1
    if not least <= pieces <= max(pieces, highest) <= facts.vocabulary:
        raise PresetVocabulary(
            file=str(vocabulary_file), found=max(pieces, highest), expected=facts.vocabulary
        )
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return _Checked(architecture, form, replace(facts, parameters=parameters), files, tokenizer)


def _tried(tokenizer: Any, file: Path) -> Sequence[int]:
    """The numbers into which it cuts a text; one that cannot is refused now and not in the midst of a training."""
    try:
        found: list[int] = tokenizer.encode(_TRIAL).ids
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as problem:  # when it panics, that is no Exception
        raise PresetDamaged(
            file=str(file), problem={"message": N_("is no tokenizer that can be read")}
        ) from problem
    return found


def _config(path: Path) -> tuple[str, Literal["keras", "hugging_face"], PresetFacts]:
    """Architecture, form and shape by the config; `parameters` is filled in later."""
    try:
        if not path.is_file() or path.stat().st_size > _LONGEST_CONFIG:
            raise ValueError("no file, or too long")
        said = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(said, dict):
            raise ValueError("no object")
    except (OSError, ValueError, RecursionError) as problem:
        raise PresetDamaged(file=str(path), problem={"message": N_("is missing, or no JSON")}) from problem
    # KerasHub takes what has both for its own form, and makes whatever objects stand in it
    if "model_type" in said and "registered_name" not in said:
        kind = str(said["model_type"]).replace("-", "_")
        if kind == "deberta_v2" and _is_deberta_v3(said):
            kind = "deberta_v3"
        _known_kind(path, kind, ENCODERS)
        activation = str(said.get("hidden_act", said.get("activation", "gelu")))
        positions = str(said.get("position_embedding_type", "absolute"))
        if not activation.startswith("gelu") or positions != "absolute":
            raise PresetUnknownKind(
                file=str(path), found=f"{kind} ({activation}, {positions})", known=", ".join(ENCODERS)
            )
        facts = _facts(path, said, _HUGGING_FACE, shift=2 if kind in ("roberta", "xlm_roberta") else 0)
        return kind, "hugging_face", facts
    kind = next((a for a, builder in ARCHITECTURES.items() if builder == said.get("class_name")), "")
    _known_kind(path, kind or str(said.get("class_name", "?"))[:80], tuple(ARCHITECTURES))
    inner = said.get("config")
    return kind, "keras", _facts(path, inner if isinstance(inner, dict) else {}, _KERAS)


def _is_deberta_v3(said: Mapping[str, Any]) -> bool:
    plain = {name: said.get(name, 0 if name == "conv_kernel_size" else None) for name in _DEBERTA_V3}
    kinds = plain["pos_att_type"]
    listed = kinds.split("|") if isinstance(kinds, str) else kinds if isinstance(kinds, list) else ()
    plain["pos_att_type"] = {str(kind) for kind in listed}
    return (
        plain == _DEBERTA_V3
        and isinstance(said.get("position_buckets"), int)
        and said["position_buckets"] > 0
    )


def _known_kind(path: Path, kind: str, known: Sequence[str]) -> None:
    if kind not in known:
        raise PresetUnknownKind(file=str(path), found=kind, known=", ".join(known))


def _facts(
    path: Path, said: Mapping[str, Any], keys: Mapping[str, Sequence[str]], shift: int = 0
) -> PresetFacts:
    numbers: dict[str, int] = {}
    for fact, spelled in keys.items():
        value = next((said[key] for key in spelled if key in said), None)
        if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= 10_000_000:
            raise PresetDamaged(
                file=str(path), problem={"message": N_("does not say {wanted}"), "params": {"wanted": " / ".join(spelled)}}
            )  # fmt: skip
        numbers[fact] = value
    numbers["max_length"] -= shift
    return PresetFacts(**numbers, parameters=0)
