"""The report of one evaluation as one file that can be sent, printed and read in ten years.

Stage 5 (evaluation). HTML without scripts or anything loaded from elsewhere; every text from outside is escaped and
isolated (`<bdi>`), so that a class called `<b>` or one written from right to left stays what it is.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from html import escape
from typing import Any

from engine.errors import N_
from engine.evaluation.provenance import (
    environment_facts,
    package_facts,
    parity_facts,
    plain_time,
    split_words,
)
from engine.evaluation.report_style import STYLE
from engine.evaluation.result import EvaluationResult, Score
from engine.i18n import translate
from engine.prepare.leaks import MESSAGES

REPORT_FORMAT = 1

METRICS: Mapping[str, str] = {
    "accuracy": N_("Accuracy"),
    "macro_f1": N_("Macro-F1"),
    "macro_precision": N_("Macro precision"),
    "macro_recall": N_("Macro recall"),
    "weighted_f1": N_("Weighted F1"),
    "weighted_precision": N_("Weighted precision"),
    "weighted_recall": N_("Weighted recall"),
}
"""Names of the figures, in the order shown."""

PART_TITLES: Mapping[str, str] = {"train": N_("Training part"), "validation": N_("Validation part"), "test": N_("Test part")}  # fmt: skip


def report_json(result: EvaluationResult, context: Mapping[str, Any]) -> str:
    """The evaluation with its context as JSON text, for programs."""
    document = {"format": REPORT_FORMAT, "context": dict(context), "result": result.model_dump(mode="json")}
    return json.dumps(document, ensure_ascii=False, indent=2, default=str)


def report_html(result: EvaluationResult, context: Mapping[str, Any], locale: str) -> str:
    """The evaluation as a self-contained page in `locale`, light or dark as the reader's system.

    Args:
        result: what was measured.
        context: project, run, run_id, dataset, version, split, leaks (rows by kind), excluded (rows left
            out by the split), test_name, openings (of the test set), openings_elsewhere (those of them under another division), created, recipe_yaml, environment (mapping), parity (mapping),
            synthetic (bool); what is missing is left out.
        locale: a key of `engine.i18n.LOCALES`.
    """
    t = partial(_words, locale=locale)
    title = t(N_("Evaluation report"))
    run = str(context.get("run", ""))
    sections = [
        f"<h1>{title}</h1><p class=lead>{_user(run)}</p>",
        _synthetic(context, t),
        _facts(result, context, locale),
        _overall(result, context, t),
        _per_class(result, t),
        _confusion(result, t),
        _slices(result, t),
        _notes(result, locale),
        _appendix(context, locale),
    ]
    return (
        f'<!doctype html><html lang="{escape(locale.replace("_", "-"))}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        f"<title>{title}: {escape(run)}</title><style>{STYLE}</style></head>"
        f"<body><main>{''.join(sections)}</main></body></html>"
    )


def _words(message: str, *, locale: str, **params: Any) -> str:
    """A translated message as HTML; user text among the parameters is escaped with it."""
    return escape(translate(message, locale, **params))


def _user(text: Any) -> str:
    return f"<bdi>{escape(str(text))}</bdi>"


def _percent(value: float) -> str:
    return f"{100 * value:.1f}"


def _score(score: Score | None) -> str:
    if score is None:
        return "–"
    return f"<b>{_percent(score.value)}</b> <small>{_percent(score.low)}–{_percent(score.high)}</small>"


def _table(caption: str, head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table whose cells are HTML already; the first cell of a row is its heading."""
    body = "".join(
        f"<tr><th scope=row>{first}</th>{''.join(f'<td>{cell}</td>' for cell in rest)}</tr>"
        for first, *rest in rows
    )
    columns = "".join(f"<th scope=col>{cell}</th>" for cell in head)
    return f"<div class=scroll><table><caption>{caption}</caption><thead><tr>{columns}</tr></thead><tbody>{body}</tbody></table></div>"


def _synthetic(context: Mapping[str, Any], t: Any) -> str:
    if not context.get("synthetic"):
        return ""
    words = t(
        N_(
            "These data are synthetic: made by a program for practice. The figures say nothing about real texts."
        )
    )
    return f"<p class=warning>{words}</p>"


def _facts(result: EvaluationResult, context: Mapping[str, Any], locale: str) -> str:
    t = partial(_words, locale=locale)
    split, created = context.get("split"), context.get("created")
    facts = (
        (t(N_("Project")), context.get("project")),
        (t(N_("Run")), context.get("run_id")),
        (t(N_("Dataset")), context.get("dataset")),
        (t(N_("Version")), context.get("version")),
        (t(N_("Split")), None if split is None else split_words(split, locale)),
        (t(N_("Test set")), context.get("test_name") if result.part == "test" else None),
        (t(N_("Created")), None if created is None else plain_time(created)),
    )
    pairs = "".join(f"<dt>{name}</dt><dd>{_user(value)}</dd>" for name, value in facts if value is not None)
    unlabelled = (
        f"<dt>{t(N_('Rows without a label'))}</dt><dd>{result.unlabelled:,}</dd>" if result.unlabelled else ""
    )
    rows = f"<dt>{t(N_('Rows measured'))}</dt><dd>{result.n:,}</dd>"
    excluded = context.get("excluded")
    left_out = f"<dt>{t(N_('Rows that the split leaves out'))}</dt><dd>{excluded:,}</dd>" if excluded else ""
    return f"<dl>{pairs}{rows}{unlabelled}{left_out}</dl>"


