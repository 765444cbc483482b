"""A model adapted to the language of the local texts, before it learns their classes: the settings of it."""

from __future__ import annotations

from engine.errors import N_, RecipeError
from engine.params import Params, param

GUESSED = 0.15
"""Of the pieces, how many are hidden and guessed in pretraining."""


class NothingHides(RecipeError):
    code = "NOTHING_HIDES"
    message = N_("The vocabulary of this model has no token to hide others with, so it cannot be pretrained.")
    remedy = N_("Set the epochs of pretraining to 0, or choose another foundation model.")


class PretrainingParams(Params):
    """How long a network guesses hidden pieces first."""

    pretraining: int = param(
        0, N_("Epochs of pretraining"),
        N_("Before it learns the classes, the network guesses hidden pieces of the training texts and of the texts without a label. More of these can be added to the dataset as rows of a file that have no label."),
        low=0, high=200, level="advanced",
    )  # fmt: skip


class LanguageParams(PretrainingParams):
    """How a foundation model learns the local language."""

    pretraining_rate: float = param(
        5e-5, N_("Learning rate of pretraining"),
        N_("All weights learn in pretraining, whatever learns afterwards; above about 0.0001 they forget what they knew."),
        low=1e-6, high=1e-2, scale="log", level="advanced",
    )  # fmt: skip
    new_words: int = param(
        0, N_("New words"),
        N_("So many words that stand often in your texts, and that the model cuts into three pieces or more or cannot spell, get a piece of their own. They learn what they mean in pretraining."),
        low=0, high=10_000, level="advanced",
    )  # fmt: skip
    general: str = param(
        "", N_("General texts"),
        N_("Another dataset of yours with texts in the language at large. Some are read in pretraining, so that it forgets less; others show what it forgot."),
        level="advanced", max_length=64,
    )  # fmt: skip
    general_share: float = param(
        0.2, N_("Share of general texts"), N_("Of the texts that each epoch of pretraining reads; never more than there are."),
        low=0.0, high=0.9, level="advanced",
    )  # fmt: skip
