"""One way to write each character: Unicode normal forms.

Stage 2 (prepare). Source: Unicode Standard Annex 15 (normalization forms; section 13 for the endless runs).
"""

from __future__ import annotations

import re
import unicodedata
from itertools import groupby
from typing import Literal

from engine.errors import N_
from engine.params import Params, param
from engine.prepare.steps import steps

Form = Literal["NFC", "NFKC"]

_ENDLESS = 256
_SUSPECT = re.compile(rf"(?:[^\w\s\x00-\x7f]|[\uff9e\uff9f]){{{_ENDLESS}}}")


def normalize(form: Form, value: str) -> str:
    """`value` in the normal form, in linear time.

    Sorting a run of combining marks takes quadratic time (200 000 of them: 40 s). Writing needs a handful
    (Annex 15 allows for 30), so runs of 256 and more are left as they are and only the rest is normalised.
    """
    if not _SUSPECT.search(value):
        return unicodedata.normalize(form, value)
    done: list[str] = []
    plain: list[str] = []
    for combining, characters in groupby(value, key=_combines):
        run = "".join(characters)
        if combining and len(run) >= _ENDLESS:
            done += [unicodedata.normalize(form, "".join(plain)), run]
            plain = []
        else:
            plain.append(run)
    return "".join([*done, unicodedata.normalize(form, "".join(plain))])


def _combines(character: str) -> bool:
    return unicodedata.combining(character) != 0 or character in "\uff9e\uff9f"


class UnicodeFormParams(Params):
    form: Form = param(
        "NFC",
        N_("Form"),
        N_(
            "NFC only joins a letter and its marks. NFKC also makes look-alikes one: ﬁ becomes fi, ① becomes 1, full width becomes half width."
        ),
        titles=("NFC", "NFKC"),
    )


class UnicodeForm:
    name = "unicode_form"
    version = 1
    task = "text-classification"
    title = N_("One Unicode form")
    help = N_(
        "The same letter can be stored in two ways (é as one character or as e and ´). This makes them one."
    )
    order = 30
    Params: type[Params] = UnicodeFormParams

    def apply(self, value: str, params: UnicodeFormParams) -> str:
        return normalize(params.form, value)


steps.register(UnicodeForm())
