"""No split of Bentu leaks: random tables of every kind, near-duplicates, and real files with leaks of their own."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from engine.data.checks import checks
from engine.data.near_duplicates import near_duplicate_groups
from engine.data.schema import make_schema
from engine.data.table_view import TableView
from engine.modality import modalities
from engine.prepare.blocks import block_ids
from engine.prepare.by_slice import NoSliceRows
from engine.prepare.leaks import flattered
from engine.prepare.split import OneClass, assign_split, leaking_rows, recount_split
from engine.recipe import Split
from tests.prepare.tables import REGIONS, ROLES, finding, given, many, run, table


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
