"""User text stays text wherever Markdown is read."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from engine.i18n import joined, render_error
from engine.serving.errors import InputTooLong
from ui.text import safe_text, told_apart

JOINER = "\u2060"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("**bold** _it_", r"\*\*bold\*\* \_it\_"),
        ("<b>x</b> & y", r"\<b\>x\</b\> \& y"),
        ("[a](b) :red[c] $x$ `d`", r"\[a\]\(b\) \:red\[c\] \$x\$ \`d\`"),
        ("# head | cell", r"\# head \| cell"),
        ("two\nlines\tand  spaces", "two lines and spaces"),
        ("bell\x07 zero\u200dwidth", "bell\ufffd zero\u200dwidth"),
        ("\ufeffmark soft\u00adhyphen", "mark softhyphen"),
    ],
)
def test_markup_is_escaped(text: str, shown: str) -> None:
    assert safe_text(text) == shown


@pytest.mark.parametrize("address", ["http://a.b/c", "HTTPS://a.b", "www.a.b", "me@a.b"])
def test_addresses_do_not_become_links(address: str) -> None:
    """Streamlit's Markdown links bare addresses even where every sign is escaped."""
    shown = safe_text(address)
    assert JOINER in shown
    assert shown.replace(JOINER, "").replace("\\", "") == address


def test_long_text_ends_in_an_ellipsis() -> None:
    assert safe_text("x" * 600) == "x" * 499 + "…"


def test_user_text_inside_a_message_of_an_error_is_escaped_too() -> None:
    def script() -> None:
        from engine.data.schema import RolesInvalid
        from engine.errors import N_, saying
        from ui.errors import show_error

        show_error(
            RolesInvalid(problem=saying(N_("there is no column “{name}”"), name="![x](http://a.b/c.png)"))
        )

    at = AppTest.from_function(script).run()
    assert r"\!\[x\]\(" in at.error[0].value
    assert "no column" in at.error[0].value


def test_options_of_one_name_are_told_apart_whatever_their_order() -> None:
    names = {"c": "reviews", "a": "reviews", "b": "reviews (2)", "d": "other"}
    label = told_apart(names)
    assert len({label(option) for option in names}) == 4
    turned = told_apart(dict(reversed(names.items())))
    assert [label(option) for option in names] == [turned(option) for option in names]
    assert label("d") == "other"
    assert label("gone") == ""


def test_sentences_and_large_numbers_are_written_as_the_language_does() -> None:
    error = InputTooLong(found=20_001, limit=20_000)
    english, chinese = (joined(render_error(error, locale), locale) for locale in ("en", "zh_CN"))
    assert "20,001 characters; this demo reads at most 20,000. Shorten" in english
    assert "20,001" in chinese and " " not in chinese
    assert error.to_json()["params"] == {"found": 20_001, "limit": 20_000}
