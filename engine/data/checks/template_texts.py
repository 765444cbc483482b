"""Texts that nobody wrote: a platform's default review, and sentences, beginnings or ends that stand in many otherwise different texts.

Stage 1 (data).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence

from engine.data.checks import Stage, checks
from engine.data.findings import Found, found
from engine.data.scanning import matching
from engine.data.schema import Fix
from engine.data.table_view import TableView
from engine.data.text_sample import at_places, text_sample
from engine.errors import N_

SHARE, LEAST = 0.01, 20
"""A template stands in at least this share of the different texts of a sample, and in at least so many; it is then counted in all."""
SHOWN = 3
_BEGINNING, _LONGER = 10, (15, 20, 30, 45, 70, 100, 150)
_READ, _BODY = 200, 2_000
"""Characters at either end of a text in which a template is looked for, and from its beginning in which repeated sentences are."""
_STILL = 0.8
"""A template grows as long as this share of its texts go on alike."""
_LETTERS, _DENSE_LETTERS = 16, 8
"""Letters that make a template rather than a phrase; in scripts without spaces fewer say as much."""

_DEFAULTS = (
    r"^\s*[\[【(（]?\s*(?:(?:此|该|本)?用户(?:没有|未|暂未)(?:填写|发表|及时)?(?:任何)?(?:评价|评论|内容)(?:内容)?|"
    r"(?:该|此)?用户(?:未及时做出|未及时|没有)(?:主动)?评价[,，]?\s*系统默认好评|(?:系统)?默认(?:为?好评|给予好评|五星好评)|"
    r"(?:评价方)?未及时做出评价[,，]?\s*系统默认好评|此评价(?:由系统自动生成|为系统默认)|暂无评(?:价|论)(?:内容)?|"
    r"(?i:no (?:comment|review|text)s?(?: (?:provided|left|given|available))?|(?:this )?user (?:did not|didn't) (?:leave|write) a (?:comment|review)|"
    r"(?:default|automatic) (?:positive )?(?:review|rating)|\[?(?:deleted|removed)\]?))\s*[!！。.~～]*\s*[\]】)）]?\s*$"
)
_SENTENCE_END = re.compile(r"[。！？!?\n…；;]+|\.(?=\s|$)")


class TemplateTexts:
    name, order, title = "template_texts", 41, N_("Default texts and templates")
    task: str | None = "text-classification"
    stage: Stage = "content"

    def run(self, table: TableView) -> Iterable[Found]:
        rows = table.ids[matching(table.inputs, _DEFAULTS)]
        if len(rows):
            fix = Fix("drop", N_("Drop all {count}"), {"count": len(rows)})
            yield found("default_texts", "warning", N_("Texts that a platform writes when nobody wrote one (“此用户没有填写评价”, “[deleted]”): {count}."), rows, fixes=[fix])  # fmt: skip
        for template in _templates(table):
            places = matching(table.inputs, template, plain=True)
            yield found("template_texts", "info", N_("{count} texts hold the same words “{value}” and differ in the rest. A model can take such a template for a sign of a class."), table.ids[places], value=_shown(template), fixes=_taken_out(template))  # fmt: skip


def _taken_out(template: str) -> list[Fix]:
    """The cleaning step that takes the words out, where they stand on one line."""
    phrase = template.strip()
    if len(phrase.splitlines()) != 1:
        return []
    params = {"phrases": phrase, "where": "anywhere"}
    return [
        Fix("clean", N_("Add the step that takes these words out"), {"step": "boilerplate", "params": params})
    ]


def _templates(table: TableView) -> list[str]:
    texts = at_places(table.inputs, text_sample(table.sizes.to_numpy(), _BODY))
    different = [text.strip() for text in dict.fromkeys(texts)]
    least = max(LEAST, round(SHARE * len(different)))
    if len(different) < 2 * LEAST:
        return []
    found = [
        *_beginnings(different, least),
        *(end[::-1] for end in _beginnings([text[: -_READ - 1 : -1] for text in different], least)),
    ]
    found += _sentences(different, least)
    kept: list[str] = []
    for template in sorted(filter(_says_something, dict.fromkeys(found)), key=len, reverse=True):
        if not any(template in other for other in kept):
            kept.append(template)
    return kept[:SHOWN]


def _beginnings(texts: Sequence[str], least: int) -> list[str]:
    """The longest beginnings that at least `least` texts share."""
    counts = Counter(text[:_BEGINNING] for text in texts if len(text) > _BEGINNING)
    found = []
    for start, count in counts.most_common(2 * SHOWN):
        if count < least:
            break
        sharing = [text for text in texts if text.startswith(start)]
        for length in _LONGER:
            longer, many = Counter(text[:length] for text in sharing).most_common(1)[0]
            if many < max(least, _STILL * len(sharing)) or len(longer) < length:
                break
            sharing = [text for text in sharing if text.startswith(longer)]
        # What all of them share, but never a whole text: the rest must differ.
        found.append(_common_start(text[:_READ] for text in sharing).strip())
    return found


def _common_start(texts: Iterable[str]) -> str:
    """What all texts begin with: no more than what the first and the last in order share."""
    ordered = sorted(texts)
    length = next(
        (n for n, (a, b) in enumerate(zip(ordered[0], ordered[-1], strict=False)) if a != b), len(ordered[0])
    )
    return ordered[0][:length]


def _sentences(texts: Sequence[str], least: int) -> list[str]:
    counts = Counter[str]()
    for text in texts:
        parts = {part.strip() for part in _SENTENCE_END.split(text[:_BODY])}
        if len(parts) > 1:
            counts.update(part for part in parts if len(part) >= _DENSE_LETTERS)
    return [part[:_READ] for part, count in counts.most_common(2 * SHOWN) if count >= least]


def _says_something(template: str) -> bool:
    from engine.data.near_duplicates import repost_form

    form = repost_form(template)
    dense = sum("\u2e80" <= sign < "\ua000" for sign in form) > len(form) / 2
    return len(form) >= (_DENSE_LETTERS if dense else _LETTERS)


def _shown(template: str) -> str:
    """The template for a message, with what is personal in it masked."""
    from engine.prepare.steps import Cleaner, steps
    from engine.recipe import Step

    masks = [
        Step(name=name, version=steps.get(name).version) for name in ("personal_numbers", "emails_phones")
    ]
    line = " ".join(Cleaner(masks)([template])[0].split())
    return line if len(line) <= 60 else line[:59] + "…"


checks.register(TemplateTexts())
