"""Rows in another language than those asked for.

Stage 2 (prepare).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from engine.data.languages import sure_languages
from engine.data.table_view import TableView
from engine.errors import N_, RecipeError
from engine.params import Params, param
from engine.prepare.filters import filters

_CHUNK = 2_000


class LanguageParams(Params):
    languages: str = param(
        "", N_("Languages that stay"), N_("ISO 639 codes with commas between, such as “zh, en”. A text whose language is not certain stays."),
        max_length=200,
    )  # fmt: skip


class NoLanguages(RecipeError):
    code = "NO_LANGUAGES"
    message = N_("The language filter needs at least one language that stays; found: “{given}”.")
    remedy = N_("Write ISO 639 codes with commas between, such as “zh, en” or “ha”.")


class Languages:
    name, order = "language", 30
    task: str | None = "text-classification"
    title = N_("In another language")
    help = N_(
        "Drops rows that are certainly in another language. Short texts are never certain, so they stay."
    )
    Params: type[Params] = LanguageParams

    def rows(
        self,
        table: TableView,
        params: LanguageParams,
        parts: pd.Series[str] | None,
        check: Callable[[], None],
    ) -> NDArray[np.int64]:
        wanted = {
            code.strip().lower() for code in params.languages.replace("，", ",").split(",") if code.strip()
        }
        if not wanted or not all(code.isalpha() and len(code) in (2, 3) for code in wanted):
            raise NoLanguages(given=params.languages)
        found: list[str] = []
        for start in range(0, len(table.ids), _CHUNK):
            check()
            found += sure_languages(table.inputs.iloc[start : start + _CHUNK])
        gone: NDArray[np.bool_] = np.array(
            [code != "" and code not in wanted for code in found], dtype=np.bool_
        )
        return np.asarray(table.ids[gone], dtype=np.int64)


filters.register(Languages())
