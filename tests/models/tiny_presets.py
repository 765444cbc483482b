"""Foundation models of 2 layers by 16 with random weights, in the forms in which real ones come."""

from __future__ import annotations

import io
import json
from functools import reduce
from pathlib import Path
from typing import Any

import numpy as np

from engine.models.deberta import from_hugging_face
from tests.models.toys import texts_of

LAYERS, HIDDEN, INNER, HEADS, LENGTH, BUCKETS = 2, 16, 32, 2, 64, 8


def tiny_bert(folder: Path) -> Path:
    """Hugging Face's form: config, safetensors, vocab.txt and no tokenizer.json."""
    folder.mkdir(parents=True)
    words = sorted({w for text in texts_of(400, seed=9)[0] for w in text.lower().split()})
    letters = sorted({c for word in words for c in word})
    marks = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    pieces = list(dict.fromkeys([*marks, *letters, *(f"##{c}" for c in letters), *words]))
    (folder / "vocab.txt").write_text("\n".join(pieces) + "\n", encoding="utf-8")
    settings = {"do_lower_case": True, "strip_accents": False}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))
    _write(folder, "bert", "", len(pieces), LENGTH, 2)
    return folder


def tiny_distilbert(folder: Path) -> Path:
    """BERT's vocabulary, no segments, and names of its own."""
    tiny_bert(folder)
    _write(
        folder, "distilbert", "distilbert.", len((folder / "vocab.txt").read_text().splitlines()), LENGTH, 0
    )
    return folder


def tiny_roberta(folder: Path) -> Path:
    """Byte pairs in two files, padding of number 1 and positions that begin at 2."""
    from tokenizers import ByteLevelBPETokenizer

    folder.mkdir(parents=True)
    tokenizer = ByteLevelBPETokenizer()
    marks = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    tokenizer.train_from_iterator(texts_of(400, seed=9)[0], vocab_size=320, show_progress=False, special_tokens=marks)  # fmt: skip
    tokenizer.save_model(str(folder))
    _write(folder, "roberta", "roberta.", tokenizer.get_vocab_size(), LENGTH + 2, 1)
    return folder


def tiny_albert(folder: Path) -> Path:
    """One layer used again and again, narrow word vectors, and a SentencePiece vocabulary of small letters without accents."""
    import sentencepiece

    folder.mkdir(parents=True)
    texts = [text.lower() for text in texts_of(400, seed=9)[0] if text.isascii()]
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(texts), model_prefix=str(folder / "spiece"), vocab_size=120, hard_vocab_limit=False,
        minloglevel=2, pad_id=0, unk_id=1, bos_id=-1, eos_id=-1, control_symbols=["[CLS]", "[SEP]", "[MASK]"],
    )  # fmt: skip
    size = sentencepiece.SentencePieceProcessor(model_file=str(folder / "spiece.model")).get_piece_size()
    _write(folder, "albert", "albert.", size, LENGTH, 2)
    return folder


def tiny_xlm_r(folder: Path) -> Path:
    """The same with a SentencePiece vocabulary, padding of number 1 and positions that begin at 2."""
    import sentencepiece

    folder.mkdir(parents=True)
    written = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(texts_of(400, seed=9)[0]), model_writer=written, vocab_size=120, model_type="unigram",
        hard_vocab_limit=False, minloglevel=2,
    )  # fmt: skip
    (folder / "sentencepiece.bpe.model").write_bytes(written.getvalue())
    size = sentencepiece.SentencePieceProcessor(model_proto=written.getvalue()).get_piece_size()
    _write(folder, "xlm-roberta", "roberta.", size + 2, LENGTH + 2, 1)
    return folder


def tiny_deberta(folder: Path) -> Path:
    """DeBERTa-v3: a SentencePiece vocabulary that falls back on bytes, and relative positions only."""
    import sentencepiece

    folder.mkdir(parents=True)
    written = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(texts_of(400, seed=9)[0]), model_writer=written, vocab_size=380, model_type="unigram",
        hard_vocab_limit=False, minloglevel=2, byte_fallback=True, pad_id=0, bos_id=1, eos_id=2, unk_id=3,
        pad_piece="[PAD]", bos_piece="[CLS]", eos_piece="[SEP]", unk_piece="[UNK]",
    )  # fmt: skip
    (folder / "spm.model").write_bytes(written.getvalue())
    size = sentencepiece.SentencePieceProcessor(model_proto=written.getvalue()).get_piece_size()
    _write(folder, "deberta-v2", "deberta.", size + 1, LENGTH, 0)
    config = json.loads((folder / "config.json").read_text())
    config |= {
        "relative_attention": True, "position_biased_input": False, "share_att_key": True, "norm_rel_ebd": "layer_norm",
        "pos_att_type": "p2c|c2p", "max_relative_positions": -1, "position_buckets": BUCKETS,
    }  # fmt: skip
    (folder / "config.json").write_text(json.dumps(config))
    return folder


