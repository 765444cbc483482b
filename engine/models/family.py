"""What a model family must offer, and the registry of them.

Stage 3 (models). One file a family in `models/<modality>/`. Importing a family stays light: TensorFlow and
scikit-learn are imported inside `fit` and `load`, and `load` never needs TensorFlow.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from engine.errors import N_, JobError, RecipeError
from engine.params import Params as ParamsBase
from engine.params import read_params
from engine.recipe import Part
from engine.registry import Registry

Dial = Literal["quick", "balanced", "thorough"]
FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True)
class Facts:
    """What the dial, the estimate and the suitability check know of the data. Counts are rows of the train part.

    `size_*` are in the modality's unit (characters for text). `extra` is the modality's `describe`.
    """

    rows: int
    classes: int
    smallest_class: int
    size_median: float
    size_p95: float
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Machine:
    """What the run may use: processor cores, memory in bytes, and graphics cards: the first one's name and memory, and how many."""

    cores: int
    memory_bytes: int
    accelerator: str | None = None
    cards: int = 0
    card_memory_bytes: int = 0


@dataclass(frozen=True)
class Estimate:
    """Cost before the start: trainable numbers, peak memory in bytes, training time in seconds (rough, from measured rates)."""

    parameters: int
    memory_bytes: int
    seconds: float


@dataclass(frozen=True)
class Unsuitable:
    """Why a family cannot be chosen here: an English message id and its placeholders."""

    message: str
    params: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Setting:
    """A value that the dial stands for, and why: an English message id and its placeholders.

    Without a reason no fact decided: the value follows from the effort alone, or is usual for the family.
    """

    value: Any
    reason: str = ""
    params: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class TrainingData:
    """Encoded rows: inputs as the modality reads them (after the cleaning steps), labels as indices into `classes`.

    `unlabelled_inputs` have no label and are in no other part; a family may learn from them what its texts are like.
    `general_inputs` are other texts in the language at large, for a family with the parameter `general` (id of their version).
    """

    train_inputs: Sequence[Any]
    train_labels: IntArray
    validation_inputs: Sequence[Any]
    validation_labels: IntArray
    classes: tuple[str, ...]
    seed: int
    unlabelled_inputs: Sequence[Any] = ()
    general_inputs: Sequence[Any] = ()


Reporter = Callable[..., None]


class VectorStore(Protocol):
    """What frozen models answered to the texts of the same data, by everything that the answer depends on."""

    def get(self, key: str) -> NDArray[np.float32] | None:
        """What was kept, whole, or None."""
        ...

    def put(self, key: str, vectors: NDArray[np.float32]) -> None:
        """Keep it if that can be; never raises."""
        ...


@dataclass(frozen=True)
class Training:
    """The family's line to the outside while it fits.

    Args:
        report: `report(kind, **payload)` appends a run event. Kinds: `phase` (name), `epoch` (epoch, epochs, loss,
            accuracy, val_loss, val_accuracy, val_macro_f1, learning_rate, gradient_norm, memory_bytes, seconds), `batch` (epoch,
            epochs, step, steps, loss, accuracy, gradient_norm, memory_bytes, examples_per_second; throttled to 2/s by the family), `pretraining` (as
            `batch`, with `right`, the share of hidden pieces that were guessed, in place of accuracy; before the first step without figures), `log` (level, and message
            with params, or text from elsewhere), `note` (message, params). Where several models are trained one after another, epochs
            and batches say of which `member` (from 1) they are.
        stop: returns "keep" (stop and keep the best), "discard" (give up) or None; ask between batches.
        checkpoints: folder that survives a kill; `fit` resumes from what it finds there.
        threads: how many processor threads to use.
        vectors: where the answers of frozen models outlive this training; None keeps none.
    """

    report: Reporter
    stop: Callable[[], str | None]
    checkpoints: Path
    threads: int = 1
    vectors: VectorStore | None = None


class Discarded(JobError):
    """Raised by `fit` when the user gave the run up."""

    code = "DISCARDED"
    message = N_("The run was discarded.")
    remedy = N_("Start it again, or clone it with other settings.")


class Diverged(RecipeError):
    """Raised by `fit` when the loss is no number any more."""

    code = "TRAINING_DIVERGED"
    message = N_("The loss stopped being a number in epoch {epoch}, at a learning rate of {learning_rate}.")
    remedy = N_("Choose a learning rate ten times smaller.")


