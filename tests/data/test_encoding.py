from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.data import errors
from engine.data.readers import (
    ENCODINGS,
    ReadOptions,
    encoding,
    preview_file,
    read_table,
    read_with_notes,
    reading,
)
from engine.data.readers.encoding import check_bytes, count_lines, detect_encoding, encoding_name, read_sample

Put = Callable[..., Path]

ZH = "味道不错就是有点咸，配送很快，包装也好，下次还会再来"
SAMPLES = [
    ("gbk", "GB18030", "很好吃，送餐快"), ("gbk", "GB18030", "差评"), ("gb2312", "GB18030", ZH), ("gb18030", "GB18030", ZH + "𠮷"),
    ("big5", "Big5", "餐點送得很慢，味道普通"), ("cp950", "Big5", "這個產品的品質非常好，我很喜歡"),
    ("shift_jis", "Shift-JIS", "とても美味しかったです"), ("cp932", "Shift-JIS", "配送が遅い"),
    ("euc_jp", "EUC-JP", "とても美味しかったです。また注文します"),
    ("euc_kr", "EUC-KR", "음식이 정말 맛있어요"), ("cp949", "EUC-KR", "별로예요"),
    ("tis_620", "TIS-620", "อาหารอร่อยมาก ส่งเร็ว"), ("cp874", "TIS-620", "ไม่ดีเลย"),
    ("cp1251", "Windows-1251", "Очень вкусно, быстрая доставка. Заказываем не первый раз"),
    ("koi8_r", "KOI8-R", "Очень вкусно, быстрая доставка. Заказываем не первый раз"),
    ("cp1252", "Windows-1252", "Le repas était délicieux, livré à l'heure, présentation très soignée"),
    ("cp1256", "Windows-1256", "الطعام لذيذ جدا والتوصيل سريع، سوف أطلب مرة أخرى"),
    ("cp1253", "Windows-1253", "Πολύ νόστιμο φαγητό, γρήγορη παράδοση. Θα παραγγείλω ξανά σίγουρα"),
]  # fmt: skip


@pytest.mark.parametrize(("codec", "name", "text"), SAMPLES)
def test_legacy_encodings_come_first_but_are_asked(put: Put, codec: str, name: str, text: str) -> None:
    path = put(f'text,label\n"{text}",1\n'.encode(codec))
    preview = preview_file(path, "x.csv")
    assert preview.encodings[0] == preview.encoding == name
    assert not preview.encoding_certain and len(preview.encodings) > 1
    assert preview.problem is None
    assert preview.rows.values.tolist() == [[text, "1"]]
    with pytest.raises(errors.EncodingUncertain, match=name):
        read_table(path, "x.csv")
    frame = read_table(path, "x.csv", ReadOptions(encoding=codec))
    assert frame["text"].tolist() == [text]
    assert preview_file(path, "x.csv", ReadOptions(encoding=codec)).encoding_certain


@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("text", [ZH, "plain", "ọ̀rọ̀ àwọn", "👍🏽 é", "上上下下 ੰਗਾ"])
def test_unicode_is_certain(put: Put, codec: str, text: str) -> None:
    path = put(f"text,label\n{text},1\n".encode(codec))
    preview = preview_file(path, "x.csv")
    assert preview.encoding_certain and preview.columns == ("text", "label")
    assert read_table(path, "x.csv")["text"].tolist() == [text]


@pytest.mark.parametrize(("codec", "name"), [("utf-16-le", "UTF-16LE"), ("utf-16-be", "UTF-16BE")])
def test_utf16_without_a_mark_is_asked(put: Put, codec: str, name: str) -> None:
    path = put(f"text,label\n{ZH},1\n".encode(codec))
    preview = preview_file(path, "x.csv")
    assert (preview.encoding, preview.encoding_certain, preview.problem) == (name, False, None)
    assert preview.rows.iloc[0, 0] == ZH
    assert read_table(path, "x.csv", ReadOptions(encoding=name))["text"].tolist() == [ZH]


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be"])
def test_utf16_with_a_mark_of_either_order(put: Put, codec: str) -> None:
    path = put(("\ufeff" + f"text\tlabel\n{ZH}\t1\n").encode(codec))
    assert read_table(path, "x.tsv").to_dict("list") == {"text": [ZH], "label": ["1"]}


@pytest.mark.parametrize("name", [n for n in ENCODINGS if n not in ("UTF-16", "UTF-16LE", "UTF-16BE")])
@pytest.mark.parametrize("seed", range(3))
def test_every_offered_encoding_round_trips(put: Put, name: str, seed: int) -> None:
    rng = random.Random(seed)
    codec = ENCODINGS[name]
    letters = [chr(c) for c in (*range(0x20, 0x7F), *range(0xA1, 0x250), *range(0x370, 0x700), *range(0xE01, 0xE3A),
                                *range(0x3041, 0x30FF), *range(0x4E00, 0x5200), *range(0xAC00, 0xAD00))]  # fmt: skip
    known = [c for c in letters if c.encode(codec, "ignore").decode(codec) == c and c != '"']
    texts = ["".join(rng.choices(known, k=30)) + "x" for _ in range(20)]
    path = put("\r\n".join(["text", *(f'"{t}"' for t in texts)]).encode(codec))
    options = ReadOptions(encoding=name, separator="\t")
    assert read_table(path, "x.csv", options)["text"].tolist() == texts
    assert preview_file(path, "x.csv", options).rows["text"].tolist() == texts[:5]