def with_head(folder: Path) -> Path:
    """The same as a checkpoint for masked language modelling: the head that guesses is there too."""
    from safetensors.numpy import load_file, save_file

    arrays = load_file(folder / "model.safetensors")
    table = next(array for name, array in arrays.items() if name.endswith("word_embeddings.weight"))
    roberta = json.loads((folder / "config.json").read_text())["model_type"] == "xlm-roberta"
    dense, norm, scores = (
        ("lm_head.dense", "lm_head.layer_norm", "lm_head.bias") if roberta
        else ("cls.predictions.transform.dense", "cls.predictions.transform.LayerNorm", "cls.predictions.bias")
    )  # fmt: skip
    random = np.random.default_rng(1)
    shapes = {f"{dense}.weight": (HIDDEN, HIDDEN), f"{dense}.bias": (HIDDEN,), f"{norm}.weight": (HIDDEN,), f"{norm}.bias": (HIDDEN,), scores: (len(table),)}  # fmt: skip
    arrays |= {name: random.normal(0.2, 0.4, shape).astype(np.float32) for name, shape in shapes.items()}
    save_file(arrays, folder / "model.safetensors")
    return folder


def tiny_bart(folder: Path) -> Path:
    """A sequence-to-sequence model in Keras' form that writes some letters for any text, and then ends."""
    from engine.training.preload import preload

    preload()
    import keras
    import keras_hub
    from tokenizers.pre_tokenizers import ByteLevel

    marks = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    pieces = [
        *marks,
        *(sign for sign in sorted(ByteLevel.alphabet()) if sign.isascii() and sign.isalnum()),
        "Ġ",
    ]
    keras.utils.set_random_seed(1)
    backbone = keras_hub.models.BartBackbone(
        len(pieces), LAYERS, HEADS, HIDDEN, INNER, max_sequence_length=LENGTH
    )
    table = backbone.token_embedding.embeddings
    letters = [pieces.index(letter) for letter in "aeioutn"]
    leaning = table.numpy()
    leaning[[2, *letters]] *= 8
    table.assign(leaning)
    backbone.decoder_transformer_layers[-1]._feedforward_layer_norm.beta.assign(4 * leaning[2])
    backbone.save_to_preset(str(folder))
    (folder / "vocabulary.json").write_text(json.dumps({piece: at for at, piece in enumerate(pieces)}))
    (folder / "merges.txt").write_text("")
    return folder


def in_keras_form(source: Path, folder: Path, kind: str, task: Any = None) -> Path:
    """The same model as KerasHub itself saves it, with the head of `task` where one is given, made of the backbone."""
    from engine.training.preload import preload

    preload()
    import keras_hub

    builder = getattr(keras_hub.models, f"{kind}Backbone")
    backbone = from_hugging_face(source, builder) if kind == "DebertaV3" else builder.from_preset(str(source))
    tokenizer = keras_tokenizer(source, kind)
    (task(backbone) if task else backbone).save_to_preset(str(folder))
    tokenizer.save_to_preset(str(folder))
    return folder


def keras_tokenizer(source: Path, kind: str) -> Any:
    """KerasHub's own reading of the vocabulary in `source`."""
    import keras_hub

    maker = getattr(keras_hub.models, f"{kind}Tokenizer")
    if kind in ("Bert", "DistilBert"):
        return maker(str(source / "vocab.txt"), lowercase=True, strip_accents=False)
    if kind == "Roberta":
        return maker(str(source / "vocab.json"), str(source / "merges.txt"))
    pieces = {"XLMRoberta": "sentencepiece.bpe.model", "Albert": "spiece.model", "DebertaV3": "spm.model"}
    return maker((source / pieces[kind]).read_bytes())


