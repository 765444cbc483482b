"""E-mail addresses and telephone numbers masked.

Stage 2 (prepare). It finds the common forms, Chinese mobile and landline numbers among them; it is a help, not
a proof that nothing personal is left.
"""

from __future__ import annotations

import re
from typing import Literal

from engine.errors import N_
from engine.params import Params, param
from engine.prepare.steps import steps

# Every repetition is bounded, so that a long text without any address is still read in linear time.
_EMAIL = re.compile(r"[A-Za-z0-9._%+-]{1,64}[@＠][A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,8}")
_PHONE = re.compile(
    r"(?<!\d)(?:"
    r"(?:\(?(?:\+|00)?86\)?[-\s]?)?1[3-9]\d[-\s]?(?:\d{4}[-\s]?\d{4}|\d{3}[-\s]\d{5})"  # mobile, China
    r"|\(?0\d{2,3}\)?[-\s]?[2-9]\d{2,3}[-\s]?\d{4}(?:-\d{1,5})?"  # landline, China
    r"|[48]00[-\s]?\d{3}[-\s]?\d{4}|[48]00[-\s]\d{4}[-\s]\d{3}"  # service numbers, China
    r"|\+\d(?:[-.\s()]{0,2}\d){7,14}"  # international
    r"|0[789][01]\d[-\s]?\d{3}[-\s]?\d{4}"  # mobile, Nigeria
    r"|(?:\(\d{3}\)\s?|\d{3}[-.])\d{3}[-.]\d{4}"  # North America
    r")(?!\d)"
)


class EmailsPhonesParams(Params):
    emails: bool = param(True, N_("E-mail addresses"), N_("Mask them."))
    phones: bool = param(
        True,
        N_("Telephone numbers"),
        N_("Mask them. A long order number can look like a telephone number; see the sample below."),
    )
    mode: Literal["placeholder", "remove"] = param(
        "placeholder",
        N_("What happens to them"),
        N_("A placeholder keeps the fact that there was one."),
        titles=(N_("replace by [email], [phone]"), N_("remove")),
    )


class EmailsPhones:
    name = "emails_phones"
    version = 1
    task = "text-classification"
    title = N_("E-mail addresses and telephone numbers")
    help = N_("Masks the common forms. A help, not a proof: look through your data before you share it.")
    order = 60
    Params: type[Params] = EmailsPhonesParams

    def apply(self, value: str, params: EmailsPhonesParams) -> str:
        keep = params.mode == "placeholder"
        if params.emails and ("@" in value or "＠" in value):
            value = _EMAIL.sub("[email]" if keep else "", value)
        if params.phones:
            value = _PHONE.sub("[phone]" if keep else "", value)
        return value


steps.register(EmailsPhones())
