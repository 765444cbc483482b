"""Declared hyperparameters as widgets: one `FieldSpec` gives the widget, its bounds, its help and its mark.

The recipe is the truth: each widget shows the recipe's value and hands a change on at once.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any
from unicodedata import east_asian_width

import streamlit as st

from engine.params import FieldSpec, part_text
from ui.errors import attempt
from ui.format import listed, significant
from ui.text import sentences, t, told_apart

SIDE_BY_SIDE = 30
"""Widths of Latin letters that stand beside one another in half of the form, with the button that resets a changed field."""
AROUND = 5
"""The same of what is empty around each choice."""
MANTISSAS = (1, 1.5, 2, 3, 5, 7)
WIDEST_SLIDER = 100_000
"""A whole number with a wider range (a seed) is typed, not dragged."""

Set = Callable[[str, Any], object]
Reset = Callable[[str], object]


def visible(field: FieldSpec, values: Mapping[str, Any]) -> bool:
    """Whether the field means anything with the other fields as they are."""
    if field.depends_on is None:
        return True
    other, wanted = field.depends_on
    return values.get(other) in wanted


def changed(
    fields: Sequence[FieldSpec], values: Mapping[str, Any], defaults: Mapping[str, Any]
) -> list[FieldSpec]:
    """The visible fields whose value differs from the default."""
    return [f for f in fields if visible(f, values) and values.get(f.name) != defaults.get(f.name)]


def log_options(field: FieldSpec, *present: Any) -> list[Any]:
    """Round steps from the lower to the upper bound over the orders of magnitude, with `present` values among them.

    A lower bound of 0 is the first option; the steps then begin at a millionth of the upper bound.
    """
    assert field.low is not None and field.high is not None
    whole = field.kind == "int"
    start = field.low if field.low > 0 else (1 if whole else field.high * 1e-6)
    exponents = range(math.floor(math.log10(start)), math.ceil(math.log10(field.high)) + 1)
    steps = {_tidy(m * 10.0**e, whole) for e in exponents for m in MANTISSAS}
    steps = {s for s in steps if start <= s <= field.high}
    ends = {_tidy(field.low, whole), _tidy(field.high, whole)}
    extra = {_tidy(p, whole) for p in present if isinstance(p, int | float)}
    return sorted(steps | ends | extra)


def form(
    fields: Sequence[FieldSpec], values: Mapping[str, Any], defaults: Mapping[str, Any], *,
    prefix: str, on_set: Set, on_reset: Reset, reasons: Mapping[str, str] = MappingProxyType({}),
) -> None:  # fmt: skip
    """The form of `fields`: basic ones shown, advanced ones folded, changed ones marked and resettable.

    Args:
        fields: the declaration.
        values: what the recipe says now.
        defaults: what the dial stands for; a differing value is marked.
        prefix: of the widget keys; the same declaration twice on a page needs two.
        on_set: called with name and value when a widget changed; a `BentuError` is shown by the page's next run.
        on_reset: called with the name when a field should go back.
        reasons: why a default is what it is, in the reader's language; said beneath the field, changed or not.
    """
    shown = [f for f in fields if visible(f, values)]
    basic = [f for f in shown if f.level == "basic"]
    advanced = [f for f in shown if f.level == "advanced"]
    _cells(basic, values, defaults, reasons, prefix, on_set, on_reset)
    if advanced:
        count = len(changed(advanced, values, defaults))
        label = t("Advanced settings ({count} changed)", count=count) if count else t("Advanced settings")
        with st.expander(label, icon=":material/tune:", key=f"{prefix}_advanced"):
            _cells(advanced, values, defaults, reasons, prefix, on_set, on_reset)


def _cells(
    fields: Sequence[FieldSpec],
    values: Mapping[str, Any],
    defaults: Mapping[str, Any],
    reasons: Mapping[str, str],
    prefix: str,
    on_set: Set,
    on_reset: Reset,
) -> None:
    grid = st.grid(2 if len(fields) > 1 else 1, min_column_width=240)
    for field in fields:
        default, reason = defaults.get(field.name, field.default), reasons.get(field.name)
        differs = values.get(field.name) != default
        with grid.cell():
            with st.container(horizontal=True, vertical_alignment="bottom", wrap=False, gap="xsmall"):
                widget(field, values.get(field.name), default, key=f"{prefix}_{field.name}", on_set=on_set)
                if differs:
                    st.button(
                        t("Reset"), key=f"{prefix}_reset_{field.name}", type="tertiary", icon=":material/restart_alt:",
                        help=t("Back to {value}", value=shown_value(field, default)),
                        on_click=attempt, args=(on_reset, field.name),
                    )  # fmt: skip
            if reason and differs:
                st.caption(
                    t("The dial takes {value}: {reason}", value=shown_value(field, default), reason=reason)
                )
            elif reason:
                st.caption(reason)


def widget(field: FieldSpec, value: Any, default: Any, *, key: str, on_set: Set) -> None:
    """One field as the widget that its declaration calls for."""
    common: dict[str, Any] = {
        "label": _label(field, value != default), "key": key, "help": _help(field, default),
        "on_change": lambda: attempt(on_set, field.name, st.session_state[key]),
    }  # fmt: skip
    bounded = field.low is not None and field.high is not None
    st.session_state[key] = value
    if field.kind == "bool":
        st.toggle(**common)
    elif field.kind == "choice":
        titles = {c: t(title) for c, title in zip(field.choices, field.choice_titles, strict=True)}
        common |= {"options": list(field.choices), "format_func": lambda c: titles.get(c, str(c))}
        if len(titles) <= 3 and sum(AROUND + _wide(title) for title in titles.values()) <= SIDE_BY_SIDE:
            st.segmented_control(**common, required=True, width="stretch")
        else:
            st.selectbox(**common)
    elif field.kind == "parts":
        _parts(field, value, common, on_set)
    elif field.offers is not None:
        # one that a recipe names but this machine lacks stays visible
        st.session_state[key] = value or None
        labels = {**field.offers, **({value: field.offers.get(value, value)} if value else {})}
        st.selectbox(
            **common, options=list(labels), format_func=told_apart(labels),
            placeholder=t("Choose one") if labels else t("There is none yet"),
        )  # fmt: skip
    elif field.kind == "text":
        (st.text_area if field.lines else st.text_input)(**common)
    elif bounded and field.scale == "log":
        options = log_options(field, value, default)
        st.session_state[key] = _tidy(value, field.kind == "int")
        st.select_slider(**common, options=options, format_func=lambda v: shown_value(field, v))
    elif bounded and not (field.kind == "int" and _width(field) > WIDEST_SLIDER):
        cast, step = _numbers(field)
        st.session_state[key] = cast(value)
        st.slider(
            **common, min_value=cast(field.low), max_value=cast(field.high), step=step,
            format="localized" if field.kind == "int" else _decimals(step, value),
        )  # fmt: skip
    else:
        cast, step = _numbers(field)
        st.session_state[key] = cast(value)
        st.number_input(
            **common, min_value=None if field.low is None else cast(field.low),
            max_value=None if field.high is None else cast(field.high), step=step,
            format="%d" if field.kind == "int" else "%g",
        )  # fmt: skip


def _parts(field: FieldSpec, value: Sequence[Mapping[str, Any]], common: dict[str, Any], on_set: Set) -> None:
    """A choice of several parts out of those that are offered."""
    key, offers = common["key"], field.offers or {}
    st.session_state[key] = list(dict.fromkeys(part_text(part) for part in value))
    common["on_change"] = lambda: attempt(
        on_set, field.name, [json.loads(text) for text in st.session_state[key]]
    )
    st.multiselect(
        **common, options=list(offers), format_func=told_apart(offers), select_all=False, wrap=True,
        placeholder=t("Choose finished runs") if offers else t("No other run has finished on this division yet"),
    )  # fmt: skip


def shown_value(field: FieldSpec, value: Any) -> str:
    """A value as the form shows it, in the reader's language."""
    if field.kind == "bool":
        return t("on") if value else t("off")
    if field.kind == "choice":
        return t(dict(zip(field.choices, field.choice_titles, strict=True)).get(value, str(value)))
    if field.kind == "parts":
        return listed(part["name"] for part in value) or t("none")
    if field.kind == "int":
        return f"{value:,}"
    if field.kind == "float":
        return significant(value)
    return (field.offers or {}).get(value, str(value)) or t("none")


