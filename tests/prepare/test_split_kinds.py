"""Splits by time, by slice, in folds, by a mapped column, with near-duplicates kept together, and regrouped ones."""

from __future__ import annotations

import random

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

from engine.data.checks import checks
from engine.data.near_duplicates import near_duplicate_groups
from engine.data.schema import make_schema
from engine.data.table_view import TableView
from engine.errors import DataError, error_from_json
from engine.modality import modalities
from engine.prepare import by_time
from engine.prepare.blocks import block_ids, deal_folds, mend_parts
from engine.prepare.by_slice import NoSliceRows
from engine.prepare.leaks import flattered
from engine.prepare.split import OneClass, assign_split, default_split, leaking_rows, recount_split
from engine.prepare.split_findings import half_width
from engine.recipe import Split
from tests.prepare.test_split import codes, finding, given, many, table

ROLES = {"text": "input", "label": "label", "group": "group", "time": "time", "region": "slice"}


def run(rows, spec, alike=None):
    frame, schema = table(rows, ROLES)
    return assign_split(frame, schema, spec, frame["text"], alike)


def dated(n=400, day=lambda i: i, **extra):
    """Rows of which row i is of day `day(i)` after the first of January 2020, in a shuffled order of days."""
    start = pd.Timestamp("2020-01-01")
    order = list(range(n))
    random.Random(1).shuffle(order)
    return many(n, time=lambda i: str((start + pd.Timedelta(days=day(order[i]))).date()), **extra)


BY_TIME = Split(kind="time")


def of(rows, result, part):
    return [row for row, name in zip(rows, result.assignment, strict=True) if name == part]


def test_by_time_the_oldest_train_and_the_newest_test():
    rows = dated()
    result = run(rows, BY_TIME)
    assert result.counts == {"train": 320, "validation": 40, "test": 40, "excluded": 0}
    newest = [max(r["time"] for r in of(rows, result, part)) for part in ("train", "validation", "test")]
    oldest = [min(r["time"] for r in of(rows, result, part)) for part in ("train", "validation", "test")]
    assert newest[0] < oldest[1] <= newest[1] < oldest[2]
    assert set(result.leaks.values()) == {0}
    assert "time_test_before_train" in result.leaks
    assert "split_ignores_time" not in codes(result)