_DISTILBERT = {
    "attention.self.query": "attention.q_lin", "attention.self.key": "attention.k_lin", "attention.self.value": "attention.v_lin",
    "attention.output.dense": "attention.out_lin", "attention.output.LayerNorm": "sa_layer_norm",
    "intermediate.dense": "ffn.lin1", "output.dense": "ffn.lin2", "output.LayerNorm": "output_layer_norm",
    "encoder.layer.": "transformer.layer.",
}  # fmt: skip
_ALBERT = {
    "attention.self.": "attention.", "attention.output.dense": "attention.dense", "attention.output.LayerNorm": "attention.LayerNorm",
    "intermediate.dense": "ffn", "output.dense": "ffn_output", "output.LayerNorm": "full_layer_layer_norm",
    "encoder.layer.0.": "encoder.albert_layer_groups.0.albert_layers.0.", "pooler.dense": "pooler",
}  # fmt: skip
"""What stands in a name of BERT's, and what stands there in theirs."""


def _write(folder: Path, kind: str, prefix: str, vocabulary: int, positions: int, segments: int) -> None:
    from safetensors.numpy import save_file

    random = np.random.default_rng(0)
    deberta, albert = kind == "deberta-v2", kind == "albert"
    narrow = HIDDEN // 2 if albert else HIDDEN
    shapes: dict[str, tuple[int, ...]] = {
        "embeddings.word_embeddings.weight": (vocabulary, narrow),
        "embeddings.LayerNorm.weight": (narrow,),
        "embeddings.LayerNorm.bias": (narrow,),
    }
    if kind != "distilbert":
        shapes |= {"pooler.dense.weight": (HIDDEN, HIDDEN), "pooler.dense.bias": (HIDDEN,)}
    if deberta:
        shapes["encoder.rel_embeddings.weight"] = (2 * BUCKETS, HIDDEN)
        shapes |= {f"encoder.LayerNorm.{part}": (HIDDEN,) for part in ("weight", "bias")}
    else:
        shapes["embeddings.position_embeddings.weight"] = (positions, narrow)
    if segments:
        shapes["embeddings.token_type_embeddings.weight"] = (segments, narrow)
    if albert:
        shapes["encoder.embedding_hidden_mapping_in.weight"] = (HIDDEN, narrow)
        shapes["encoder.embedding_hidden_mapping_in.bias"] = (HIDDEN,)
    for layer in range(1 if albert else LAYERS):
        at = f"encoder.layer.{layer}"
        for part in (
            "attention.self.query",
            "attention.self.key",
            "attention.self.value",
            "attention.output.dense",
        ):
            named = f"{at}.{part}_proj" if deberta and ".self." in part else f"{at}.{part}"
            shapes |= {f"{named}.weight": (HIDDEN, HIDDEN), f"{named}.bias": (HIDDEN,)}
        shapes |= {
            f"{at}.intermediate.dense.weight": (INNER, HIDDEN),
            f"{at}.intermediate.dense.bias": (INNER,),
        }
        shapes |= {f"{at}.output.dense.weight": (HIDDEN, INNER), f"{at}.output.dense.bias": (HIDDEN,)}
        for norm in ("attention.output.LayerNorm", "output.LayerNorm"):
            shapes |= {f"{at}.{norm}.weight": (HIDDEN,), f"{at}.{norm}.bias": (HIDDEN,)}
    renamed = {"distilbert": _DISTILBERT, "albert": _ALBERT}.get(kind, {})
    shapes = {
        reduce(lambda name, pair: name.replace(*pair), renamed.items(), n): s for n, s in shapes.items()
    }
    arrays = {
        prefix + name: (
            random.normal(0, 0.3, shape) + (name.lower().endswith(("layernorm.weight", "layer_norm.weight")))
        ).astype(np.float32)
        for name, shape in shapes.items()
    }
    save_file(arrays, folder / "model.safetensors")
    config = {
        "model_type": kind, "vocab_size": vocabulary, "hidden_size": HIDDEN, "num_hidden_layers": LAYERS,
        "num_attention_heads": HEADS, "intermediate_size": INNER, "max_position_embeddings": positions,
        "type_vocab_size": segments, "hidden_act": "gelu",
    }  # fmt: skip
    if kind == "distilbert":
        config = {
            "model_type": kind, "vocab_size": vocabulary, "dim": HIDDEN, "n_layers": LAYERS, "n_heads": HEADS, "hidden_dim": INNER,
            "max_position_embeddings": positions, "dropout": 0.1, "activation": "gelu",
        }  # fmt: skip
    if kind == "roberta":
        config["hidden_dropout_prob"] = 0.1
    if albert:
        config |= {
            "embedding_size": narrow,
            "num_hidden_groups": 1,
            "inner_group_num": 1,
            "attention_probs_dropout_prob": 0,
        }
    (folder / "config.json").write_text(json.dumps(config))