class PretrainingDiverged(Diverged):
    """The same while the model guesses hidden pieces, which has a rate of its own."""

    code = "PRETRAINING_DIVERGED"
    message = N_("The loss of pretraining stopped being a number in epoch {epoch}, at a learning rate of {learning_rate}.")  # fmt: skip
    remedy = N_("Choose a learning rate of pretraining ten times smaller.")


class BatchTooLarge(JobError):
    """Raised by `fit` when the memory cannot hold a batch."""

    code = "BATCH_TOO_LARGE"
    message = N_("A batch of {size} texts does not fit in the memory of this machine.")
    remedy = N_(
        "Choose a smaller batch size, and gather gradients over several batches to learn the same way."
    )


class Predictor(Protocol):
    """A model as it is served: no TensorFlow, safe to load from a verified bundle.

    That of a family with `needs_tensorflow` also offers `vectors(inputs, progress)`, what its last layer reads of each input.
    """

    def predict_proba(self, inputs: Sequence[Any]) -> FloatArray:
        """Class probabilities, shape (n, classes), rows summing to 1, in the order of the schema's classes."""
        ...


class Fitted(Protocol):
    """A model as it was trained, in the training process.

    One that is dear to save and ask may also offer `validated`, its probabilities of the validation rows as training knew them, and
    `encoder`, whose `save(folder)` writes what it knows of words: a search then saves one of those that are built alike.
    """

    @property
    def stopped_early(self) -> bool:
        """True if the user stopped it and kept the best so far."""
        ...

    def predict_proba(self, inputs: Sequence[Any]) -> FloatArray:
        """As the trained model itself says (Keras, scikit-learn), shape (n, classes)."""
        ...

    def save(self, folder: Path) -> None:
        """Write the portable artefact that `Family.load` reads: JSON, npy, tflite; never a pickle."""
        ...


class Family(Protocol):
    """One way to learn. `fit` runs in a worker; everything else is light.

    A family may also offer `notes(params, facts) -> Sequence[str]`, message ids of what a person should know before training,
    `about`, paragraphs (message ids) on where it comes from, and `schedule(params) -> Sequence[float]`, the learning rate of every epoch,
    `lacking(params) -> Unsuitable | None`, what these parameters need that is not on this machine, and `following(before, after) -> Params`,
    the parameters after a change by hand with those that go with it.
    `pretrained = True` says that it learnt from other texts before, `ladder = False` that the ladder leaves it out.
    """

    name: str
    version: int
    task: str
    title: str
    summary: str
    order: int
    needs_tensorflow: bool
    Params: type[ParamsBase]

    def unsuitable(self, facts: Facts, machine: Machine) -> Unsuitable | None:
        """Why it cannot be used on these data, or None."""
        ...

    def settings(self, dial: Dial, facts: Facts, machine: Machine) -> Mapping[str, Setting]:
        """What the dial stands for, from facts of the data and the machine."""
        ...

    def defaults(self, dial: Dial, facts: Facts, machine: Machine) -> ParamsBase:
        """The same as parameters; those that `settings` does not name are as declared. `Dialled` gives it."""
        ...

    def estimate(self, params: Any, facts: Facts, machine: Machine) -> Estimate: ...

    def formulas(self, params: Any, facts: Facts) -> Sequence[tuple[str, str]]:
        """(caption message id, LaTeX) pairs with the chosen numbers filled in; empty for most families."""
        ...

    def fit(self, data: TrainingData, params: Any, training: Training) -> Fitted: ...

    def load(self, folder: Path) -> Predictor:
        """The portable artefact back, without TensorFlow."""
        ...


families: Registry[Family] = Registry(N_("family"), "engine.models.text")


class FamilyVersionUnknown(RecipeError):
    code = "FAMILY_VERSION_UNKNOWN"
    message = N_(
        "The recipe asks for version {found} of the family “{family}”; this version of Bentu has {known}."
    )
    remedy = N_(
        "Choose the family again on the model page, or use the version of Bentu that made the recipe."
    )


def read_part(part: Part) -> tuple[Family, ParamsBase]:
    """The family that a part of a recipe names and its settings.

    Raises:
        UnknownName, InvalidParameter, FamilyVersionUnknown: it asks for what this code does not know.
    """
    family = families.get(part.name)
    if part.version != family.version:
        raise FamilyVersionUnknown(family=family.name, found=part.version, known=family.version)
    return family, read_params(family.Params, part.params, family.name)


def lacks(family: Family, params: ParamsBase) -> Unsuitable | None:
    """What `params` need that is not on this machine, for a family that can say so."""
    lacking = getattr(family, "lacking", None)
    found: Unsuitable | None = lacking(params) if lacking else None
    return found
