"""Names of users (@someone) replaced or removed.

Stage 2 (prepare).
"""

from __future__ import annotations

import re
from typing import Literal

from engine.errors import N_
from engine.params import Params, param
from engine.prepare.steps import steps

# The sign behind a letter or digit is an e-mail address; names have at most 30 characters in the networks we know.
_MENTIONS = re.compile(r"(?<![A-Za-z0-9._%+-])(?:[@＠]\w[\w-]{0,29})+")


class MentionsParams(Params):
    mode: Literal["placeholder", "remove"] = param(
        "placeholder",
        N_("What happens to them"),
        N_("A placeholder keeps the fact that somebody was addressed."),
        titles=(N_("replace by [user]"), N_("remove")),
    )


class Mentions:
    name = "mentions"
    version = 1
    task = "text-classification"
    title = N_("User names (@)")
    help = N_(
        "“@someone” is replaced or removed, so that the model learns no names. A name ends at a space or punctuation."
    )
    order = 70
    Params: type[Params] = MentionsParams

    def apply(self, value: str, params: MentionsParams) -> str:
        instead = "[user]" if params.mode == "placeholder" else ""
        return _MENTIONS.sub(lambda found: instead * len(re.findall("[@＠]", found[0])), value)


steps.register(Mentions())