def _label(field: FieldSpec, differs: bool) -> str:
    label = t("{title} ({unit})", title=t(field.title), unit=t(field.unit)) if field.unit else t(field.title)
    return f"{label} :orange-badge[:material/edit: {t('changed')}]" if differs else label


def _wide(text: str) -> int:
    """Width of a text in Latin letters; a Chinese one is twice as wide."""
    return sum(2 if east_asian_width(letter) in "WF" else 1 for letter in text)


def _help(field: FieldSpec, default: Any) -> str:
    parts = [t(field.help)] if field.help else []
    if field.unit:
        parts.append(t("Unit: {unit}.", unit=t(field.unit)))
    if field.low is not None and field.high is not None:
        parts.append(t("From {low} to {high}.", low=_bound(field, field.low), high=_bound(field, field.high)))
    parts.append(t("Default here: {value}.", value=shown_value(field, default)))
    return sentences(parts)


def _bound(field: FieldSpec, value: float) -> str:
    return shown_value(field, int(value) if field.kind == "int" else value)


def _width(field: FieldSpec) -> float:
    assert field.low is not None and field.high is not None
    return field.high - field.low


def _tidy(value: float, whole: bool) -> float | int:
    """The nearest number with three significant digits, so that 3 x 0.001 is 0.003; bounds and values keep theirs."""
    if whole:
        return round(value)
    close = float(f"{value:.3g}")
    return close if math.isclose(close, value, rel_tol=1e-9) else float(value)


def _numbers(field: FieldSpec) -> tuple[Callable[[Any], Any], Any]:
    if field.kind == "int":
        return int, 1
    if field.low is None or field.high is None:
        return float, None
    return float, 10.0 ** (round(math.log10(_width(field))) - 2)


def _decimals(step: float, value: float) -> str:
    """The format that shows a step, and the value too where it lies between two steps."""
    digits = next((d for d in range(6) if math.isclose(round(value, d), value, rel_tol=1e-9)), 6)
    return f"%.{max(digits, -math.floor(math.log10(step)))}f"
