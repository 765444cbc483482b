"""Numbers of identity cards, bank cards and bank accounts masked.

Stage 2 (prepare). Each has check digits, so that an order number is hardly ever taken for one: Chinese identity cards by GB 11643
(ISO 7064 mod 11-2), payment cards by ISO/IEC 7812 (Luhn), accounts by ISO 13616 (IBAN, mod 97). Not a proof that none is left.
"""

from __future__ import annotations

import re
from datetime import date
from typing import Literal

from engine.errors import N_
from engine.params import Params, param
from engine.prepare.steps import steps

_IDENTITY = re.compile(
    r"(?<![0-9A-Za-z])[1-9]\d{5}(?:18|19|20)\d{2}[01]\d[0-3]\d{4}[0-9Xx](?![0-9A-Za-z])", re.ASCII
)
_PROVINCES = re.compile("1[1-5]|2[1-3]|3[1-7]|4[1-6]|5[0-4]|6[1-5]|71|8[1-3]")
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECKS = "10X98765432"

# Digits in one run, or in groups as they stand on the card; every repetition is bounded.
_CARD = re.compile(
    r"(?<![0-9A-Za-z.])(?:\d{13,19}|\d{4}(?P<gap>[ -])\d{4}(?P=gap)\d{4}(?P=gap)\d{1,4}(?:(?P=gap)\d{1,3})?|3[47]\d{2}(?P<own>[ -])\d{6}(?P=own)\d{5})"
    r"(?![0-9A-Za-z])",
    re.ASCII,
)
_ISSUERS = re.compile(r"4|5[1-5]|2[2-7]|62|81|3[47]|35|30|36|38|6011|64|65")
_LENGTHS = {
    "4": (13, 16, 19),
    "3": (14, 15, 16),
    "5": (16,),
    "2": (16,),
    "6": (16, 17, 18, 19),
    "8": (16, 17, 18, 19),
}

_ACCOUNT = re.compile(
    r"(?<![0-9A-Za-z])[A-Z]{2}\d{2}(?: ?[0-9A-Z]{4}){2,7}(?: ?[0-9A-Z]{1,3})?(?![0-9A-Za-z])", re.ASCII
)


class PersonalNumbersParams(Params):
    identity: bool = param(True, N_("Identity cards"), N_("Mask Chinese identity card numbers (18 digits)."))
    cards: bool = param(
        True, N_("Bank cards and accounts"), N_("Mask card numbers and international account numbers (IBAN).")
    )
    mode: Literal["placeholder", "remove"] = param(
        "placeholder",
        N_("What happens to them"),
        N_("A placeholder keeps the fact that there was one."),
        titles=(N_("replace by [id], [card]"), N_("remove")),
    )


class PersonalNumbers:
    name = "personal_numbers"
    version = 1
    task = "text-classification"
    title = N_("Identity and bank card numbers")
    help = N_(
        "Masks numbers whose check digits are right. A help, not a proof: look through your data before you share it."
    )
    order = 58
    Params: type[Params] = PersonalNumbersParams

    def apply(self, value: str, params: PersonalNumbersParams) -> str:
        keep = params.mode == "placeholder"
        if params.identity:
            value = _IDENTITY.sub(
                lambda found: ("[id]" if keep else "") if _is_identity(found[0]) else found[0], value
            )
        if params.cards:
            value = _CARD.sub(
                lambda found: ("[card]" if keep else "") if _is_card(found[0]) else found[0], value
            )
            value = _ACCOUNT.sub(
                lambda found: ("[card]" if keep else "") if _is_account(found[0]) else found[0], value
            )
        return value


def _is_identity(number: str) -> bool:
    try:
        born = date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        return False
    total = sum(int(digit) * weight for digit, weight in zip(number[:17], _WEIGHTS, strict=True))
    return (
        _PROVINCES.match(number) is not None
        and born.year >= 1880
        and _CHECKS[total % 11] == number[17].upper()
    )


def _is_card(number: str) -> bool:
    digits = [int(sign) for sign in number if sign.isdigit()]
    plain = "".join(map(str, digits))
    if not _ISSUERS.match(plain) or len(plain) not in _LENGTHS[plain[0]] or len(set(digits)) == 1:
        return False
    doubled = [sum(divmod(2 * digit, 10)) for digit in digits[-2::-2]]
    return (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0


def _is_account(number: str) -> bool:
    plain = number.replace(" ", "")
    if not 15 <= len(plain) <= 34:
        return False
    return int("".join(str(int(sign, 36)) for sign in plain[4:] + plain[:4])) % 97 == 1


steps.register(PersonalNumbers())
