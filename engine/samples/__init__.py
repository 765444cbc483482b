"""Embedded sample data: two synthetic sets of customer reviews that a first start offers, offline.

Plain data for the stage `data`; knows no storage, no owner and no model. `reviews` writes the rows, `composer`
each text, `phrases` reads the hand-written banks beside it (`zh/`, `en/`), `noise` makes them look typed by people.
"""

from __future__ import annotations

from engine.samples.reviews import SAMPLE_ROLES, SAMPLES, make_sample, sample_csv, sample_truth

__all__ = ["SAMPLES", "SAMPLE_ROLES", "make_sample", "sample_csv", "sample_truth"]
