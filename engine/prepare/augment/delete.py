"""Some words left out.

Stage 2 (prepare). Random deletion of "Easy data augmentation" (Wei and Zou 2019); Chinese and Japanese by characters.
"""

from __future__ import annotations

from engine.errors import N_
from engine.params import param
from engine.prepare.augmentations import Around, AugmentationParams, augmentations
from engine.prepare.draw import Draw
from engine.prepare.words import Words


class DeleteParams(AugmentationParams):
    share: float = param(
        0.1, N_("Words left out"), N_("The share of the words; at least one is left out, and one always stays."),
        low=0.02, high=0.5,
    )  # fmt: skip


class Delete:
    name = "delete"
    version = 1
    task = "text-classification"
    title = N_("Leave out words")
    help = N_(
        "Leaves out words at random, in Chinese and Japanese characters. A “not” may be among them: keep the share small."
    )
    order = 10
    neutral = True
    Params: type[AugmentationParams] = DeleteParams

    def apply(self, value: str, params: DeleteParams, draw: Draw, around: Around) -> str | None:
        words = Words(value)
        if len(words) < 2:
            return None
        gone = draw.some(len(words), params.share)
        return words.without(set(gone[: len(words) - 1])) or None


augmentations.register(Delete())
