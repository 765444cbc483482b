"""Checks of what stands in single texts: each finds what was planted, and says nothing of plain texts."""

from __future__ import annotations

import gzip
import time
from pathlib import Path

import pandas as pd
import pytest

from engine.data.checks import checks
from engine.data.schema import make_schema
from engine.data.table_view import TableView
from engine.i18n import translate
from engine.modality import modalities
from engine.prepare.steps import steps
from tests.data.checks.planted_texts import look, rows, view
from tests.data.near_misses import invented_texts

CONTENT = ("html_marks", "mojibake", "personal_data", "short_texts", "template_texts", "web_addresses")

PLAIN = [
    "这家餐厅的菜味道很好，服务员也非常热情，下次还会再来。", "总的来说还行，就是价格有点贵！！！", "The food was delicious & the delivery came early.",
    "Abincin yana da daɗi sosai, na gode muku.", "Oúnjẹ náà dára púpọ̀, mo sì fẹ́ràn bí wọ́n ṣe ń ṣe é", "Où est le café « à côté » ? Déjà fermé…", "ÀÁÂ ÈÉ",
    "日本語のとても美味しい料理でした", "한국어 문장입니다", "Привет, как дела? Рис и сыр… «Ёлка»", "مرحبا كيف حالك", "I paid 1 < 2 and 3 > 2, x<y", "AT&T and R&D; a & b",
    "the score was 10-20-30 in 2023-01-15 10:30", "call 110", "order 12345678 of 2024", "e.g. this.that", "@someone hello there", "很好", "ok!", "7分", "† ‡ § ¶ ok", "3.14159265358979",
    "订单号20230115103012345", "涓涓细流，鏖战正酣", "锛是一种化学元素吗", "他姓濂，住在浜江", "用户没有问题，评价也没有问题，很满意",
]  # fmt: skip


@pytest.mark.parametrize("name", CONTENT)
def test_plain_texts_raise_no_alarm(name: str) -> None:
    assert look(name, view(PLAIN)) == {}
    assert look(name, view(invented_texts(3000))) == {}
    assert look(name, view([])) == {}
    assert look(name, view(["", "", " "])) == {}


@pytest.mark.parametrize("name", CONTENT)
def test_every_fix_names_a_step_that_there_is(name: str) -> None:
    for found in checks.get(name).run(view(PLANTED)):
        for fix in found.finding.fixes:
            assert fix.kind in ("clean", "drop")
            assert fix.kind == "drop" or fix.params["step"] in steps
            assert translate(fix.title, "zh_CN", **fix.params) != fix.title or "{" not in fix.title


PLANTED = [
    "<p>好</p>", "a&nbsp;b", "see https://example.org/a", "短链t.cn/Rabc好", "mail me@example.org", "电话13800138000",
    "身份证11010519491231002X", "卡4539 5787 6362 1486", "cafÃ© au lait", "锟斤拷锟斤拷", "！！！", "好", "此用户没有填写评价。",
]  # fmt: skip


def test_html_is_what_the_step_takes_off() -> None:
    texts = [
        "<br/>好",
        "a &amp; b",
        "x < y > z",
        "<user> hi",
        "&zzz; x",
        "</div>",
        "<!-- c --> x",
        "&#183;",
        "plain",
        "<script>x</script>",
    ]
    assert rows(look("html_marks", view(texts)), "html_marks") == [0, 1, 5, 6, 7, 9]


def test_web_addresses_are_what_the_step_replaces() -> None:
    texts = [
        "https://a.org",
        "好www.a.cn好",
        "t.cn/Rabc",
        "http://",
        "a.com",
        "e.g. x",
        "HTTP://A.ORG/x",
        "ftp://a.b/c",
    ]
    assert rows(look("web_addresses", view(texts)), "web_addresses") == [0, 1, 2, 6, 7]


def test_personal_data_are_counted_by_kind_and_never_quoted() -> None:
    texts = ["a@b.org 13800138000", "+44 20 7946 0958", "x", "11010519491231002X", "4539 5787 6362 1486", "1101051949123100 2X", "GB82 WEST 1234 5698 7654 32", "座机010-62345678"]  # fmt: skip
    found = look("personal_data", view(texts))
    assert rows(found, "personal_contacts") == [0, 1, 7]
    assert rows(found, "personal_numbers") == [3, 4, 6]
    contacts, numbers = found["personal_contacts"].finding.params, found["personal_numbers"].finding.params
    assert (contacts["telephones"], contacts["mails"]) == (3, 1)
    assert (numbers["identity"], numbers["cards"]) == (1, 2)
    said = [
        translate(one.finding.message, locale, **one.finding.params)
        for one in found.values()
        for locale in ("en", "zh_CN")
    ]
    assert not any(number in text for number in ("13800138000", "1101", "4539", "a@b") for text in said)


@pytest.mark.parametrize(
    "original",
    ["这家餐厅的菜味道很好", "送餐很快，包装也不错。", "质量差，不会再买了", "一直在这里买，很满意！"],
)
def test_chinese_that_was_read_as_gbk_or_latin(original: str) -> None:
    utf8, texts = original.encode(), [original]
    texts += [
        utf8.decode("gb18030", "replace"),
        utf8.decode("gbk", "ignore"),
        utf8.decode("latin-1"),
        utf8.decode("cp1252", "ignore"),
    ]
    assert rows(look("mojibake", view(texts)), "mojibake") == [1, 2, 3, 4]


