"""The network of the article's case (section 4.3): two hidden layers of 100, ReLU, softmax, a decaying learning rate."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

from engine.errors import N_
from engine.models.activations import TITLES, Activation
from engine.models.article import ABOUT
from engine.models.dial import Dialled, adjusted, batch_size, counted, effort
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
from engine.models.features.tfidf import (
    Tfidf,
    TfidfParams,
    expected_entries,
    expected_seconds,
    expected_width,
)
from engine.models.formulas import case_formulas
from engine.models.learning import LearningParams, expected_epochs, make_optimizer, on_machine, plan, rates
from engine.models.litert import MODEL, LiteModel
from engine.models.network import NetworkFitted, NetworkPredictor, calibrate, dense, fingerprint, with_softmax
from engine.models.suitability import common_reason
from engine.params import Params as ParamsBase
from engine.params import param

_SAMPLE = 64


class CaseShape(ParamsBase):
    """The layers over what is counted."""

    input: Literal["tfidf", "embedding"] = param(
        "tfidf", N_("Input"), N_("TF-IDF weights, or the mean of learned vectors of everything counted (an embedding bag)."),
        titles=(N_("TF-IDF weights"), N_("embedding bag")),
    )  # fmt: skip
    embedding_size: int = param(
        64, N_("Vector length"), N_("Length of the learned vector of each word or character sequence."), low=8, high=512,
        scale="log", depends_on=("input", ("embedding",)),
    )  # fmt: skip
    units: int = param(
        100, N_("Neurons a layer"), N_("In each hidden layer; the article uses 100."), low=4, high=1024, scale="log",
    )  # fmt: skip
    hidden_layers: int = param(2, N_("Hidden layers"), N_("The article uses two."), low=1, high=4)
    activation: Activation = param(
        "relu", N_("Activation"), N_("What a hidden neuron does with its sum; the article uses ReLU."), level="advanced",
        titles=TITLES,
    )  # fmt: skip
    dropout: float = param(
        0.5, N_("Dropout"), N_("Share of hidden neurons switched off at random in each step, against learning by heart."),
        low=0.0, high=0.8,
    )  # fmt: skip
    l2: float = param(
        0.0, N_("Weight penalty (L2)"), N_("Added to the loss for each squared weight."), low=0.0, high=0.01, level="advanced",
    )  # fmt: skip


class CaseNetworkParams(LearningParams, CaseShape, TfidfParams):
    """What is counted, the network over it, and how it learns."""

    max_features: int = param(
        10_000, N_("Most features"), N_("The most frequent are kept; with both kinds, half for each."), low=100,
        high=50_000, scale="log", level="advanced",
    )  # fmt: skip


def parameter_count(params: CaseNetworkParams, width: int, classes: int) -> int:
    """Trainable numbers of the network over `width` features."""
    first, count = width, 0
    if params.input == "embedding":
        first, count = params.embedding_size, width * params.embedding_size
    sizes = [first, *[params.units] * params.hidden_layers, classes]
    return count + sum((inputs + 1) * outputs for inputs, outputs in pairwise(sizes))


class CaseNetwork(Dialled):
    """A fully connected network over TF-IDF weights or over an embedding bag."""

    name = "case_network"
    version = 1
    task = "text-classification"
    title = N_("Case network (article 4.3)")
    summary = N_(
        "The network of the article's case: two hidden layers of 100 neurons, ReLU, softmax and a decaying learning rate. Compare it "
        "with the linear SVM, which is the bar that a network has to beat."
    )
    order = 40
    needs_tensorflow = True
    about = ABOUT
    Params: type[ParamsBase] = CaseNetworkParams

    def unsuitable(self, facts: Facts, machine: Machine) -> Unsuitable | None:
        cost = self.estimate(self.defaults("quick", facts, machine), facts, machine)
        return common_reason(facts, machine, cost, rows=20)

    def settings(self, dial: Dial, facts: Facts, machine: Machine) -> dict[str, Setting]:
        """Few rows get small batches, so that an epoch still makes enough steps."""
        changes: dict[Dial, dict[str, Any]] = {
            "quick": {"epochs": 8, "patience": 2, "learning_rate": 1e-3, "max_features": 5000},
            "balanced": {},
            "thorough": {"epochs": 80, "patience": 8, "learning_rate": 3e-4, "decay_rate": 0.97},
        }
        return effort(dial, CaseNetworkParams, changes) | {
            "analyzer": counted(facts), "batch_size": batch_size(facts, 128), "adjust": adjusted(dial, facts),
        } | on_machine(machine)  # fmt: skip

    def estimate(self, params: CaseNetworkParams, facts: Facts, machine: Machine) -> Estimate:
        """Exact in parameters where the features reach their limit; time from rates measured on two cores (rough).

        Memory: TensorFlow, weights with two Adam moments, gradients and the best copy, the sparse rows.
        """
        width = expected_width(params, facts)
        count = parameter_count(params, width, facts.classes)
        epochs = expected_epochs(params)
        steps = -(-facts.rows // params.batch_size)
        seconds = steps * (1.2e-3 + 3e-9 * count) + facts.rows * (3e-10 * width + 6e-11 * count)
        return Estimate(
            parameters=count,
            memory_bytes=int(8.5e8 + 24 * count + 24 * expected_entries(params, facts)),
            seconds=2 + expected_seconds(params, facts) + epochs * seconds,
        )

    def formulas(self, params: CaseNetworkParams, facts: Facts) -> Sequence[tuple[str, str]]:
        width = expected_width(params, facts)
        return case_formulas(params, width, facts.classes, parameter_count(params, width, facts.classes))

    def schedule(self, params: CaseNetworkParams) -> Sequence[float]:
        """The learning rate of each epoch, for a preview."""
        return rates(params)

    def fit(self, data: TrainingData, params: CaseNetworkParams, training: Training) -> NetworkFitted:
        from engine.training.loop import Rows, predict_scores, train_network
        from engine.training.preload import preload

        preload()
        training.report("phase", name=N_("Counting words and characters"))
        features, rows = Tfidf.fit(data.train_inputs, params, "tfidf" if params.input == "tfidf" else "mean")
        checks = features.transform(data.validation_inputs)
        count = parameter_count(params, features.width, len(data.classes))
        training.report(
            "log", level="info", message=N_("{rows} rows, {features} features, {numbers} numbers to learn"),
            params={"rows": f"{rows.shape[0]:,}", "features": f"{features.width:,}", "numbers": f"{count:,}"},
        )  # fmt: skip

        training.report("phase", name=N_("Training"))
        model = _build(params, features.width, len(data.classes), data.seed)
        validation = Rows(lambda chosen: dense(checks[chosen]), data.validation_labels)
        outcome = train_network(
            model,
            make_optimizer(params),
            Rows(lambda chosen: dense(rows[chosen]), data.train_labels),
            validation,
            plan(params, data, fingerprint(self.name, self.version, params, data)),
            training,
        )
        training.report("phase", name=N_("Calibrating"))
        scores = predict_scores(model, validation)
        found = calibrate(model, scores, data, adjust=params.adjust)
        answers = with_softmax(model, found.temperature)
        return NetworkFitted(features, answers, checks[:_SAMPLE], outcome.stopped_early, found.validated)

    def load(self, folder: Path) -> NetworkPredictor:
        return NetworkPredictor(Tfidf.load(folder), LiteModel(folder / MODEL))


def _build(params: CaseNetworkParams, width: int, classes: int, seed: int) -> Any:
    import keras

    keras.utils.set_random_seed(seed)
    penalty = keras.regularizers.L2(params.l2) if params.l2 else None
    inputs = keras.Input((width,))
    hidden = inputs
    if params.input == "embedding":
        # The mean of the vectors of a text is the product of its relative frequencies with the table of vectors.
        start = keras.initializers.RandomNormal(stddev=1.0, seed=seed)
        hidden = keras.layers.Dense(
            params.embedding_size, use_bias=False, kernel_initializer=start, name="vectors"
        )(hidden)
    for layer in range(params.hidden_layers):
        hidden = keras.layers.Dense(params.units, activation=params.activation, kernel_regularizer=penalty)(
            hidden
        )
        if params.dropout:
            hidden = keras.layers.Dropout(params.dropout, seed=seed + layer)(hidden)
    logits = keras.layers.Dense(classes, kernel_regularizer=penalty, name="logits")(hidden)
    return keras.Model(inputs, logits)


families.register(CaseNetwork())
