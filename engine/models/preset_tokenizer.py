"""The tokenizer of a foundation model as one `tokenizer.json` of the `tokenizers` library.

The checkpoint's own file where there is one; otherwise made from its word pieces (BERT, DistilBERT), its byte pairs
(RoBERTa, BART) or its SentencePiece model (XLM-RoBERTa, ALBERT, DeBERTa), by the rules that those models were trained with.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from engine.errors import N_
from engine.models.preset_errors import PresetDamaged

_INSIDE_KERAS = Path("assets/tokenizer")


def checkpoint_tokenizer(folder: Path, architecture: str) -> tuple[Path, Any]:
    """The tokenizer of the model in `folder`, and the file that holds its vocabulary.

    Raises:
        PresetDamaged: naming what is missing or cannot be read.
    """
    from tokenizers import Tokenizer

    ready = folder / "tokenizer.json"
    try:
        if ready.is_file() and isinstance(json.loads(ready.read_text(encoding="utf-8")).get("model"), dict):
            return ready, Tokenizer.from_file(str(ready))
    except Exception as problem:  # `tokenizers` raises plain Exception
        raise PresetDamaged(
            file=str(ready), problem={"message": N_("is no tokenizer that can be read")}
        ) from problem
    makers = {
        "bert": (("vocab.txt", "vocabulary.txt"), _word_pieces),
        "distilbert": (("vocab.txt", "vocabulary.txt"), _word_pieces),
        "roberta": (("vocab.json", "vocabulary.json"), _byte_pairs),
        "bart": (("vocab.json", "vocabulary.json"), _byte_pairs),
        "xlm_roberta": (("sentencepiece.bpe.model", "vocabulary.spm"), _xlm_roberta),
        "albert": (("spiece.model", "vocabulary.spm"), _albert),
        "deberta_v3": (("spm.model", "vocabulary.spm"), _deberta),
    }
    names, make = makers.get(architecture, ((), _word_pieces))
    found = next((p for n in names for p in (folder / n, folder / _INSIDE_KERAS / n) if p.is_file()), None)
    if found is None:
        wanted = " / ".join(("tokenizer.json", *names))
        raise PresetDamaged(file=str(folder), problem={"message": N_("lacks {wanted}"), "params": {"wanted": wanted}})  # fmt: skip
    try:
        return found, make(folder, found)
    except Exception as problem:  # whatever a damaged file makes a foreign reader raise
        raise PresetDamaged(
            file=str(found), problem={"message": N_("is no vocabulary that can be read")}
        ) from problem


def _setting(folder: Path, name: str, keras_name: str, otherwise: Any) -> Any:
    """A setting from Hugging Face's `tokenizer_config.json` or Keras' `tokenizer.json`."""
    for file, key in (("tokenizer_config.json", name), ("tokenizer.json", keras_name)):
        path = folder / file
        if path.is_file():
            said = json.loads(path.read_text(encoding="utf-8"))
            said = said.get("config", said)
            if said.get(key) is not None:
                return said[key]
    return otherwise


def _word_pieces(folder: Path, path: Path) -> Any:
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

    pieces = path.read_text(encoding="utf-8").splitlines()
    vocabulary = {piece: number for number, piece in enumerate(pieces)}
    if len(vocabulary) != len(pieces):
        raise ValueError("a piece stands twice")
    small = bool(_setting(folder, "do_lower_case", "lowercase", False))
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(
        lowercase=small, strip_accents=_setting(folder, "strip_accents", "strip_accents", None)
    )
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[(s, vocabulary[s]) for s in ("[CLS]", "[SEP]")]
    )
    tokenizer.add_special_tokens(
        [s for s in ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]") if s in vocabulary]
    )
    return tokenizer


def _byte_pairs(folder: Path, path: Path) -> Any:
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors

    tokenizer = Tokenizer(models.BPE.from_file(str(path), str(path.with_name("merges.txt"))))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    start, end = (int(tokenizer.get_vocab()[mark]) for mark in ("<s>", "</s>"))
    tokenizer.post_processor = processors.RobertaProcessing(
        ("</s>", end), ("<s>", start), add_prefix_space=False
    )
    return tokenizer


def _xlm_roberta(folder: Path, path: Path) -> Any:
    """Its four own marks, then SentencePiece's pieces from the fourth on, then the mask."""
    model = _sentencepiece(path)
    marks = [(mark, 0.0) for mark in ("<s>", "<pad>", "</s>", "<unk>")]
    pieces = [*marks, *((p.piece, p.score) for p in list(model.pieces)[3:]), ("<mask>", 0.0)]
    return _unigram(model, pieces, 3, ("<s>", "</s>"), [mark for mark, _ in (*marks, pieces[-1])])


def _deberta(folder: Path, path: Path) -> Any:
    return _own_order(_sentencepiece(path), ("[PAD]", "[CLS]", "[SEP]", "[UNK]", "[MASK]"))


def _albert(folder: Path, path: Path) -> Any:
    """Of texts in small letters and without accents, where it was trained so: its SentencePiece model does not do that."""
    from tokenizers import normalizers

    first: list[Any] = [normalizers.Replace("``", '"'), normalizers.Replace("''", '"')]
    if not _setting(folder, "keep_accents", "keep_accents", False):
        first += [normalizers.NFKD(), normalizers.StripAccents()]
    if _setting(folder, "do_lower_case", "lowercase", True):
        first.append(normalizers.Lowercase())
    return _own_order(_sentencepiece(path), ("<pad>", "[CLS]", "[SEP]", "<unk>", "[MASK]"), first)


def _own_order(model: Any, marks: Sequence[str], first: Sequence[Any] = ()) -> Any:
    """SentencePiece's own order, which holds the marks, then the mask where it is not among them."""
    pieces = [(p.piece, p.score) for p in model.pieces]
    pieces += [("[MASK]", 0.0)] if all(piece != "[MASK]" for piece, _ in pieces) else []
    return _unigram(model, pieces, model.trainer_spec.unk_id, ("[CLS]", "[SEP]"), marks, first)


def _sentencepiece(path: Path) -> Any:
    from sentencepiece import sentencepiece_model_pb2

    model: Any = sentencepiece_model_pb2.ModelProto()  # type: ignore[attr-defined]
    model.ParseFromString(path.read_bytes())
    if model.trainer_spec.model_type != 1:
        raise ValueError("only unigram models are known")
    return model


def _unigram(
    model: Any, pieces: list[tuple[str, float]], unknown: int, ends: tuple[str, str], marks: Sequence[str],
    first: Sequence[Any] = (),
) -> Any:  # fmt: skip
    """A tokenizer of `pieces` that cuts as SentencePiece does with `model`; `ends` stand before and after a text.

    `first` are steps that normalise a text before SentencePiece's own.
    """
    from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, processors

    tokenizer = Tokenizer(
        models.Unigram(pieces, unk_id=unknown, byte_fallback=model.trainer_spec.byte_fallback)
    )
    steps = [*first]
    if model.normalizer_spec.precompiled_charsmap:
        steps.append(normalizers.Precompiled(model.normalizer_spec.precompiled_charsmap))
    tokenizer.normalizer = normalizers.Sequence([*steps, normalizers.Replace(Regex(" {2,}"), " ")])
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace()]
    )
    tokenizer.add_special_tokens(list(marks))
    start, end = ends
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{start} $A {end}", special_tokens=[(mark, tokenizer.token_to_id(mark)) for mark in ends]
    )
    return tokenizer
