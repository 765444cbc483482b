"""Which encoding the bytes of a text file are in, and whether every byte fits it.

Stage 1 (data). Only plain ASCII, valid UTF-8 and a byte order mark are certain; for all else the person is shown
decoded rows and chooses.
"""

from __future__ import annotations

import codecs
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa

from engine.data import errors
from engine.data.readers.plausibility import SCORED, plausibility

ENCODINGS: dict[str, str] = {
    "UTF-8": "utf-8-sig", "GB18030": "gb18030", "Big5": "cp950", "Shift-JIS": "cp932", "EUC-KR": "cp949",
    "EUC-JP": "euc_jp", "TIS-620": "cp874", "Windows-1252": "cp1252", "Windows-1251": "cp1251", "KOI8-R": "koi8_r",
    "Windows-1256": "cp1256", "Windows-1250": "cp1250", "Windows-1253": "cp1253", "Windows-1254": "cp1254",
    "Windows-1255": "cp1255", "Windows-1257": "cp1257", "Windows-1258": "cp1258", "ISO-8859-1": "latin_1",
    "ISO-8859-15": "iso8859_15", "Big5-HKSCS": "big5hkscs", "UTF-16": "utf_16", "UTF-16LE": "utf_16_le",
    "UTF-16BE": "utf_16_be", "UTF-32": "utf_32", "ISO-2022-JP": "iso2022_jp_2", "HZ": "hz",
    "Johab": "johab", "ISO-8859-2": "iso8859_2", "ISO-8859-3": "iso8859_3", "ISO-8859-4": "iso8859_4",
    "ISO-8859-5": "iso8859_5", "ISO-8859-6": "iso8859_6", "ISO-8859-7": "iso8859_7", "ISO-8859-8": "iso8859_8",
    "ISO-8859-9": "iso8859_9", "ISO-8859-10": "iso8859_10", "ISO-8859-13": "iso8859_13", "ISO-8859-14": "iso8859_14",
    "ISO-8859-16": "iso8859_16", "CP437": "cp437", "CP720": "cp720", "CP737": "cp737", "CP775": "cp775", "CP850": "cp850",
    "CP852": "cp852", "CP855": "cp855", "CP857": "cp857", "CP862": "cp862", "CP864": "cp864", "CP866": "cp866",
    "KOI8-U": "koi8_u", "KOI8-T": "koi8_t", "KZ-1048": "kz1048", "PT-154": "ptcp154", "Mac-Roman": "mac_roman",
    "Mac-Cyrillic": "mac_cyrillic", "Mac-Greek": "mac_greek", "Mac-Latin2": "mac_latin2", "Mac-Turkish": "mac_turkish",
}  # fmt: skip
"""Encodings by the name that people see, with Python's codec. GB18030 holds GBK and GB 2312."""

_ALIASES = {
    "gbk": "GB18030", "gb2312": "GB18030", "cp936": "GB18030", "big5": "Big5", "shift_jis": "Shift-JIS",
    "euc_kr": "EUC-KR", "tis-620": "TIS-620", "iso8859-11": "TIS-620", "utf-8": "UTF-8", "ascii": "UTF-8",
}  # fmt: skip
_BOMS = (
    (codecs.BOM_UTF32_LE, "UTF-32"),
    (codecs.BOM_UTF32_BE, "UTF-32"),
    (codecs.BOM_UTF8, "UTF-8"),
    (codecs.BOM_UTF16_LE, "UTF-16"),
    (codecs.BOM_UTF16_BE, "UTF-16"),
)
_WIDTHS = {"UTF-16": 2, "UTF-16LE": 2, "UTF-16BE": 2, "UTF-32": 4}
_OFFERED = ("UTF-8", "GB18030", "Big5", "Shift-JIS", "EUC-KR", "EUC-JP", "TIS-620", "Windows-1252", "Windows-1251",
            "KOI8-R", "Windows-1256", "Windows-1250", "Windows-1253", "Windows-1254", "Windows-1255", "Windows-1258",
            "UTF-16")  # fmt: skip
