"""The listing of the article's section 5.2: exactly as printed, and with the smallest honest repair."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from engine.errors import N_
from engine.models.article import ABOUT
from engine.models.dial import Dialled
from engine.models.family import (
    Dial,
    Estimate,
    Facts,
    Machine,
    Setting,
    Training,
    TrainingData,
    Unsuitable,
    families,
)
from engine.models.features.listing_tokens import ListingTokens, Variant
from engine.models.litert import MODEL, LiteModel
from engine.models.network import NetworkFitted, NetworkPredictor, fingerprint
from engine.models.suitability import common_reason
from engine.params import Params as ParamsBase
from engine.params import param

WHY_PRINTED_FAILS = (
    N_(
        "As printed, this listing hardly learns anything and can end below the majority class. Three things are wrong with it."
    ),
    N_(
        "It feeds the numbers of words in the vocabulary as if they were quantities: word 7000 counts as a hundred times word 70, "
        "though the numbers are only names."
    ),
    N_(
        "It cuts texts at spaces. A Chinese review becomes one long word that no other review contains, so nearly every new text is empty to it."
    ),
    N_("It has no validation part and keeps the last epoch, whether or not an earlier one was better."),
)
WHAT_WAS_REPAIRED = (
    N_(
        "Repaired: word numbers look up learned vectors, which are averaged; texts without spaces are cut into characters and pairs; "
        "the epoch that is best on validation is kept. The rest is as printed."
    ),
)

_SAMPLE = 64


class ListingParams(ParamsBase):
    """The listing's constants; the defaults are the printed ones."""

    variant: Variant = param(
        "printed", N_("Version"), N_("The listing exactly as printed, or with its three faults repaired."),
        titles=(N_("as printed"), N_("repaired")),
    )  # fmt: skip
    max_words: int = param(
        10_000, N_("Vocabulary"), N_("Only the most frequent words get a number."), low=100, high=100_000, scale="log", unit=N_("words"),
    )  # fmt: skip
    max_length: int = param(
        100, N_("Text length"), N_("Longer texts lose their beginning, shorter ones are filled up with zeros."), low=10, high=1000,
        scale="log", unit=N_("words"),
    )  # fmt: skip
    embedding_size: int = param(
        64, N_("Vector length"), N_("Length of the learned vector of each word."), low=8, high=512, scale="log",
        depends_on=("variant", ("repaired",)),
    )  # fmt: skip
    units: int = param(
        128, N_("Neurons"), N_("In the hidden layer."), low=4, high=1024, scale="log",
    )  # fmt: skip
    dropout: float = param(
        0.5, N_("Dropout"), N_("Share of hidden neurons switched off at random in each step."), low=0.0, high=0.8,
    )  # fmt: skip
    epochs: int = param(10, N_("Epochs"), N_("Passes over the training texts."), low=1, high=100)
    batch_size: int = param(
        64, N_("Batch size"), N_("Texts between two updates of the weights."), low=8, high=1024, scale="log", unit=N_("texts"),
    )  # fmt: skip