def test_other_texts_that_were_decoded_wrongly() -> None:
    words = ["café crème brûlée", "“quoted” — it’s", "ẹ̀kọ́ Yorùbá", "Привет мир", "naïve façade"]
    texts = (
        [word.encode().decode("cp1252", "ignore") for word in words]
        + ["锟斤拷", "烫烫烫烫", "ï¿½ï¿½", "Привет мир".encode().decode("cp1251", "ignore")]
        + words
    )
    assert rows(look("mojibake", view(texts)), "mojibake") == list(range(9))


def test_texts_with_nothing_to_read() -> None:
    texts = ["！！！", "👍👍", "好", "7.", "很好", "", "  ", "ok", "ọ́", "…\n…"]
    assert look("short_texts", view(texts)) == {}, "where most texts are as short, that is what they are"
    texts += ["味道很好，还会再来"] * 20
    found = look("short_texts", view(texts))
    assert rows(found, "wordless_texts") == [0, 1, 9]
    assert rows(found, "single_letters") == [2, 3, 8]


def test_default_texts_of_platforms() -> None:
    texts = ["此用户没有填写评价", "该用户未填写评价内容", "用户未及时做出评价,系统默认好评!", "系统默认好评", "[deleted]", "No comment.", "默认好评不可取，其实味道一般",
             "此用户没有填写评价，但我填写了：很好吃", "deleted my account because of this"]  # fmt: skip
    assert rows(look("template_texts", view(texts)), "default_texts") == [0, 1, 2, 3, 4, 5]


@pytest.mark.parametrize(
    "frame",
    [
        "亲爱的顾客您好，感谢您的惠顾：{}", "{} 来自我的手机客户端，点击下载", "好。{}！本店所有商品七天无理由退换。谢谢",
        "Thank you for contacting our service: {}", "{}\nSent from my mobile phone, please excuse errors",
    ],
)  # fmt: skip
def test_a_template_around_different_texts(frame: str) -> None:
    texts = invented_texts(1000)
    for place in range(0, 300, 9):
        texts[place] = frame.format(texts[place])
    found = look("template_texts", view(texts))
    assert rows(found, "template_texts") == list(range(0, 300, 9))
    words = [part.strip("：: \n！。") for part in frame.split("{}")]
    assert found["template_texts"].finding.params["value"].strip("：: \n！。") in words


def test_equal_texts_are_no_template_and_a_number_in_one_is_masked() -> None:
    assert (
        look("template_texts", view(["同一条评论，写了很多次，一模一样的话"] * 100 + invented_texts(500)))
        == {}
    )
    texts = [f"{text} 订购请打电话13800138000找小王" for text in invented_texts(100)]
    value = look("template_texts", view(texts))["template_texts"].finding.params["value"]
    assert "13800138000" not in value and "[phone]" in value


@pytest.mark.parametrize("odd", ["<" * 200_000, "&" * 200_000, "1" * 200_000, "1 " * 100_000, "@a." * 60_000, "锛" * 200_000, "Ã©" * 100_000, "\u0301" * 200_000, "\x00", "a。" * 100_000])  # fmt: skip
def test_hostile_texts_are_read_in_bounded_time(odd: str) -> None:
    table = view([odd] * 3 + PLAIN)
    start = time.process_time()
    for name in CONTENT:
        list(checks.get(name).run(table))
    assert time.process_time() - start < 20


@pytest.mark.slow
def test_a_quarter_of_a_million_rows_in_a_second() -> None:
    texts = invented_texts(5_000) * 50
    frame = pd.DataFrame({"text": texts}, dtype="str")
    table = TableView(frame, make_schema({"text": "input"}, ["text"]), modalities.get("text-classification"))
    assert len(table.inputs) == 250_000
    for name in CONTENT:
        start = time.process_time()
        list(checks.get(name).run(table))
        assert time.process_time() - start < 1.25, name


def test_signs_that_nobody_sees_are_taken_out_by_the_step_that_is_offered() -> None:
    texts = ["a\u202eb", "a\u200bb", "\ufeffa", "a\x07b", "plain"]
    for name, places in (
        ("direction_marks", [0]),
        ("invisible_characters", [1, 2]),
        ("control_characters", [3]),
    ):
        found = look(name, view(texts))
        assert rows(found, name) == places
        (fix,) = found[name].finding.fixes
        step = steps.get(fix.params["step"])
        cleaned = [step.apply(text, step.Params()) for text in texts]
        assert look(name, view(cleaned)) == {}


@pytest.mark.parametrize(
    ("file", "least"),
    [
        ("online_shopping_9_cats", {"html_marks": 21, "web_addresses": 17, "invisible_characters": 18, "personal_contacts": 20}),
        ("waimai_10k", {"personal_contacts": 3}),
    ],
)  # fmt: skip
def test_the_dirt_of_real_data_is_found(shared_data: Path, file: str, least: dict[str, int]) -> None:
    packed = shared_data / "text/zh-no-licence-stated" / f"{file}.csv.gz"
    if not packed.exists():
        pytest.skip(f"{file} is not among the development data")
    with gzip.open(packed, "rt", encoding="utf-8") as opened:
        texts = pd.read_csv(opened, dtype=str, keep_default_na=False)["review"].tolist()
    table = view(texts)
    counts = {
        one.finding.code: one.finding.count
        for name in (*CONTENT, "invisible_characters")
        for one in checks.get(name).run(table)
    }
    assert {code: counts.get(code, 0) >= number for code, number in least.items()} == dict.fromkeys(
        least, True
    )
    assert "mojibake" not in counts
    assert "template_texts" not in counts