_RARE = tuple(
    name
    for name in ENCODINGS
    if name.startswith(("ISO-8859-", "CP", "KOI8-", "KZ", "PT", "Mac-")) and name not in _OFFERED
)
"""Encodings of one byte a character that are asked for only where the usual ones give no sound words."""
_WORDS, _SOUND = 0.2, 4
"""charset-normalizer's coherence from which letters look like a language's; how many rare encodings are offered."""
_ESCAPED = ((b"\x1b$", ("ISO-2022-JP",)), (b"~{", ("HZ",)))
"""Encodings that are pure ASCII with escapes: as UTF-8 they would be certain, and gibberish."""
_PLAUSIBLE = 0.75
_HEAD, _WINDOW = 128 * 1024, 32 * 1024
_PLACES, _CHUNK = 20, 1 << 20


@dataclass(frozen=True)
class Detected:
    """The likeliest encoding, whether it is certain, and what else the bytes could be, likeliest first."""

    encoding: str
    certain: bool
    candidates: tuple[str, ...]


@dataclass(frozen=True)
class Damage:
    """Places that an encoding does not allow: how many, and the first ones as (line, byte offset)."""

    count: int
    places: tuple[tuple[int, int], ...]


def encoding_name(wanted: str) -> str:
    """The name in `ENCODINGS` for a name or alias of an encoding; raises `UnknownEncoding`."""
    by_key = {name.lower(): name for name in ENCODINGS} | _ALIASES
    by_key |= {codecs.lookup(codec).name: name for name, codec in ENCODINGS.items()}
    try:
        found = by_key.get(wanted.lower()) or by_key.get(codecs.lookup(wanted).name)
    except (LookupError, ValueError):
        found = None
    if found is None:
        raise errors.UnknownEncoding(encoding=wanted, known=list(ENCODINGS))
    return found


@dataclass(frozen=True)
class Sample:
    """At most 256 KiB of a file: its beginning, and whole lines from further on; `whole` if `head` is all there is."""

    head: bytes
    later: bytes
    whole: bool

    def text(self, encoding: str) -> str:
        """The beginning decoded leniently, without a last line that is cut."""
        text = self.head.decode(ENCODINGS[encoding], errors="replace")
        return text if self.whole else text[: max(text.rfind("\n"), text.rfind("\r")) + 1] or text


def read_sample(path: Path) -> Sample:
    """Enough of a file to judge its encoding, separator and first rows."""
    size = path.stat().st_size
    later = b""
    with path.open("rb") as file:
        if size <= 2 * _HEAD:
            return Sample(file.read(), b"", True)
        head = file.read(_HEAD)
        if b"\0" not in head:
            for share in (0.25, 0.5, 0.75, 1.0):
                file.seek(max(int(size * share) - _WINDOW, _HEAD))
                window = file.read(_WINDOW)
                later += window[window.find(b"\n") + 1 : window.rfind(b"\n") + 1]
    return Sample(head, later, False)


def detect_encoding(found: Sample) -> Detected:
    """What encoding the bytes of a file are in."""
    whole = found.whole
    sample = found.head if whole else (found.head[: found.head.rfind(b"\n") + 1] or found.head) + found.later
    for bom, name in _BOMS:
        if sample.startswith(bom):
            return Detected(
                name,
                True,
                (name, *(n for n in _OFFERED if n != name and _decode(sample, n, whole) is not None)),
            )
    if b"\0" in sample:
        wide = utf16_orders(sample)
        return Detected(wide[0] if wide else "UTF-8", False, (*wide, "UTF-8", "Windows-1252"))
    possible = {
        n: text for n in _OFFERED if n not in _WIDTHS and (text := _decode(sample, n, whole)) is not None
    }
    if "UTF-8" in possible:
        escaped = _escaped(sample, whole)
        return Detected((*escaped, "UTF-8")[0], not escaped, (*escaped, *possible))
    scores = {name: plausibility(name, text) for name, text in possible.items() if name in SCORED}
    asian = sorted((n for n in scores if scores[n] >= _PLAUSIBLE), key=lambda n: -scores[n])
    front, back = ([], []) if asian else _single_bytes(sample, tuple(n for n in possible if n not in SCORED))
    noise = [n for n in scores if scores[n] <= 0]
    order = list(dict.fromkeys((*asian, *front, *(n for n in possible if n not in noise), *noise, *back)))
    if _mostly_utf8(sample) or not order:
        order.insert(0, "UTF-8")
    return Detected(order[0], False, tuple(order))