class ArticleListing(Dialled):
    """Two layers over token numbers, with one sigmoid output."""

    name = "article_listing"
    version = 1
    task = "text-classification"
    title = N_("Listing of the article (5.2)")
    summary = N_(
        "The program printed in the article, for two classes. It shows what goes wrong when word numbers are taken for quantities; "
        "a repaired version stands beside it."
    )
    order = 50
    needs_tensorflow = True
    ladder = False
    about = ABOUT
    Params: type[ParamsBase] = ListingParams

    def unsuitable(self, facts: Facts, machine: Machine) -> Unsuitable | None:
        if facts.classes > 2:
            return Unsuitable(
                N_("The listing has a single output and tells two classes apart; these data have {classes}."),
                {"classes": facts.classes},
            )
        cost = self.estimate(self.defaults("quick", facts, machine), facts, machine)
        return common_reason(facts, machine, cost, rows=20)

    def settings(self, dial: Dial, facts: Facts, machine: Machine) -> dict[str, Setting]:
        """As printed; the thorough dial takes the repaired version."""
        if dial == "thorough":
            return {"variant": Setting("repaired", N_("“Thorough” takes the version that can learn."))}
        return {"variant": Setting("printed", N_("What the article printed, to see what comes of it."))}

    def estimate(self, params: ListingParams, facts: Facts, machine: Machine) -> Estimate:
        """Exact in parameters (with a full vocabulary); time from rates measured on two cores (rough)."""
        inputs, table = params.max_length, 0
        if params.variant == "repaired":
            inputs, table = params.embedding_size, params.max_words * params.embedding_size
        count = table + (inputs + 1) * params.units + params.units + 1
        steps = -(-facts.rows // params.batch_size) * params.epochs
        a_row = 4e-6 if params.variant == "printed" else 1e-4
        return Estimate(
            parameters=count,
            memory_bytes=int(8e8 + 24 * count + 8 * facts.rows * params.max_length),
            seconds=6 + steps * (1.5e-3 + 4e-9 * count) + facts.rows * params.epochs * a_row,
        )

    def formulas(self, params: ListingParams, facts: Facts) -> Sequence[tuple[str, str]]:
        return ()

    def notes(self, params: ListingParams, facts: Facts | None = None) -> Sequence[str]:
        """Why the printed listing fails, or what the repaired one changes."""
        return WHY_PRINTED_FAILS if params.variant == "printed" else WHAT_WAS_REPAIRED

    def fit(self, data: TrainingData, params: ListingParams, training: Training) -> NetworkFitted:
        from engine.training.loop import Plan, Rows, train_network
        from engine.training.preload import preload

        preload()
        import keras

        training.report("phase", name=N_("Numbering words"))
        tokens = ListingTokens.fit(data.train_inputs, params.max_words, params.max_length, params.variant)
        rows, checks = tokens.transform(data.train_inputs), tokens.transform(data.validation_inputs)
        empty = float(np.mean([not set(row) - {0, len(tokens.words) + 1} for row in checks.tolist()]))
        training.report(
            "log", level="info", message=N_("{words} words; {share} of the validation texts have none of them"),
            params={"words": f"{len(tokens.words):,}", "share": f"{100 * empty:.0f} %"},
        )  # fmt: skip

        training.report("phase", name=N_("Training"))
        model = _build(params, data.seed)
        plan = Plan(
            epochs=params.epochs,
            batch_size=params.batch_size,
            rate=lambda done, reductions: 0.001,
            keep_best=params.variant == "repaired",
            seed=data.seed,
            fingerprint=fingerprint(self.name, self.version, params, data),
        )
        outcome = train_network(
            model, keras.optimizers.Adam(), Rows(rows.__getitem__, data.train_labels),
            Rows(checks.__getitem__, data.validation_labels), plan, training,
        )  # fmt: skip
        served = keras.Model(model.inputs[0], keras.layers.Activation("sigmoid")(model.outputs[0]))
        return NetworkFitted(tokens, served, checks[:_SAMPLE], outcome.stopped_early, None)

    def load(self, folder: Path) -> NetworkPredictor:
        return NetworkPredictor(ListingTokens.load(folder), LiteModel(folder / MODEL))


def _build(params: ListingParams, seed: int) -> Any:
    """The layers as printed; the sigmoid follows outside, for the loss is steadier on its input."""
    import keras

    keras.utils.set_random_seed(seed)
    if params.variant == "printed":
        inputs = keras.Input((params.max_length,))
        hidden = inputs
    else:
        inputs = keras.Input((params.max_length,), dtype="int32")
        vectors = keras.layers.Embedding(params.max_words, params.embedding_size, mask_zero=True)(inputs)
        hidden = keras.layers.GlobalAveragePooling1D()(vectors)
    hidden = keras.layers.Dense(params.units, activation="relu")(hidden)
    hidden = keras.layers.Dropout(params.dropout, seed=seed)(hidden)
    return keras.Model(inputs, keras.layers.Dense(1)(hidden))


families.register(ArticleListing())
