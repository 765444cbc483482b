"""A foundation model adapted to the language of local texts, before anything is adapted to their classes.

Everything here runs in a worker.
"""

from __future__ import annotations

from typing import Any

from engine.errors import N_
from engine.models.backbone import token_vectors, with_tokens
from engine.models.family import Training, TrainingData
from engine.models.features.checkpoint_tokens import CheckpointTokens
from engine.models.features.new_words import add_words
from engine.models.language import LanguageParams
from engine.models.locality import count_tokens, count_words
from engine.models.preset_head import find_head
from engine.models.presets import Preset


def with_words(
    tokens: CheckpointTokens, backbone: Any, data: TrainingData, most: int, training: Training
) -> tuple[CheckpointTokens, Any]:
    """Vocabulary and model with the `most` useful local words, and a line in the log on what they save."""
    texts, tokenizer = [*data.train_inputs, *data.unlabelled_inputs], tokens.tokenizer
    words = max(int(count_words(texts).sum()), 1)
    before, lost = (count.sum() for count in count_tokens(tokenizer, texts))
    pieces = add_words(tokenizer, texts, most)
    after, left = (count.sum() for count in count_tokens(tokenizer, texts))
    training.report(
        "log", level="info", message=N_(
            "{added} new words get a piece of their own: {before} pieces a word before, {after} now; {lost} of the pieces unknown before, {left} now"
        ), params={
            "added": f"{len(pieces):,}", "before": f"{before / words:.2f}", "after": f"{after / words:.2f}",
            "lost": f"{100 * (lost / max(before, 1)):.1f} %", "left": f"{100 * (left / max(after, 1)):.1f} %",
        },
    )  # fmt: skip
    return CheckpointTokens(tokenizer, tokens.length), with_tokens(backbone, pieces) if pieces else backbone


def pretrain_backbone(
    preset: Preset, backbone: Any, tokens: CheckpointTokens, data: TrainingData, params: LanguageParams, batch_size: int,
    training: Training, mark: str,
) -> Training:  # fmt: skip
    """Let all of `backbone` guess hidden pieces of the local texts, with the head that it had for that where it is left.

    `mark` is of everything that the pretraining depends on; the line for what comes next is as of
    `engine.training.pretraining.pretrain`.
    """
    import keras

    from engine.training.pretraining import Guessing, Reader, pretrain

    ids = keras.Input((None,), dtype="int32")
    reader = Reader(
        keras.Model(ids, token_vectors(backbone, ids, tokens.pad)), backbone.token_embedding.embeddings, find_head(preset)
    )  # fmt: skip
    settings = Guessing(
        params.pretraining, batch_size, params.pretraining_rate, data.seed, f"{mark} pretraining", params.general_share
    )  # fmt: skip
    return pretrain(reader, tokens, data, settings, training)
