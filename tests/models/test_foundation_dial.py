"""How far the dial adapts a foundation model follows from the machine, and the reason says by what."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from engine.errors import fill
from engine.models.family import Facts, Machine, Setting, families
from engine.models.foundation_cost import cost, pace
from engine.models.foundation_dial import MINUTES

FAMILY: Any = families.get("foundation")
TWO = Machine(2, 8 * 2**30)
CARD = Machine(16, 128 * 2**30, "Some card", 1, 24 * 2**30)
REVIEWS = Facts(42_165, 2, 20_000, 100.0, 300.0, {})


@pytest.fixture(autouse=True)
def no_presets(bentu_home: Path) -> None:
    """The small model is supposed where none is."""


def said(one: Setting) -> str:
    return fill(one.reason, dict(one.params))


@pytest.mark.parametrize(
    ("dial", "machine", "adapt", "words"),
    [
        ("quick", CARD, "frozen", ""),
        ("balanced", TWO, "frozen", "LoRA would take about 77 min on 2 cores with texts of up to 96 pieces; this dial allows 20."),
        ("balanced", replace(TWO, cores=8), "lora", "LoRA takes about 20 min on 8 cores"),
        ("balanced", CARD, "lora", "LoRA takes about 2 min on Some card"),
        ("thorough", replace(TWO, cores=1), "frozen", "on 1 core with"),
        ("thorough", TWO, "lora", "this dial allows 120."),
    ],
)  # fmt: skip
def test_lora_is_taken_where_this_machine_does_it_in_the_time_of_the_dial(
    dial: Any, machine: Machine, adapt: str, words: str
) -> None:
    found = FAMILY.settings(dial, REVIEWS, machine)
    assert found["adapt"].value == adapt
    assert words in said(found["adapt"])
    params = FAMILY.defaults(dial, REVIEWS, machine)
    assert params.learning_rate == (3e-3 if adapt == "frozen" else 2e-3), "each way learns as it does best"
    assert (params.rank, params.epochs) == (
        (16, 12) if adapt == "lora" and dial == "thorough" else (8, params.epochs)
    )
    assert cost(params, REVIEWS, machine).seconds <= 60 * MINUTES[dial] or params.max_length == 32


def test_even_the_read_out_reads_less_of_a_text_where_there_are_very_many() -> None:
    found = FAMILY.settings("balanced", replace(REVIEWS, rows=200_000, size_median=400.0), TWO)
    assert found["adapt"].value == "frozen"
    assert found["max_length"].value < 96
    assert "Reading 96 pieces of each text would take about" in said(found["max_length"])
    whole = FAMILY.settings("balanced", REVIEWS, TWO)["max_length"]
    assert (whole.value, "no more than 300" in said(whole)) == (96, True)


def test_batches_fit_the_memory_and_make_the_same_updates() -> None:
    news = Facts(1060, 5, 100, 1500.0, 4000.0, {})
    whole = FAMILY.settings("thorough", news, TWO)
    assert whole["batch_size"].value == 32 and "accumulate" not in whole
    assert "takes about 7.1 GB; there are 8.6" in said(whole["batch_size"])
    tight = replace(TWO, memory_bytes=4 * 2**30)
    params = FAMILY.defaults("thorough", news, tight)
    assert params.batch_size < 32 and params.batch_size * params.accumulate == 32
    assert FAMILY.estimate(params, news, tight).memory_bytes <= tight.memory_bytes
    assert "would take about 7.1 GB; there are 4.3" in said(
        FAMILY.settings("thorough", news, tight)["batch_size"]
    )
    assert FAMILY.defaults("thorough", news, replace(CARD, card_memory_bytes=4 * 2**30)).batch_size < 32


def test_cores_count_in_proportion_up_to_eight_and_a_card_more() -> None:
    paces = [pace(Machine(cores, 2**33)) for cores in (1, 2, 4, 8, 64)]
    assert paces == [2, 1, 0.5, 0.25, 0.25]
    assert pace(None) == 1 and pace(CARD) < 0.1
