"""Recipe fields as widgets: the declaration alone decides which, within which bounds, and how a change is marked."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar, Literal

import pytest
from streamlit.testing.v1 import AppTest

from engine.params import FieldSpec, Params, fields_of, param
from ui.forms import changed, log_options, visible


class Toy(Params):
    depth: int = param(2, "Depth", "How deep.", low=1, high=8, unit="layers")
    rate: float = param(0.01, "Rate", "How fast.", low=1e-4, high=1.0, scale="log")
    share: float = param(0.5, "Share", "How much.", low=0.0, high=0.9)
    sparse: bool = param(True, "Sparse", "Whether.")
    kind: Literal["a", "b"] = param("a", "Kind", "Which.", titles=("First", "Second"))
    many: Literal["p", "q", "r", "s", "t"] = param("p", "Many", "Which of five.")
    wide: Literal["x", "y", "z"] = param(
        "x", "Wide", "Which.", titles=("所有词片的平均", "第一个词片", "最大值")
    )
    narrow: Literal["x", "y", "z"] = param("x", "Narrow", "Which.", titles=("字符序列", "词", "两者"))
    note: str = param("", "Note", "Free.", max_length=20)
    patience: int = param(3, "Patience", "Only for b.", low=1, high=10, depends_on=("kind", ("b",)))
    seed: int = param(0, "Seed", "Any.", low=0, high=2**31 - 1, level="advanced")
    floor: float = param(1.0, "Floor", "No upper bound.", low=0.0, level="advanced")
    model: str = param("", "Model", "One of those here.", max_length=20)
    OFFERS: ClassVar[dict[str, Callable[[], tuple[str, ...]]]] = {"model": lambda: ("small", "large")}


FIELDS = fields_of(Toy)
DEFAULTS = Toy().model_dump()


def field(name: str) -> FieldSpec:
    return next(f for f in FIELDS if f.name == name)


def script(fields, defaults) -> None:
    import streamlit as st

    from engine.params import InvalidParameter
    from ui.errors import show_kept_error
    from ui.forms import form

    values = st.session_state.setdefault("values", dict(defaults))

    def put(name, value):
        if value == 7:
            raise InvalidParameter(field=name, owner="toy", problem="must be anything but 7")
        values[name] = value

    def back(name):
        values[name] = defaults[name]

    show_kept_error()
    form(
        fields,
        values,
        defaults,
        prefix="toy",
        on_set=put,
        on_reset=back,
        reasons={"depth": "Two are enough."},
    )


@pytest.fixture
def page() -> AppTest:
    at = AppTest.from_function(
        script, default_timeout=20, kwargs={"fields": FIELDS, "defaults": DEFAULTS}
    ).run()
    assert not at.exception
    return at


def test_each_declaration_becomes_its_widget(page: AppTest) -> None:
    assert (
        page.slider(key="toy_depth").min,
        page.slider(key="toy_depth").max,
        page.slider(key="toy_depth").value,
    ) == (1, 8, 2)
    assert page.slider(key="toy_share").value == 0.5
    assert page.select_slider(key="toy_rate").value == 0.01
    assert page.toggle(key="toy_sparse").value is True
    assert page.get_by_key("toy_kind").type == "segmented_control" or page.get_by_key("toy_kind").value == "a"
    assert page.selectbox(key="toy_many").value == "p"
    assert page.text_input(key="toy_note").value == ""
    assert (page.selectbox(key="toy_model").options, page.selectbox(key="toy_model").value) == (
        ["small", "large"],
        None,
    )
    assert page.number_input(key="toy_seed").value == 0
    assert page.number_input(key="toy_floor").value == 1.0


def test_what_this_machine_offers_is_chosen_and_what_it_lacks_stays_visible(page: AppTest) -> None:
    page.selectbox(key="toy_model").select("large").run()
    assert page.session_state["values"]["model"] == "large"
    page.session_state["values"] = {**DEFAULTS, "model": "elsewhere"}
    page.run()
    assert not page.exception
    assert page.selectbox(key="toy_model").value == "elsewhere"
    assert page.selectbox(key="toy_model").options == ["small", "large", "elsewhere"]


def test_choices_stand_beside_one_another_only_where_their_words_fit(page: AppTest) -> None:
    """Fewer Chinese letters than Latin ones fit: each is twice as wide."""
    assert {box.key for box in page.selectbox} >= {"toy_wide", "toy_many"}
    assert not {box.key for box in page.selectbox} & {"toy_narrow", "toy_kind"}


def test_a_dependent_field_shows_only_when_it_means_something(page: AppTest) -> None:
    with pytest.raises(KeyError):
        page.slider(key="toy_patience")
    page.get_by_key("toy_kind").set_value("b").run()
    assert page.slider(key="toy_patience").value == 3


def test_a_change_is_handed_on_marked_and_reset(page: AppTest) -> None:
    page.slider(key="toy_depth").set_value(5).run()
    assert page.session_state["values"]["depth"] == 5
    assert "changed" in page.slider(key="toy_depth").label
    assert page.caption[0].value == "The dial takes 2: Two are enough.", "the reason speaks of the default"
    page.button(key="toy_reset_depth").click().run()
    assert page.session_state["values"]["depth"] == 2
    assert page.slider(key="toy_depth").value == 2
    assert "changed" not in page.slider(key="toy_depth").label
    assert [c.value for c in page.caption] == ["Two are enough."]


def test_what_the_engine_refuses_is_said_and_not_kept(page: AppTest) -> None:
    page.slider(key="toy_depth").set_value(7).run()
    assert "anything but 7" in page.error[0].value
    assert page.slider(key="toy_depth").value == 2


def test_help_names_unit_bounds_and_default(page: AppTest) -> None:
    assert page.slider(key="toy_depth").help == "How deep. Unit: layers. From 1 to 8. Default here: 2."
    assert "(layers)" in page.slider(key="toy_depth").label


def test_advanced_fields_are_folded_and_counted(page: AppTest) -> None:
    page.number_input(key="toy_seed").set_value(9).run()
    assert "1 changed" in page.expander[0].label


def test_log_steps_cover_the_bounds_and_hold_odd_values() -> None:
    options = log_options(field("rate"), 0.0123)
    assert (options[0], options[-1]) == (1e-4, 1.0)
    assert {0.003, 0.0123, 0.15} <= set(options)
    assert options == sorted(options)


def test_log_steps_of_whole_numbers_are_whole_and_start_at_zero_where_allowed() -> None:
    class Counts(Params):
        features: int = param(100, "Features", "", low=0, high=2000, scale="log")

    options = log_options(fields_of(Counts)[0], 123)
    assert options[0] == 0
    assert all(isinstance(o, int) for o in options)
    assert {1, 2, 3, 5, 7, 10, 123, 2000} <= set(options)


def test_changed_counts_visible_fields_only() -> None:
    values = {**DEFAULTS, "depth": 3, "patience": 9}
    assert [f.name for f in changed(FIELDS, values, DEFAULTS)] == ["depth"]
    assert not visible(field("patience"), values)
    assert visible(field("patience"), {**values, "kind": "b"})
