"""Dividing by time: the oldest rows train, the newest test, as it will be in use.

Stage 2 (prepare). A boundary lies between two moments, never inside one: rows of the same moment stay together.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.errors import N_, DataError
from engine.models.family import IntArray
from engine.prepare.blocks import OUT, Shares


class NoTimeColumn(DataError):
    code = "NO_TIME_COLUMN"
    message = N_("The split by time needs a column with the role “time”; there is none.")
    remedy = N_(
        "Give the column with the dates the role “time” on the data page, or choose another kind of split."
    )


class TooFewTimes(DataError):
    code = "TOO_FEW_TIMES"
    message = N_("A split by time into {parts} parts needs as many different dates in the column “{column}”; {found} can be read there.")  # fmt: skip
    remedy = N_("Write the dates as year-month-day, choose another time column, or divide in another way.")


def time_parts(
    moments: IntArray, blocks: IntArray, shares: Shares, column: str
) -> tuple[IntArray, NDArray[np.bool_]]:
    """Parts in the order of time, as close to `shares` as moments that are whole allow.

    A block belongs to the part in which it appears first; its rows that come after that part are left out: a model that
    learned the first would know them. So nothing of train is newer than anything of test, and no block is torn.

    Args:
        moments: of each row, shape (n,), any unit.
        blocks: block numbers, shape (n,), 0-based.
        shares: of train, validation and test; a part with share 0 stays empty.
        column: named in the error.

    Returns:
        The part of each row (`OUT` for the repeats), and which rows are such repeats.

    Raises:
        TooFewTimes: fewer different moments than parts.
    """
    wanted = [part for part, share in enumerate(shares) if share > 0]
    distinct, at = np.unique(moments, return_inverse=True)
    if len(distinct) < len(wanted):
        raise TooFewTimes(parts=len(wanted), column=column, found=len(distinct))
    upto = np.cumsum(np.bincount(at))  # rows up to and with each moment
    goals = np.cumsum([shares[part] for part in wanted])[:-1] * len(moments)
    parts_of_moment = np.full(len(distinct), wanted[-1], dtype=np.int64)
    start = 0
    for number, goal in enumerate(goals):
        last = len(distinct) - (len(wanted) - number)  # every later part keeps a moment
        ends = upto[start : last + 1]
        end = start + int(np.argmin(np.abs(ends - goal)))
        parts_of_moment[start : end + 1] = wanted[number]
        start = end + 1
    parts = parts_of_moment[at]
    first = np.full(int(blocks.max(initial=-1)) + 1, wanted[-1], dtype=np.int64)
    np.minimum.at(first, blocks, parts)
    repeats = parts > first[blocks]
    parts[repeats] = OUT
    return parts, repeats