def _leaks(result: EvaluationResult, context: Mapping[str, Any], t: Any) -> str:
    """What the model had seen of the measured part, in a box above its scores."""
    leaks: Mapping[str, int] = context.get("leaks") or {}
    items = "".join(
        f"<li>{t(MESSAGES[kind], count=f'{count:,}')}</li>"
        for kind, count in leaks.items()
        if count
        and kind in MESSAGES
        and kind.removeprefix("group_")
        .removeprefix("near_")
        .removeprefix("time_")
        .startswith((result.part, "conflicting"))
    )
    return f"<ul class=warning>{items}</ul>" if items else ""


def _overall(result: EvaluationResult, context: Mapping[str, Any], t: Any) -> str:
    part = t(PART_TITLES.get(result.part, result.part))
    openings = context.get("openings")
    opened = ""
    if result.part == "test" and openings is not None:
        said = [t(N_("Openings of this test part so far: {n}. Each look makes its scores a little less independent."), n=openings)]  # fmt: skip
        if elsewhere := context.get("openings_elsewhere"):
            said.append(t(N_("In {n} of them the same rows were divided for another dataset version, maybe in another way."), n=elsewhere))  # fmt: skip
        opened = f"<p>{' '.join(said)}</p>"
    rows = [
        (t(title), _score(result.overall[name]), _score(result.baseline[name]))
        for name, title in METRICS.items()
        if name in result.overall
    ]
    head = (t(N_("Figure")), t(N_("This run")), t(N_("Majority class")))
    caption = t(
        N_("Percent, with {confidence} % bootstrap intervals ({resamples} resamples, seed {seed})"),
        confidence=f"{100 * result.confidence:g}", resamples=f"{result.resamples:,}", seed=result.seed,
    )  # fmt: skip
    return f"<h2>{part}</h2>{opened}{_leaks(result, context, t)}{_table(caption, head, rows)}"


def _per_class(result: EvaluationResult, t: Any) -> str:
    head = tuple(t(word) for word in (N_("Class"), N_("Precision"), N_("Recall"), N_("F1"), N_("Rows")))
    rows = [
        (_user(c.label), _score(c.precision), _score(c.recall), _score(c.f1), f"{c.support:,}")
        for c in result.per_class
    ]
    return f"<h2>{t(N_('Per class'))}</h2>{_table(t(N_('Percent; rows are those truly of the class')), head, rows)}"


def _confusion(result: EvaluationResult, t: Any) -> str:
    head = (t(N_("True class (down), predicted class (across)")), *(_user(label) for label in result.classes))
    rows = []
    for label, counts in zip(result.classes, result.confusion, strict=True):
        total = sum(counts) or 1
        cells = (f"<span style='--share:{100 * cell / total:.0f}%'>{cell:,}</span>" for cell in counts)
        rows.append((_user(label), *cells))
    caption = t(
        N_(
            "Rows of the true class by predicted class; right ones on the diagonal, shaded by share of the true class"
        )
    )
    return f"<h2>{t(N_('Confusion matrix'))}</h2><div class=confusion>{_table(caption, head, rows)}</div>"


def _slices(result: EvaluationResult, t: Any) -> str:
    if not result.slices:
        return ""
    head = tuple(t(word) for word in (N_("Value"), N_("Accuracy"), N_("Macro-F1"), N_("Rows")))
    tables = []
    for column in dict.fromkeys(s.column for s in result.slices):
        rows = [
            (_user(s.value) if s.value else f"<i>{t(N_('missing value'))}</i>", _score(s.accuracy), _score(s.macro_f1), f"{s.n:,}")
            for s in result.slices
            if s.column == column
        ]  # fmt: skip
        tables.append(_table(_user(column), head, rows))
    return f"<h2>{t(N_('Slices'))}</h2>{''.join(tables)}"


def _notes(result: EvaluationResult, locale: str) -> str:
    texts = (translate(note["message"], locale, **note.get("params", {})) for note in result.notes)
    items = "".join(f"<li>{escape(text)}</li>" for text in texts)
    return f"<ul class=notes>{items}</ul>" if items else ""


def _appendix(context: Mapping[str, Any], locale: str) -> str:
    t = partial(_words, locale=locale)
    environment: Mapping[str, Any] = context.get("environment") or {}
    machine = [(_user(name), _user(value)) for name, value in environment_facts(environment, locale)]
    if packages := package_facts(environment):
        items = "".join(f"<li>{_user(name)} {_user(version)}</li>" for name, version in packages)
        machine.append((t(N_("Packages")), f"<ul>{items}</ul>"))
    check = [(_user(name), _user(value)) for name, value in parity_facts(context.get("parity") or {}, locale)]
    head = (t(N_("Name")), t(N_("Value")))
    parts = [
        f"<h2>{t(title)}</h2>{_table(t(caption), head, rows)}"
        for title, caption, rows in (
            (N_("Packaged model"), N_("Does the packaged model answer as the trained one?"), check),
            (N_("What it ran on"), N_("Versions and machine"), machine),
        )
        if rows
    ]
    recipe = context.get("recipe_yaml")
    if recipe:
        parts.append(f"<h2>{t(N_('Recipe'))}</h2><pre>{escape(str(recipe))}</pre>")
    return "".join(parts)