@pytest.mark.parametrize(("alias", "name"), [("gbk", "GB18030"), ("GB2312", "GB18030"), ("cp936", "GB18030"), ("utf8", "UTF-8"),
                                             ("UTF-8-SIG", "UTF-8"), ("latin1", "ISO-8859-1"), ("sjis", "Shift-JIS"), ("cp1252", "Windows-1252"),
                                             ("big5", "Big5"), ("euc-kr", "EUC-KR"), ("tis-620", "TIS-620"), ("utf16", "UTF-16"), ("ascii", "UTF-8")])  # fmt: skip
def test_aliases(alias: str, name: str) -> None:
    assert encoding_name(alias) == name


@pytest.mark.parametrize("wanted", ["klingon", "rot13", "unicode_escape", "idna", "base64", "\0"])
def test_no_other_codec_is_run(put: Put, wanted: str) -> None:
    path = put("a,b\n1,2\n")
    assert isinstance(
        preview_file(path, "x.csv", ReadOptions(encoding=wanted)).problem, errors.UnknownEncoding
    )
    with pytest.raises(errors.UnknownEncoding):
        read_table(path, "x.csv", ReadOptions(encoding=wanted))


BROKEN = (
    b"text,label\r\n"
    + "好吃".encode()
    + b",1\nbad \xff\xfe byte,2\r"
    + "很好很好很好很好很好".encode()
    + b"\xe5,3\n"
)


@pytest.mark.parametrize("chunk", [1, 2, 3, 7, 1 << 20])
def test_invalid_bytes_are_counted_and_placed(put: Put, monkeypatch: pytest.MonkeyPatch, chunk: int) -> None:
    monkeypatch.setattr(encoding, "_CHUNK", chunk)
    path = put(BROKEN)
    damage = check_bytes(path, "UTF-8")
    last = BROKEN.index(b"\xe5,3")
    assert damage.places == ((3, BROKEN.index(b"\xff")), (3, BROKEN.index(b"\xfe")), (4, last))
    assert damage.count == 3


@pytest.mark.parametrize("chunk", [1, 2, 5, 1 << 20])
@pytest.mark.parametrize("codec", ["gb18030", "cp932", "utf-8", "utf-16"])
def test_sound_bytes_have_no_damage(
    put: Put, monkeypatch: pytest.MonkeyPatch, chunk: int, codec: str
) -> None:
    monkeypatch.setattr(encoding, "_CHUNK", chunk)
    assert check_bytes(put("文字,です\r\n上\n".encode(codec)), encoding_name(codec)).count == 0


@pytest.mark.parametrize("chunk", [1, 4, 1 << 20])
def test_damage_in_other_encodings(put: Put, monkeypatch: pytest.MonkeyPatch, chunk: int) -> None:
    monkeypatch.setattr(encoding, "_CHUNK", chunk)
    content = "好\n吃".encode("gbk") + b"\xff" + "好".encode("gbk")
    assert check_bytes(put(content), "GB18030").places == ((2, 5),)
    lone = "上\n".encode("utf-16-le") + b"\x00\xd8" + "a".encode("utf-16-le")
    assert check_bytes(put(lone), "UTF-16LE").places == ((2, 4),)


def test_invalid_bytes_are_refused_or_replaced_by_consent(put: Put) -> None:
    path = put(BROKEN)
    for options in (ReadOptions(encoding="UTF-8"),):
        with pytest.raises(errors.InvalidBytes) as caught:
            read_table(path, "x.csv", options)
        assert caught.value.params["count"] == 3 and caught.value.params["line"] == 3
    preview = preview_file(path, "x.csv")
    assert preview.encoding == "UTF-8" and not preview.encoding_certain
    assert isinstance(preview.problem, errors.InvalidBytes) and preview.problem.params["line"] == 3
    assert len(preview.rows) == 3
    consent = ReadOptions(encoding="UTF-8", replace_invalid=True)
    assert preview_file(path, "x.csv", consent).problem is None
    frame, notes = read_with_notes(path, "x.csv", consent)
    assert frame["text"].tolist() == ["好吃", "bad �� byte", "很好很好很好很好很好�"]
    assert [(n.code, n.count, n.params["line"]) for n in notes] == [("replaced_bytes", 3, 3)]


