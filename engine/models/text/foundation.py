"""A foundation model adapted: read-out only, by LoRA, layer by layer, or as a whole.

LoRA: Hu et al., "LoRA: Low-rank adaptation of large language models" (2021), on query and value. Gradual unfreezing and a
rate that shrinks with depth: Howard and Ruder, "Universal language model fine-tuning for text classification" (2018), 3.3.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from engine.errors import N_
from engine.models.backbone import (
    ADAPTER,
    Pooling,
    depths,
    learnt,
    load_backbone,
    merge_lora,
    save_adapter,
    text_vectors,
    weights_digest,
)
from engine.models.dial import Dialled, adjusted, usual
from engine.models.embeddings import Affine, text_embeddings
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
from engine.models.features.checkpoint_tokens import CheckpointTokens
from engine.models.features.tokens import TokenRows
from engine.models.formulas import Formula, learning_formulas
from engine.models.foundation_choice import FOREIGN, suited_preset, unread_share
from engine.models.foundation_cost import cost, shape_of, suited_length
from engine.models.foundation_dial import affordable
from engine.models.foundation_language import pretrain_backbone, with_words
from engine.models.language import LanguageParams
from engine.models.learning import LearningParams, make_optimizer, on_machine, plan, rates
from engine.models.litert import MODEL, LiteModel
from engine.models.network import (
    Calibrated,
    NetworkFitted,
    NetworkPredictor,
    calibrate,
    fingerprint,
    with_softmax,
)
from engine.models.network_formulas import adaptation_formulas
from engine.models.preset_head import guesses
from engine.models.presets import check, find, here, installed, offered, unavailable
from engine.models.sequence import token_rows
from engine.models.suitability import common_reason
from engine.params import Params as ParamsBase
from engine.params import changed, param

Adapt = Literal["frozen", "lora", "gradual", "full"]


class AdaptingParams(ParamsBase):
    """Which foundation model, and how much of it is changed."""

    preset: str = param(
        "", N_("Foundation model"), N_("One on this machine, and which copy of it; the list below shows them and what can be had."),
        max_length=500,
    )  # fmt: skip
    adapt: Adapt = param(
        "frozen", N_("What learns"),
        N_("The read-out alone learns in seconds once the texts were read; LoRA changes the model by a few numbers; all weights cost the most and forget the most."),
        titles=(N_("only the read-out"), N_("LoRA"), N_("layer by layer"), N_("all weights")),
    )  # fmt: skip
    rank: int = param(
        8, N_("LoRA rank"), N_("How many directions of change each layer may learn."), low=1, high=64, scale="log",
        depends_on=("adapt", ("lora",)),
    )  # fmt: skip
    thaw: int = param(
        2, N_("Layers thawed an epoch"), N_("The read-out learns first; then so many layers more each epoch, from the last one down."),
        low=1, high=12, depends_on=("adapt", ("gradual",)),
    )  # fmt: skip
    layer_decay: float = param(
        0.9, N_("Rate from layer to layer"), N_("Each layer learns at this share of the rate of the layer above it; 1 treats all alike."),
        low=0.5, high=1.0, level="advanced", depends_on=("adapt", ("gradual", "full")),
    )  # fmt: skip
    pooling: Pooling = param(
        "mean", N_("Read out"), N_("How the vectors of the pieces become one for the text."), level="advanced",
        titles=(N_("mean of all pieces"), N_("the first piece"), N_("the largest values")),
    )  # fmt: skip
    max_length: int = param(
        128, N_("Longest text read"), N_("What is longer loses its end; longer costs more time."), low=16, high=512, scale="log",
        unit=N_("pieces"),
    )  # fmt: skip
    dropout: float = param(
        0.1, N_("Dropout"), N_("Share of hidden neurons switched off at random in each step, against learning by heart."),
        low=0.0, high=0.8, level="advanced",
    )  # fmt: skip


class FoundationParams(LearningParams, LanguageParams, AdaptingParams):
    """Which foundation model, how much of it is changed, and how it learns."""

    OFFERS: ClassVar[Mapping[str, Callable[[], Mapping[str, str]]]] = {"preset": offered}

    learning_rate: float = changed(LearningParams, "learning_rate", 1e-3)
    batch_size: int = changed(LearningParams, "batch_size", 32)


_WAYS: Mapping[Adapt, Mapping[str, Any]] = {
    "frozen": {"epochs": 60, "patience": 6, "learning_rate": 3e-3, "decay": "cosine", "dropout": 0.3, "weight_decay": 1e-3},
    "lora": {"epochs": 8, "patience": 2, "learning_rate": 2e-3, "decay": "linear", "warmup": 0.06, "clip": 1.0},
    "gradual": {"epochs": 8, "patience": 3, "learning_rate": 1e-4, "decay": "linear", "warmup": 0.06, "clip": 1.0},
    "full": {"epochs": 5, "patience": 2, "learning_rate": 5e-5, "decay": "linear", "warmup": 0.1, "clip": 1.0, "weight_decay": 0.01},
}  # fmt: skip
"""How each way of adapting learns best; a rate that suits LoRA tears a whole model apart."""

_SAMPLE = 16
"""Validation rows on which the exported file is compared with the adapted model: each takes both a tenth of a second."""


class Foundation(Dialled):
    """A preset of BERT's family with a linear read-out."""

    name = "foundation"
    version = 1
    task = "text-classification"
    title = N_("Foundation model")
    summary = N_(
        "A model that read very many texts before, adapted to yours. It pays with few rows in a language that it knows; in a "
        "language that it does not know, the linear SVM is better and far cheaper."
    )
    order = 80
    needs_tensorflow = True
    pretrained = True
    Params: type[ParamsBase] = FoundationParams

    def unsuitable(self, facts: Facts, machine: Machine) -> Unsuitable | None:
        smallest = self.estimate(self.defaults("quick", facts, machine), facts, machine)
        reason = common_reason(facts, machine, smallest, rows=20)
        if reason is None and not installed():
            return Unsuitable(
                N_(
                    "No foundation model is on this machine. `make minilm` gets a small English one (84 MB); the list on the model page and `python -m engine presets list` name others."
                )
            )
        return reason

    def settings(self, dial: Dial, facts: Facts, machine: Machine) -> dict[str, Setting]:
        """The preset that knows most of the texts' languages; how it is adapted follows from the time that this takes here, see `affordable`."""
        preset = suited_preset(facts, machine, largest=dial == "thorough")
        changes = {"rank": 16, "epochs": 12, "patience": 3} if dial == "thorough" else {}
        ways = {"frozen": _WAYS["frozen"], "lora": {**_WAYS["lora"], **changes}}

        def price(adapt: str, length: int, batch: int) -> Estimate:
            chosen = {"preset": preset.value, "adapt": adapt, "max_length": length, "batch_size": batch}
            return self.estimate(FoundationParams(**ways[adapt], **chosen), facts, machine)

        decided = affordable(dial, suited_length(facts, dial), machine, price)
        return usual(ways[decided["adapt"].value]) | decided | {
            "preset": preset, "adjust": adjusted(dial, facts),
        } | on_machine(machine)  # fmt: skip

    def estimate(self, params: FoundationParams, facts: Facts, machine: Machine) -> Estimate:
        return cost(params, facts, machine)

    def lacking(self, params: FoundationParams) -> Unsuitable | None:
        """A preset that is not here is said before anything starts."""
        return unavailable(params.preset)

    def following(self, before: FoundationParams, after: FoundationParams) -> FoundationParams:
        """With another way of adapting, what suits it, where the values of the former way stood."""
        declared = {
            name: FoundationParams.model_fields[name].default for way in _WAYS.values() for name in way
        }
        old, new = ({**declared, **_WAYS[params.adapt]} for params in (before, after))
        return after.model_copy(
            update={name: new[name] for name in declared if getattr(after, name) == old[name]}
        )

    def notes(self, params: FoundationParams, facts: Facts | None = None) -> Sequence[str]:
        """What does not fit together, or not with the texts."""
        said = []
        if params.learning_rate > 3e-4 and params.adapt in ("full", "gradual"):
            said.append(
                N_(
                    "This learning rate suits a read-out or LoRA; whole layers forget what they knew above about 0.0001."
                )
            )
        if params.new_words and not params.pretraining and params.adapt in ("frozen", "lora"):
            said.append(
                N_(
                    "Without pretraining the new words stay the mean of their pieces: shorter rows, and nothing learnt."
                )
            )
        preset = here(params.preset)
        if params.pretraining and preset is not None and not guesses(preset):
            said.append(
                N_(
                    "This foundation model comes without the head that guesses hidden pieces. Pretraining starts with a new one; with few texts that makes the model worse."
                )
            )
        if preset is not None and facts is not None and unread_share(preset, facts) > FOREIGN:
            said.append(
                N_(
                    "Many of your texts are in a language that this foundation model has not read. For them choose another one or a linear model."
                )
            )
        return said

    def formulas(self, params: FoundationParams, facts: Facts) -> Sequence[Formula]:
        shape = shape_of(here(params.preset))
        return (
            *adaptation_formulas(params, shape.layers, shape.heads, shape.hidden, facts.classes),
            *learning_formulas(params, facts.classes, cost(params, facts, None).parameters),
        )

    def schedule(self, params: FoundationParams) -> Sequence[float]:
        """The learning rate of each epoch, for a preview."""
        return rates(params)

    def fit(self, data: TrainingData, params: FoundationParams, training: Training) -> NetworkFitted:
        from engine.training.preload import preload

        preset = find(params.preset)
        training.report("phase", name=N_("Loading the foundation model"))
        check(preset)
        preload()
        import keras

        keras.utils.set_random_seed(data.seed)
        tokens = CheckpointTokens.of_preset(preset.folder, min(params.max_length, preset.facts.max_length))
        backbone = load_backbone(preset)
        if params.new_words:
            tokens, backbone = with_words(tokens, backbone, data, params.new_words, training)
        mark = fingerprint(f"{self.name} {preset.digest}", self.version, params, data)
        if params.pretraining:
            training = pretrain_backbone(
                preset, backbone, tokens, data, params, params.batch_size, training, mark
            )
            mark += weights_digest(backbone)
        model, vectors = adapted(backbone, tokens.pad, params, len(data.classes))
        rows, checks = tokens.transform(data.train_inputs), tokens.transform(data.validation_inputs)
        training.report(
            "log", level="info", message=N_(
                "{name}: {mean} pieces a text; {cut} of the texts are cut at {length}; {numbers} of {all} numbers learn"
            ), params={
                "name": preset.name, "mean": f"{rows.lengths.mean():.1f}", "cut": f"{100 * (rows.lengths >= tokens.length).mean():.1f} %",
                "length": tokens.length, "numbers": f"{sum(v.numpy().size for v in model.trainable_variables):,}",
                "all": f"{model.count_params():,}",
            },
        )  # fmt: skip
        if params.adapt == "frozen":
            own = params.pretraining or params.new_words
            weights = weights_digest(backbone) if own else preset.digest
            calibrated, stopped = self._train_head(
                model, vectors, rows, checks, data, params, training, mark, weights
            )
        else:
            layers = preset.facts.layers
            calibrated, stopped = self._train_layers(
                model, layers, rows, checks, data, params, training, mark
            )
        learnt_here = learnt(model)
        merge_lora(backbone)
        answers = with_softmax(model, calibrated.temperature)
        sample = checks[: min(_SAMPLE, len(checks))]
        about = {"preset": preset.name, "digest": preset.digest, "temperature": float(calibrated.temperature)}
        changed_whole = params.adapt in ("full", "gradual") or params.pretraining or params.new_words
        adapter = {} if changed_whole else learnt_here
        return FoundationFitted(tokens, answers, sample, stopped, calibrated.validated, adapter, about)

    def load(self, folder: Path) -> NetworkPredictor:
        return NetworkPredictor(CheckpointTokens.load(folder), LiteModel(folder / MODEL))

    def _train_layers(
        self, model: Any, layers: int, rows: TokenRows, checks: TokenRows, data: TrainingData, params: FoundationParams,
        training: Training, mark: str,
    ) -> tuple[Calibrated, bool]:  # fmt: skip
        """Train what may learn in place; how it is calibrated, and whether somebody stopped it."""
        from engine.training.loop import predict_scores, train_network

        paths = [variable.path for variable in model.trainable_variables]
        whole = replace(
            plan(params, data, mark), still=True, shares=shares(params, depths(paths, layers), layers)
        )
        training.report("phase", name=N_("Training"))
        validation = token_rows(checks, data.validation_labels)
        outcome = train_network(
            model, make_optimizer(params), token_rows(rows, data.train_labels), validation, whole, training
        )
        training.report("phase", name=N_("Calibrating"))
        scores = predict_scores(model, validation)
        return calibrate(model, scores, data, adjust=params.adjust), outcome.stopped_early

    def _train_head(
        self, model: Any, vectors: Any, rows: TokenRows, checks: TokenRows, data: TrainingData, params: FoundationParams,
        training: Training, mark: str, weights: str,
    ) -> tuple[Calibrated, bool]:  # fmt: skip
        """The same for a frozen model: every text is read once, the read-out learns on what came out."""
        import keras

        from engine.training.loop import Rows, predict_scores, train_network

        training.report("phase", name=N_("Reading the texts with the foundation model"))
        # what a text is to the frozen model does not depend on how the read-out learns
        read = [
            text_embeddings(vectors, some, training, f"{self.version} {weights} {params.pooling}")
            for some in (rows, checks)
        ]
        scale = Affine.of(read[0])
        train, validation = (
            Rows(scale(found).__getitem__, labels) for found, labels in zip(read, (data.train_labels, data.validation_labels), strict=True)
        )  # fmt: skip
        logits = model.get_layer("logits")
        inputs = keras.Input((read[0].shape[1],))
        hidden = keras.layers.Dropout(params.dropout)(inputs) if params.dropout else inputs
        head = keras.Model(inputs, keras.layers.Dense(logits.units, name="logits")(hidden))
        training.report("phase", name=N_("Training"))
        outcome = train_network(
            head, make_optimizer(params), train, validation, plan(params, data, mark), training
        )
        training.report("phase", name=N_("Calibrating"))
        logits.set_weights(scale.folded_into(*head.get_layer("logits").get_weights()))
        scores = predict_scores(head, validation)
        return calibrate(model, scores, data, adjust=params.adjust), outcome.stopped_early