def check_bytes(
    path: Path, encoding: str, report: Callable[[float], None] | None = None, enough: int = 0
) -> Damage:
    """Decode the whole file once and note what `encoding` does not allow.

    Args:
        path: where the bytes are.
        encoding: a name in `ENCODINGS`.
        report: called with the share done, 0 to 1.
        enough: stop once so many damaged places are found; 0 to find them all.

    Raises:
        NulBytes: at the first U+0000, with line and byte offset.
        InvalidBytes: UTF-16 without a byte order mark; choose UTF-16LE or UTF-16BE.
    """
    if encoding == "UTF-8" and _sound_utf8(path, report):
        return Damage(0, ())
    codec = ENCODINGS[encoding].removesuffix("-sig")
    decoder = codecs.getincrementaldecoder(codec)("bentu.note")
    size, offset, lines, ended_cr = path.stat().st_size, 0, 0, False
    count, places = 0, list[tuple[int, int]]()
    with path.open("rb") as file:
        while True:
            chunk = file.read(_CHUNK)
            pending = decoder.getstate()[0]
            text, noted = _decode_noting(decoder, chunk, encoding, not chunk)
            for position in noted.first[: _PLACES - len(places)]:
                before = (pending + chunk)[:position].decode(codec, errors="ignore")
                places.append((1 + lines + count_lines(before, ended_cr), offset - len(pending) + position))
            count += noted.count
            if "\0" in text:
                before = text[: text.index("\0")]
                inside = (
                    _WIDTHS[encoding] * len(before) if encoding in _WIDTHS else (pending + chunk).index(0)
                )
                raise errors.NulBytes(
                    line=1 + lines + count_lines(before, ended_cr), offset=offset - len(pending) + inside
                )
            lines += count_lines(text, ended_cr)
            ended_cr = text.endswith("\r") if text else ended_cr
            offset += len(chunk)
            if not chunk or (enough and count >= enough):
                return Damage(count, tuple(places))
            if report:
                report(offset / max(size, 1))


def _sound_utf8(path: Path, report: Callable[[float], None] | None) -> bool:
    """Whether every byte is UTF-8 and none is NUL, by Arrow's validation, which is faster than decoding."""
    rest, size, done = b"", max(path.stat().st_size, 1), 0
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            piece = rest + chunk
            # A character that the piece cuts waits for the next one.
            cut = next((back for back in (1, 2, 3) if piece[-back:][:1] >= b"\xc0"), 0)
            whole, rest = (piece[:-cut], piece[-cut:]) if cut else (piece, b"")
            if b"\0" in chunk or not _valid(whole):
                return False
            done += len(chunk)
            if report:
                report(done / size)
    return _valid(rest)


def _valid(piece: bytes) -> bool:
    ends = pa.py_buffer(np.array([0, len(piece)], dtype=np.int64))
    try:
        pa.Array.from_buffers(pa.large_string(), 1, [None, ends, pa.py_buffer(piece)]).validate(full=True)
    except pa.ArrowInvalid:
        return False
    return True


def check_sample(found: Sample, encoding: str, replace: bool = False) -> None:
    """As `check_bytes`, for the beginning of a file, whose last character may be cut.

    Raises:
        NulBytes: U+0000 in the decoded sample.
        InvalidBytes: places that `encoding` does not allow, unless `replace`.
    """
    codec = ENCODINGS[encoding].removesuffix("-sig")
    text, noted = _decode_noting(
        codecs.getincrementaldecoder(codec)("bentu.note"), found.head, encoding, found.whole
    )
    if "\0" in text:
        before = text[: text.index("\0")]
        offset = _WIDTHS[encoding] * len(before) if encoding in _WIDTHS else found.head.index(0)
        raise errors.NulBytes(line=1 + count_lines(before), offset=offset)
    if noted.count and not replace:
        line = 1 + count_lines(found.head[: noted.first[0]].decode(codec, errors="ignore"))
        raise errors.InvalidBytes(
            encoding=encoding, count=noted.count, line=line, offset=noted.first[0], places=()
        )


def count_lines(text: str, after_cr: bool = False) -> int:
    """Line ends in `text`: LF, CR or CRLF, the latter also when its CR ended the text before."""
    return text.count("\n") + text.count("\r") - text.count("\r\n") - (after_cr and text.startswith("\n"))


@dataclass
class _Noted:
    """Damaged places of one piece: how many, and where in the piece the first ones are."""

    count: int = 0
    first: list[int] = field(default_factory=list)


_noted: ContextVar[_Noted] = ContextVar("noted")


