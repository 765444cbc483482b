"""Texts that are written unlike all others: another language, code, logs, random letters, a document among remarks.

Stage 1 (data).
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from engine.data.checks import Stage, checks
from engine.data.findings import Found, found
from engine.data.schema import Fix
from engine.data.table_view import TableView
from engine.errors import N_

SAMPLE, SEED = 50_000, 0
LEAST_ROWS = 200
"""Texts that are needed to know what is usual."""
RARE, BEYOND = 0.5, 0.2
"""Share of rare sequences that an outlier has at least, and how far it must lie beyond the 99th percentile of all."""
MOST = 0.9
"""A share above which the bar cannot lie: texts so unlike each other have no outliers."""


class Outliers:
    name, order, title = "outliers", 62, N_("Texts unlike all others")
    task: str | None = "text-classification"
    stage: Stage = "deep"

    def run(self, table: TableView) -> Iterable[Found]:
        from engine.data.rarity import rarity

        places = np.arange(len(table.ids))
        if len(places) > SAMPLE:
            places = np.sort(np.random.default_rng(SEED).choice(len(places), SAMPLE, replace=False))
        if len(places) < LEAST_ROWS:
            return
        shares = rarity(table.inputs.iloc[places].tolist())
        bar = max(RARE, float(np.quantile(shares, 0.99)) + BEYOND)
        far = np.flatnonzero(shares >= bar)
        if bar > MOST or not len(far):
            return
        far = far[np.argsort(-shares[far], kind="stable")]
        fix = Fix("drop", N_("Look through and drop up to {count}"), {"count": len(far), "review": True})
        yield found(
            "outliers", "info", N_("Texts unlike all others: {count}. Their character sequences stand in hardly any other text (at least {bar} %): another language, code, or letters at random. Looked at: {looked} texts."),
            table.ids[places[far]], scores=shares[far], fixes=[fix], bar=round(100 * bar), looked=len(places),
        )  # fmt: skip


checks.register(Outliers())