def test_rows_of_one_day_stay_together():
    rows = dated(day=lambda i: i // 57)
    result = run(rows, BY_TIME)
    parts = pd.DataFrame(rows).assign(part=result.assignment.to_numpy())
    assert parts.groupby("time")["part"].nunique().max() == 1
    assert set(result.assignment) == {"train", "validation", "test"}


def test_dates_that_cannot_be_read_leave_the_row_out_and_are_said():
    rows = dated()
    rows[3]["time"], rows[8]["time"], rows[9]["time"] = "03/04/2020", "", "soon"
    result = run(rows, BY_TIME)
    assert finding(result, "split_time_unreadable").rows == (3, 8, 9)
    assert result.counts["excluded"] == 3
    assert finding(result, "split_time_unreadable").params["column"] == "time"


def test_a_repost_after_the_boundary_is_left_out_and_never_before_its_first():
    rows = dated()
    by_day = sorted(range(400), key=lambda i: rows[i]["time"])
    rows[by_day[395]]["text"] = rows[by_day[10]]["text"]
    rows[by_day[340]]["text"] = rows[by_day[10]]["text"]
    rows[by_day[20]]["text"] = rows[by_day[10]]["text"]
    result = run(rows, BY_TIME)
    assert result.assignment[by_day[10]] == result.assignment[by_day[20]] == "train"
    assert sorted(finding(result, "split_time_repeats").rows) == sorted((by_day[395], by_day[340]))
    assert set(result.leaks.values()) == {0}


@pytest.mark.parametrize("times", [["2020-01-01"], ["2020-01-01", "2020-01-02"], ["soon"], [""]])
def test_too_few_dates_for_three_parts_are_refused_in_words(times):
    with pytest.raises(by_time.TooFewTimes) as caught:
        run(many(60, time=lambda i: times[i % len(times)]), BY_TIME)
    assert "{" not in str(caught.value)
    assert str(error_from_json(caught.value.to_json())) == str(caught.value)


def test_two_dates_do_for_two_parts():
    rows = many(60, time=lambda i: "2020-01-01" if i < 50 else "2020-01-02")
    result = run(rows, Split(kind="time", train=0.9, validation=0.1, test=0))
    assert result.counts == {"train": 50, "validation": 10, "test": 0, "excluded": 0}


def test_a_split_by_time_needs_its_column_and_two_classes_in_the_past():
    with pytest.raises(by_time.NoTimeColumn):
        run(many(60), BY_TIME)
    rows = sorted(dated(), key=lambda r: r["time"])
    for at, row in enumerate(rows):
        row["label"] = "a" if at < 350 else "b"
    with pytest.raises(OneClass):
        run(rows, BY_TIME)


def test_another_division_of_dated_rows_says_what_it_does_not_look_at():
    result = run(dated(), Split())
    assert 30 < finding(result, "split_ignores_time").params["percent"] < 70
    assert finding(result, "split_ignores_time").severity == "info"


def test_strays_of_a_given_split_by_time_are_counted_and_a_shuffled_one_is_only_noted():
    rows = [{**r, "part": "train" if i < 300 else "dev" if i < 350 else "test"} for i, r in enumerate(sorted(dated(), key=lambda r: r["time"]))]  # fmt: skip
    rows[5]["part"] = "test"
    frame, schema = table(rows, ROLES)
    strays = assign_split(frame, schema, Split(kind="given", column="part"), frame["text"])
    assert finding(strays, "leak_time_test_before_train").rows == (5,)
    assert finding(strays, "leak_time_test_before_train").severity == "warning"
    shuffled = [{**r, "part": r["part"]} for r in rows]
    parts = [r["part"] for r in shuffled]
    random.Random(3).shuffle(parts)
    frame, schema = table([{**r, "part": p} for r, p in zip(shuffled, parts, strict=True)], ROLES)
    mixed = assign_split(frame, schema, Split(kind="given", column="part"), frame["text"])
    assert finding(mixed, "leak_time_test_before_train").severity == "info"


REGIONS = ("north", "south", "east", "west")


def test_by_slice_a_region_is_left_out_of_train_and_tested():
    rows = many(400, region=lambda i: REGIONS[i // 2 % 4])
    result = run(rows, Split(kind="slice", column="region", values=("west",)))
    assert {r["region"] for r in of(rows, result, "test")} == {"west"}
    assert result.counts == {"train": 267, "validation": 33, "test": 100, "excluded": 0}
    assert {r["region"] for r in of(rows, result, "validation")} == {"north", "south", "east"}
    named = run(rows, Split(kind="slice", column="region", values=("west",), validation_values=("east",)))
    assert {r["region"] for r in of(rows, named, "validation")} == {"east"}
    assert {r["region"] for r in of(rows, named, "train")} == {"north", "south"}


def test_rows_elsewhere_that_repeat_a_tested_one_are_left_out():
    rows = many(400, region=lambda i: REGIONS[i // 2 % 4])
    rows[0]["text"] = rows[2]["text"] = rows[6]["text"]
    result = run(rows, Split(kind="slice", column="region", values=("west",)))
    assert finding(result, "split_slice_repeats").rows == (0, 2)
    assert result.assignment[6] == "test"
    assert set(result.leaks.values()) == {0}


@pytest.mark.parametrize(
    "spec",
    [
        Split(kind="slice", column="region", values=("nowhere",)),
        Split(kind="slice", column="region", values=REGIONS),
        Split(kind="slice", column="region", values=("west",), validation_values=("nowhere",)),
        Split(kind="slice", column="no column", values=("west",)),
    ],
)
def test_a_slice_that_leaves_nothing_is_refused_in_words(spec):
    with pytest.raises(DataError) as caught:
        run(many(400, region=lambda i: REGIONS[i // 2 % 4]), spec)
    assert caught.value.code in ("NO_SLICE_ROWS", "NO_SLICE_COLUMN")
    assert "{" not in str(caught.value)
    assert str(error_from_json(caught.value.to_json())) == str(caught.value)


def test_a_mapping_says_what_the_values_of_a_column_mean():
    rows = given(训练=60, 测试=30, A=20, B=5)
    spec = Split(
        kind="given",
        column="part",
        mapping={"训练": "train", "测试": "test", "A": "validation", "B": "excluded"},
    )
    result = run(rows, spec)
    assert result.counts == {"train": 60, "validation": 20, "test": 30, "excluded": 5}
    assert finding(result, "split_value_left_out").params == {"count": 5, "value": "B"}


def test_folds_divide_what_is_not_test_and_the_test_part_is_as_without_them():
    rows = many(400)
    plain, folded = run(rows, Split()), run(rows, Split(folds=5))
    assert plain.folds is None
    assert folded.folds is not None
    test = folded.assignment == "test"
    assert test.equals(plain.assignment == "test")
    assert set(folded.folds[test]) == {-1}
    assert folded.folds[~test].value_counts().to_dict() == dict.fromkeys(range(5), 72)
    for fold in range(5):
        one = run(rows, Split(folds=5, fold=fold))
        assert one.folds is not None
        assert one.folds.equals(folded.folds)
        assert set(one.assignment.index[one.assignment == "validation"]) == set(
            one.folds.index[one.folds == fold]
        )
        assert one.class_counts["validation"] == {"a": 36, "b": 36}
    assert "split_off_share" not in codes(folded)


def test_the_only_text_of_a_class_is_in_every_fold_of_train():
    folded = run([*many(), {"text": "alone", "label": "rare"}], Split(folds=4))
    assert folded.folds is not None
    assert folded.folds[400] == -1
    assert folded.assignment[400] == "train"


def test_blocks_larger_than_a_fold_stay_whole():
    blocks = np.repeat(np.arange(40), np.r_[100, np.full(39, 5)])
    labels = np.arange(len(blocks)) % 2
    folds = deal_folds(labels, blocks, 5, 0, stratified=True)
    assert all(len(np.unique(folds[blocks == b])) == 1 for b in range(40))
    assert set(folds) == set(range(5))


def test_near_duplicates_stay_together_only_when_asked():
    alike = np.repeat(np.arange(100), 4)
    apart, together = run(many(), Split(), alike), run(many(), Split(near_duplicates=True), alike)
    assert apart.leaks["near_test_in_train"] > 0
    assert finding(apart, "leak_near_test_in_train").count == apart.leaks["near_test_in_train"]
    assert set(together.leaks.values()) == {0}
    assert together.assignment.groupby(alike).nunique().max() == 1
    assert "near_test_in_train" not in run(many(), Split(near_duplicates=True)).leaks, "nobody looked"


def test_an_exact_duplicate_is_not_counted_as_a_near_one_too():
    rows = given(train=40, dev=20, test=20)
    rows[70]["text"] = rows[0]["text"]
    alike = np.arange(80)
    alike[70], alike[71] = 0, 1
    result = run(rows, Split(kind="given", column="part"), alike)
    assert (result.leaks["test_in_train"], result.leaks["near_test_in_train"]) == (1, 1)
    frame, schema = table(rows, ROLES)
    masks = leaking_rows(frame, schema, frame["text"], result.assignment, alike)
    assert np.flatnonzero(flattered(masks, "test")).tolist() == [70, 71]
    assert not flattered(masks, "validation").any()


def test_regrouping_a_given_split_moves_only_linked_rows_and_keeps_the_shares():
    rows = given(train=400, dev=100, test=100)
    for at in range(30):
        rows[500 + at]["text"], rows[500 + at]["label"] = rows[at]["text"], rows[at]["label"]
    honoured = run(rows, Split(kind="given", column="part"))
    mended = run(rows, Split(kind="given", column="part", regroup=True))
    assert honoured.leaks["test_in_train"] == 30
    assert set(mended.leaks.values()) == {0}
    moved = set(np.flatnonzero((honoured.assignment != mended.assignment).to_numpy()))
    assert moved <= {*range(30), *range(500, 530)}
    assert finding(mended, "split_regrouped").count == len(moved)
    assert mended.counts["test"] == pytest.approx(100, abs=2)
    again = run(rows, Split(kind="given", column="part", regroup=True))
    assert again.assignment.equals(mended.assignment)


def test_regrouping_what_leaks_nothing_moves_nothing():
    rows = given(train=40, dev=20, test=20)
    result = run(rows, Split(kind="given", column="part", regroup=True))
    assert "split_regrouped" not in codes(result)
    assert result.assignment.tolist() == ["train"] * 40 + ["validation"] * 20 + ["test"] * 20


def test_mending_keeps_whole_blocks_where_they_are():
    parts = np.array([0, 0, 1, 2, 2, 0])
    assert mend_parts(parts, np.array([0, 1, 0, 1, 0, 1]), np.arange(6), 0).tolist() == parts.tolist()


@pytest.mark.parametrize("seed", range(40))
def test_no_split_of_bentu_ever_leaks(seed):
    """Random tables with repeats, groups, clusters and dates, and every kind of split over them."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(30, 300))
    texts = rng.integers(0, max(2, int(n * rng.uniform(0.4, 3))), n)
    rows = [
        {
            "text": f"t{texts[i]}", "label": "abc"[int(rng.integers(0, 3))] if rng.random() > 0.05 else "",
            "group": f"g{rng.integers(0, n)}" if rng.random() < 0.3 else "",
            "time": f"20{rng.integers(10, 24)}-0{rng.integers(1, 10)}-1{rng.integers(0, 10)}" if rng.random() > 0.05 else "?",
            "region": REGIONS[int(rng.integers(0, 4))], "part": ("train", "train", "dev", "test")[int(rng.integers(0, 4))],
        }
        for i in range(n)
    ]  # fmt: skip
    alike = rng.integers(0, 3 * n, n)
    specs = [
        Split(kind=kind, seed=seed, near_duplicates=True, **more)
        for kind, more in (
            ("stratified", {}), ("random", {}), ("group", {}), ("time", {}), ("stratified", {"folds": 4}), ("group", {"folds": 3, "fold": 2}),
            ("slice", {"column": "region", "values": ("west",)}),
            ("slice", {"column": "region", "values": ("west",), "validation_values": ("east",)}),
            ("given", {"column": "part", "regroup": True}),
        )
    ]  # fmt: skip
    frame, schema = table(rows, ROLES)
    made = 0
    for spec in specs:
        try:
            result = assign_split(frame, schema, spec, frame["text"], alike)
        except (OneClass, NoSliceRows):  # so few rows that nothing is left to learn or to test
            continue
        made += 1
        leaks = {
            kind: count
            for kind, count in result.leaks.items()
            if count and (kind != "time_test_before_train" or spec.kind == "time")
        }
        assert not leaks, spec
        frames = frame.assign(part=result.assignment.to_numpy(), alike=alike)
        used = frames[frames["part"] != "excluded"]
        for column in ("text", "alike", "group"):
            named = used[used[column] != ""]
            assert named.groupby(column)["part"].nunique().max() <= 1, (spec, column)
        assert (used["label"] != "").all()
        if result.folds is not None:
            blocks = block_ids(pd.factorize(frame["text"])[0], alike)
            rest = (result.assignment != "test") & (result.assignment != "excluded")
            assert result.folds[rest].groupby(blocks[rest.to_numpy()]).nunique().max() == 1
        recount = recount_split(frame, schema, frame["text"], result.assignment, result.findings, alike)
        assert recount.counts == result.counts
    assert made >= 6


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "slice"}, {"kind": "slice", "column": "region"}, {"folds": 1}, {"folds": 21}, {"kind": "time", "folds": 5}, {"fold": 1},
        {"folds": 3, "fold": 3}, {"regroup": True}, {"kind": "slice", "column": "a", "values": ("x",), "validation_values": ("x",)},
        {"test_name": ""}, {"kind": "given", "column": "a", "mapping": {"x": "exam"}},
    ],
)  # fmt: skip
def test_what_does_not_fit_together_is_refused(wrong):
    with pytest.raises(ValidationError):
        Split(**wrong)


def test_a_spec_of_the_first_release_means_what_it_meant():
    old = {"kind": "given", "train": 0.8, "validation": 0.1, "test": 0.1, "column": "part", "seed": 0}
    assert Split.model_validate(old) == Split(kind="given", column="part")
    assert not Split.model_validate(old).near_duplicates
    assert Split.model_validate(old).test_name == "test 1"


def test_the_first_split_keeps_known_near_duplicates_together():
    _, schema = table(many(10), ROLES)
    assert default_split(schema, near_duplicates=True) == Split(near_duplicates=True)
    assert default_split(schema) == Split()


def test_the_width_of_an_interval():
    assert [round(half_width(n)) for n in (20, 100, 385)] == [13, 6, 3]


def real(shared_data, name, text, **roles):
    """A development file as a frame with row ids, its schema, and the duplicate keys that the product uses."""
    frame = pd.read_csv(
        shared_data / "text" / name, sep="\t" if ".tsv" in name else ",", dtype="str", keep_default_na=False
    )
    schema = make_schema({text: "input", "label": "label", **roles}, list(frame.columns))
    classes = tuple(sorted(set(frame["label"].str.strip()) - {""}))
    frame.insert(0, "row_id", range(len(frame)))
    schema = schema.model_copy(update={"classes": classes})
    modality = modalities.get(schema.task)
    return frame, schema, modality.read(frame, schema).map(modality.key)


@pytest.mark.parametrize("name", ["waimai_10k", "online_shopping_9_cats"])
def test_files_sorted_by_label_are_named_and_still_split_right(shared_data, name):
    frame, schema, keys = real(shared_data, f"zh-no-licence-stated/{name}.csv.gz", "review")
    order = frame["label"].argsort(kind="stable")
    frame, keys = frame.iloc[order].reset_index(drop=True), keys.iloc[order].reset_index(drop=True)
    table = TableView(frame, schema, modalities.get(schema.task))
    assert [one.finding.code for one in checks.get("sorted_by_label").run(table)] == ["sorted_by_label"]
    result = assign_split(frame, schema, Split(), keys)
    assert set(result.leaks.values()) == {0}
    whole = frame["label"].value_counts(normalize=True)
    for part, counts in result.class_counts.items():
        share = pd.Series(counts) / sum(counts.values())
        assert (share - whole.reindex(share.index)).abs().max() < 0.01, part


def test_regrouping_the_hausa_tweets_moves_few_rows_and_mends_all_leaks(shared_data):
    frame, schema, keys = real(shared_data, "afrisenti/hau.tsv.gz", "tweet")
    given_spec = Split(kind="given", column="split")
    honoured = assign_split(frame, schema, given_spec, keys)
    assert honoured.leaks["validation_in_train"] >= 215
    mended = assign_split(frame, schema, given_spec.model_copy(update={"regroup": True}), keys)
    assert set(mended.leaks.values()) == {0}
    moved = int((honoured.assignment != mended.assignment).sum())
    assert finding(mended, "split_regrouped").count == moved < 800
    for part in ("train", "validation", "test"):
        assert abs(mended.counts[part] - honoured.counts[part]) <= 3


def test_near_duplicates_planted_across_the_parts_are_counted(shared_data):
    """5 % of the test rows are reposts of train rows of real reviews, changed as people change them."""
    frame, schema, _ = real(shared_data, "zh-no-licence-stated/waimai_10k.csv.gz", "review")
    texts = frame["review"].tolist()
    groups = near_duplicate_groups(texts)
    alone = np.flatnonzero((np.bincount(groups)[groups] == 1) & (frame["review"].str.len() >= 15).to_numpy())
    rng = np.random.default_rng(7)
    chosen = rng.permutation(alone)[:4000]
    train, test = chosen[:3000], chosen[3000:]
    planted = test[:50]
    ways = (
        lambda t: f"//@路人甲: {t} http://t.cn/Rabc12", lambda t: t + "！！！", lambda t: t[: len(t) // 2] + "的" + t[len(t) // 2 :], lambda t: t[:-1],
        lambda t: "转发 " + t,
    )  # fmt: skip
    for at, row in enumerate(planted):
        texts[row] = ways[at % len(ways)](texts[train[at]])
    small = frame.assign(review=texts, part="").iloc[chosen].reset_index(drop=True)
    small["part"] = ["train"] * 2900 + ["dev"] * 100 + ["test"] * 1000
    alike = near_duplicate_groups(small["review"].tolist())
    result = assign_split(small, schema, Split(kind="given", column="part"), small["review"], alike)
    flagged = set(finding(result, "leak_near_test_in_train").rows)
    wanted = set(frame["row_id"].iloc[planted])
    assert len(flagged & wanted) >= 0.95 * len(wanted)
    assert len(flagged & wanted) >= 0.9 * len(flagged)


def test_groups_that_come_back_all_the_time_leave_no_validation_and_that_is_said():
    rows = dated(group=lambda i: f"shop {i % 3}")
    result = run(rows, Split(kind="time"))
    found = finding(result, "split_no_validation")
    assert "Divide in another way" in found.message
    assert found.params["count"] == len(rows) - int((result.assignment == "train").sum())
