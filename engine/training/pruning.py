"""Which candidates of a search are given up before their last epoch, by how the others did at the same epoch.

Stage 4 (training). Successive halving as Li et al., "A system for massively parallel hyperparameter tuning" (2020), algorithm 2, has
it for workers that do not wait for one another; Hyperband as Li et al., "Hyperband: a novel bandit-based approach to hyperparameter
optimization" (2018), section 3. Optuna's own keep their rungs in its storage, which we do not have: with the trials put into a
new study each time they gave nothing up.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Mapping, Sequence

KEPT = 3
"""Of so many candidates at a rung one goes on; the next rung is so many times as far."""


def halved(
    epoch: int, score: float, curves: Sequence[Mapping[int, float]], epochs: int, first: int = 1
) -> bool:
    """Whether a candidate is given up at `epoch` (from 1): it is a rung, and the candidate is not in the best third of those that got there.

    Until three got there, all go on; and who reached the last rung goes to the end, as in the algorithm: soon after it nothing
    would be saved, and at the last epoch a candidate would be thrown away that has cost all it can.

    Args:
        epoch: the one that just ended.
        score: the candidate's then; the larger the better.
        curves: of the others, score by epoch.
        epochs: the most that the candidate takes.
        first: the first rung; the others are at 3, 9, 27 ... times that, as far as `epochs` go.
    """
    rung = first
    while rung < epoch:
        rung *= KEPT
    if rung != epoch or rung * KEPT > epochs:
        return False
    there = sorted([score, *(curve[epoch] for curve in curves if epoch in curve)], reverse=True)
    return len(there) >= KEPT and score < there[len(there) // KEPT - 1]


def bracket(number: int, epochs: int) -> int:
    """Hyperband's bracket of the candidate with this number: its first rung is at 3 to the power of that.

    In bracket 0 many are halved from the first epoch on; in the last one few, and none of them. As many candidates go to each as
    gives all brackets about the same number of epochs.

    Args:
        number: of the candidate, from 0.
        epochs: the most that a candidate may take.
    """
    last = int(math.log(max(epochs, 1), KEPT) + 1e-9)
    shares = [math.ceil((last + 1) * KEPT ** (last - one) / (last - one + 1)) for one in range(last + 1)]
    place = zlib.crc32(f"candidate {number}".encode()) % sum(shares)
    for one, share in enumerate(shares):
        place -= share
        if place < 0:
            return one
    return last
