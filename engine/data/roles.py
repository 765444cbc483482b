"""A first guess at which column is what, for the person to correct.

Stage 1 (data). Names decide, in English and Chinese; the values of the first rows break ties.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import pandas as pd

from engine.data.schema import Role

_WORDS: tuple[tuple[Role, str], ...] = (
    ("split", "split subset fold partition 集 划分 数据集划分 集合"),
    ("id", "id uuid guid index no number 编号 序号 主键 标识"),
    ("input", "text review reviews content tweet headline title comment comments message sentence body question document "
              "description input 评论 文本 内容 正文 标题 评价 留言 句子 描述 原文"),
    ("label", "label labels sentiment class target category polarity tag intent topic cat stars rating 标签 类别 分类 情感 类目 "
              "类型 极性 评分"),
    ("slice", "region domain city language lang source country province channel store platform product brand dialect "
              "地区 领域 城市 语言 来源 省份 渠道 平台 门店 方言 区域 产品 品牌"),
    ("time", "date time datetime timestamp created year month day 日期 时间 年份 月份 创建时间"),
    ("group", "group user author customer thread session speaker user_id customer_id author_id 用户 作者 客户 组 分组"),
)  # fmt: skip
_LABELS = ("label", "标签", "labels", "sentiment", "情感", "class", "类别", "target", "category")
_SHORT = 40


def suggest_roles(rows: pd.DataFrame, columns: Sequence[str]) -> dict[str, Role]:
    """A draft role for every column.

    Args:
        rows: the first rows, cells in the order of `columns`.
        columns: column names in file order.

    Returns:
        Roles that fit together: at most one label, group, time, id and split; unknown columns are ignored.
    """
    roles: dict[str, Role] = {name: _by_name(name) for name in columns}
    unknown = [n for n in columns if roles[n] == "ignore"]
    lengths = {n: rows.iloc[:, i].str.len().mean() if len(rows) else 0.0 for i, n in enumerate(columns)}
    labels = [n for n in columns if roles[n] == "label"]
    best = min(labels, key=lambda n: _rank(n), default=None)
    for name in labels:
        if name != best:
            roles[name] = "slice"  # a second grouping ("cat" beside "label") is worth comparing by
    for single in ("group", "time", "id", "split"):
        for name in [n for n in columns if roles[n] == single][1:]:
            roles[name] = "ignore"
    if "input" not in roles.values():
        choice = max(unknown, key=lambda n: lengths[n], default=None) or max(
            columns, key=lambda n: lengths[n], default=None
        )
        if choice is not None:
            roles[choice] = "input"
    rest = [n for n in unknown if roles[n] == "ignore"]
    if "label" not in roles.values() and len(rest) == 1 and lengths[rest[0]] <= _SHORT:
        roles[rest[0]] = "label"
    return roles


def _by_name(name: str) -> Role:
    plain = name.strip().lower()
    parts = [p for p in re.split(r"[^\w]+|_", plain) if p]
    for candidates in ({plain, "_".join(parts)}, {*parts[:1], *parts[-1:]}):
        for role, words in _WORDS:
            if candidates & set(words.split()):
                return role
    return next(
        (
            role
            for role, words in _WORDS
            for w in words.split()
            if not w.isascii() and len(w) > 1 and w in plain
        ),
        "ignore",
    )


def _rank(name: str) -> int:
    plain = name.strip().lower()
    return next((i for i, word in enumerate(_LABELS) if word in plain), len(_LABELS))