@pytest.mark.parametrize("chunk", [1, 3, 1 << 20])
def test_nul_bytes(put: Put, monkeypatch: pytest.MonkeyPatch, chunk: int) -> None:
    monkeypatch.setattr(encoding, "_CHUNK", chunk)
    path = put("text,label\n好,1\nb\0d,2\n".encode())
    for options in (
        ReadOptions(),
        ReadOptions(encoding="UTF-8"),
        ReadOptions(encoding="gbk", replace_invalid=True),
    ):
        with pytest.raises(errors.NulBytes) as caught:
            read_table(path, "x.csv", options)
        assert caught.value.params == {"line": 3, "offset": 18}
    problem = preview_file(path, "x.csv").problem
    assert isinstance(problem, errors.NulBytes) and problem.params == {"line": 3, "offset": 18}


def test_a_nul_character_in_utf16(put: Put) -> None:
    path = put("text\nb\0d\n".encode("utf-16"))
    with pytest.raises(errors.NulBytes) as caught:
        read_table(path, "x.csv")
    assert caught.value.params["line"] == 2


def test_utf16_without_a_mark_is_not_called_utf16(put: Put) -> None:
    path, options = put(f"text\n{ZH}\n".encode("utf-16-le")), ReadOptions(encoding="UTF-16")
    assert isinstance(preview_file(path, "x.csv", options).problem, errors.InvalidBytes)
    with pytest.raises(errors.InvalidBytes):
        read_table(path, "x.csv", options)


def test_counting_stops_where_the_encoding_is_plainly_another(
    put: Put, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(encoding, "_CHUNK", 1 << 10)
    monkeypatch.setattr(reading, "_ENOUGH", 50)
    path = put(f"text\n{ZH}\n".encode("gbk") * 300)
    with pytest.raises(errors.InvalidBytes) as caught:
        read_table(path, "x.csv", ReadOptions(encoding="UTF-8"))
    assert caught.value.params["count"].startswith("≥ ")
    frame, notes = read_with_notes(path, "x.txt", ReadOptions(encoding="UTF-8", replace_invalid=True))
    assert notes[0].count == "".join(frame["text"]).count("�")


def test_the_wrong_encoding_is_refused(put: Put) -> None:
    path = put(f"text,label\n{ZH},1\n".encode())
    with pytest.raises(errors.InvalidBytes):
        read_table(path, "x.csv", ReadOptions(encoding="Big5"))


def test_legacy_bytes_far_from_the_beginning_are_seen(put: Put) -> None:
    path = put(b"text,label\n" + b"plain words,1\n" * 60_000 + f"{ZH},0\n".encode("gbk") * 200)
    sample = read_sample(path)
    assert not sample.whole and len(sample.head) + len(sample.later) <= 256 * 1024
    assert detect_encoding(sample).encoding == "GB18030"
    preview = preview_file(path, "x.csv")
    assert (preview.encoding, preview.encoding_certain) == ("GB18030", False)
    assert len(read_table(path, "x.csv", ReadOptions(encoding="GB18030"))) == 60_200


def test_a_large_utf8_file_cut_inside_a_character_is_certain(put: Put) -> None:
    for shift in range(3):
        path = put("text\n" + "x" * shift + "好" * 50 + "\n" + ("好" * 100_000 + "\n") * 3, f"f{shift}")
        assert detect_encoding(read_sample(path)).certain


@pytest.mark.parametrize(
    ("text", "after_cr", "count"),
    [("", False, 0), ("a\nb\rc\r\n", False, 3), ("\na", True, 0), ("\ra", True, 1), ("\n\n", False, 2)],
)
def test_count_lines(text: str, after_cr: bool, count: int) -> None:
    assert count_lines(text, after_cr) == count


RARE = [
    ("cp866", "CP866", "Привет, это хороший ресторан, всё было вкусно и недорого.\n", False),
    ("iso8859_5", "ISO-8859-5", "Привет, это хороший ресторан, всё было вкусно и недорого.\n", False),
    ("iso2022_jp", "ISO-2022-JP", "これはとても美味しいラーメンです\n", False),
    ("hz", "HZ", "这家店很好吃\n", False),
    ("utf_32", "UTF-32", "text 好吃\n", True),
]


@pytest.mark.parametrize(("codec", "name", "line", "certain"), RARE)
def test_encodings_beyond_the_usual_ones_are_found_and_never_silent(
    put: Put, codec: str, name: str, line: str, certain: bool
) -> None:
    path = put((line * 30).encode(codec))
    preview = preview_file(path, "x.txt")
    assert (preview.encoding, preview.encoding_certain) == (name, certain)
    assert preview.rows["text"][0] == line.strip()
    if not certain:
        with pytest.raises(errors.EncodingUncertain):
            read_table(path, "x.txt")


def test_tildes_and_braces_of_plain_ascii_are_no_other_encoding(put: Put) -> None:
    preview = preview_file(put("an arrow ~> and {braces}, ~{ opened for nothing\n"), "x.txt")
    assert (preview.encoding, preview.encoding_certain) == ("UTF-8", True)
