"""Typed cells (XLSX, Parquet) as text, without surprise.

Stage 1 (data).
"""

from __future__ import annotations

import datetime
import json
import math
from typing import Any


def as_text(value: Any) -> str:
    """One cell as text.

    Whole numbers have no ".0", dates are in ISO order (without a time that is midnight), true and false are
    "TRUE" and "FALSE", lists and objects are compact JSON, missing (None, NaN) is "".
    """
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float):
        if math.isnan(value):
            return ""
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    if isinstance(value, datetime.datetime):
        whole_day = value.time() == datetime.time() and value.tzinfo is None
        return value.date().isoformat() if whole_day else value.isoformat(" ")
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    if isinstance(value, list | dict):
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=as_text)
    return str(value)