def _decode_noting(
    decoder: codecs.IncrementalDecoder, piece: bytes, encoding: str, final: bool
) -> tuple[str, _Noted]:
    """A piece of a file with U+FFFD in its damaged places, and these places."""
    noted = _Noted()
    _noted.set(noted)
    try:
        return decoder.decode(piece, final), noted
    except UnicodeError:  # UTF-16 without the byte order mark that says which of the two it is
        raise errors.InvalidBytes(encoding=encoding, count=1, line=1, offset=0, places=()) from None


def _note(problem: UnicodeError) -> tuple[str, int]:
    """Codec error handler: note the place, put U+FFFD there, go on."""
    assert isinstance(problem, UnicodeDecodeError)
    noted = _noted.get()
    noted.count += 1
    if len(noted.first) < _PLACES:
        noted.first.append(problem.start)
    return "\ufffd", problem.end


codecs.register_error("bentu.note", _note)


def _decode(sample: bytes, name: str, whole: bool) -> str | None:
    """`sample` in an encoding, its last character possibly cut unless `whole`; None if it does not fit."""
    try:
        return codecs.getincrementaldecoder(ENCODINGS[name])().decode(sample, final=whole)
    except UnicodeError:
        return None


def utf16_orders(sample: bytes) -> tuple[str, ...]:
    """UTF-16 without a mark: its NUL bytes lie on one side of the pairs, and it decodes without NUL characters."""
    odd, even = sample[1::2].count(0), sample[::2].count(0)
    names = ("UTF-16LE", "UTF-16BE") if odd > even else ("UTF-16BE", "UTF-16LE")
    texts = ((name, _decode(sample[: len(sample) // 2 * 2], name, False)) for name in names)
    return tuple(name for name, text in texts if text is not None and "\0" not in text and "\n" in text)


def _mostly_utf8(sample: bytes) -> bool:
    """UTF-8 with a few damaged places rather than another encoding."""
    text = sample.decode("utf-8", errors="replace")
    damaged = text.count("\ufffd")
    whole = len(text) - len(text.encode("ascii", errors="ignore")) - damaged
    return whole >= 2 * damaged


def _escaped(sample: bytes, whole: bool) -> tuple[str, ...]:
    """Encodings by escapes in which the sample becomes text beyond ASCII."""
    found = []
    for mark, names in _ESCAPED:
        if mark in sample:
            texts = ((name, _decode(sample, name, whole)) for name in names)
            found += [name for name, text in texts if text is not None and not text.isascii()]
    return tuple(found)


def _single_bytes(sample: bytes, usual: tuple[str, ...]) -> tuple[list[str], list[str]]:
    """Encodings of one byte a character, likeliest first, and those for the end of the list.

    The usual ones come first, unless a rare one alone reads like a language in letters that are not Latin: of those
    encodings that only differ in a few accents nothing can be told.
    """
    first, rare = _ranked(sample, usual), _ranked(sample, _RARE)[:_SOUND]
    names, others = [name for *_, name in first], [name for *_, name in rare]
    other_script = bool(rare) and _beyond_latin(sample.decode(ENCODINGS[rare[0][2]], "replace"))
    if other_script and rare[0][1] >= _WORDS and all(coherence < _WORDS for _, coherence, _ in first):
        return [*others, *names], []
    return names, others


def _beyond_latin(text: str) -> bool:
    letters = [c for c in text[:8_000] if c > "\x7f" and c.isalpha()]
    return sum(c >= "\u0370" for c in letters) > 0.9 * len(letters)


def _ranked(sample: bytes, names: tuple[str, ...]) -> list[tuple[float, float, str]]:
    """`names` ordered by charset-normalizer, which weighs letter statistics of many languages, with chaos and coherence."""
    from charset_normalizer import from_bytes

    codecs_ = [ENCODINGS[n] for n in names]
    lines = [line for line in sample.splitlines() if not line.isascii()]
    matches = from_bytes(b"\n".join(lines)[:8_000], cp_isolation=codecs_, preemptive_behaviour=False)
    by_codec = {ENCODINGS[n]: n for n in names}
    ranked = [
        (round(m.chaos, 2), -round(m.coherence, 1), names.index(by_codec[m.encoding]))
        for m in matches
        if m.encoding in by_codec
    ]
    return [(chaos, -coherence, names[position]) for chaos, coherence, position in sorted(ranked)]