@dataclass(frozen=True)
class FoundationFitted(NetworkFitted):
    """A foundation model as adapted; `adapter` is what it learnt, by path, where that is little."""

    adapter: Mapping[str, NDArray[Any]]
    about: Mapping[str, Any]

    def save(self, folder: Path) -> None:
        super().save(folder)
        if self.adapter:
            temperature = np.array(self.about["temperature"])
            save_adapter(folder / ADAPTER, {**self.adapter, "temperature": temperature})


def adapted(backbone: Any, pad: int, params: FoundationParams, classes: int) -> tuple[Any, Any]:
    """The model from token numbers to logits with what `params` lets learn of `backbone`, and the part up to the text vectors."""
    import keras

    if params.adapt == "lora":
        backbone.enable_lora(params.rank)
    elif params.adapt == "frozen":
        backbone.trainable = False
    ids = keras.Input((None,), dtype="int32")
    vectors = text_vectors(backbone, ids, pad, params.pooling)
    hidden = keras.layers.Dropout(params.dropout)(vectors) if params.dropout else vectors
    model = keras.Model(ids, keras.layers.Dense(classes, name="logits")(hidden))
    return model, keras.Model(ids, vectors)


def shares(
    params: FoundationParams, found: Sequence[int], layers: int
) -> Callable[[int], Sequence[float]] | None:
    """The share of the learning rate of each variable in an epoch, by its depth; None where all get the whole.

    Args:
        params: the settings.
        found: the depth of every trainable variable, see `depths`.
        layers: of the backbone; the head lies one deeper.
    """
    gradual = params.adapt == "gradual"
    if params.adapt not in ("full", "gradual") or (params.layer_decay == 1 and not gradual):
        return None
    weights = [params.layer_decay ** (layers + 1 - depth) for depth in found]

    def of_epoch(epoch: int) -> Sequence[float]:
        lowest = layers + 1 - params.thaw * epoch if gradual else 0
        return [weight if depth >= lowest else 0.0 for weight, depth in zip(weights, found, strict=True)]

    return of_epoch


families.register(Foundation())
