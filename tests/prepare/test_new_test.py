"""Which rows a new test set may have."""

from __future__ import annotations

import numpy as np
import pytest

from engine.errors import error_from_json
from engine.prepare.blocks import OUT, TEST, TRAIN, VALIDATION
from engine.prepare.new_test import NoUnseenRows, draw_new_test, new_test_finding

N = 300
PARTS = np.repeat([TRAIN, VALIDATION, TEST], [200, 50, 50])
LABELS = np.arange(N) % 2
NOBODY = np.zeros(N, dtype=bool)
OPENED = PARTS == TEST
KNOWN = (PARTS != TEST) & (np.arange(N) < 160)


def draw(opened=OPENED, used=KNOWN, rows=30, blocks=None, labels=LABELS):
    blocks = np.arange(N) if blocks is None else blocks
    return draw_new_test(PARTS, labels, blocks, opened, used, rows, 0)


def test_rows_that_no_run_knows_are_enough():
    made = draw()
    assert (made.fresh, made.used, made.left_out) == (30, 0, 50)
    new = np.flatnonzero(made.parts == TEST)
    assert not KNOWN[new].any()
    assert (PARTS[new] == TRAIN).all()
    assert (made.parts[OPENED] == OUT).all()
    assert (made.parts[PARTS == VALIDATION] == VALIDATION).all()
    assert np.bincount(LABELS[new]).tolist() == [15, 15]
    assert new_test_finding(made, "x").severity == "info"


def test_known_rows_fill_up_what_is_lacking_and_are_said():
    made = draw(rows=70)
    assert (made.fresh, made.used) == (40, 30)
    assert new_test_finding(made, "x").severity == "warning"


def test_a_test_part_that_nobody_opened_may_be_drawn_again_and_the_rest_trains():
    made = draw(opened=NOBODY)
    assert made.left_out == 0
    assert (made.parts != OUT).all()
    assert (made.parts == TEST).sum() == 30


def test_linked_rows_stay_together_and_none_is_linked_to_what_was_seen():
    blocks = np.arange(N)
    blocks[np.arange(160, 200)] = np.arange(160, 200) // 4  # blocks of four
    blocks[161] = blocks[160]
    blocks[250] = blocks[164]  # linked to an opened row
    blocks[200] = blocks[168]  # linked to a validation row
    blocks = np.unique(blocks, return_inverse=True)[1]
    made = draw(rows=60, blocks=blocks)
    new = made.parts == TEST
    for block in np.unique(blocks[new]):
        assert (made.parts[blocks == block] == TEST).all()
    assert not new[(blocks == blocks[164]) | (blocks == blocks[168])].any()


def test_rows_without_a_label_and_rows_left_out_are_not_drawn():
    labels = np.where(np.arange(N) % 3 == 0, -1, LABELS)
    new = draw(labels=labels, rows=60).parts == TEST
    assert (labels[new] >= 0).all()


def test_nothing_left_to_draw_is_refused_in_words():
    with pytest.raises(NoUnseenRows) as caught:
        draw(blocks=np.zeros(N, dtype=np.int64))
    assert "there are 0" in str(caught.value)
    assert str(error_from_json(caught.value.to_json())) == str(caught.value)
