"""Files made to harm a reader, each a few lines; and how such a file is read in a process of its own, measured."""

from __future__ import annotations

import gzip
import io
import json
import stat
import struct
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

MB = 1 << 20
Measure = Callable[[Path, str, Path], dict[str, float | str]]
WORKBOOK = "[Content_Types].xml", "xl/workbook.xml"


def zipped(members: dict[str, bytes], level: int | None = None) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=level) as archive:
        for name, body in members.items():
            archive.writestr(name, body)
    return out.getvalue()


def zip_of_link() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        link = zipfile.ZipInfo("reviews.csv")
        link.create_system, link.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
    return out.getvalue()


def zip_called(member: str) -> bytes:
    """An archive whose one member carries this name as it is, whatever the library would make of it."""
    plain = zipped({"x" * len(member.encode()): b"text,label\na,1\n"})
    return plain.replace(b"x" * len(member.encode()), member.encode())


def locked_zip() -> bytes:
    body = bytearray(zipped({"a.csv": b"text,label\na,1\n"}))
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        body[body.index(signature) + offset] |= 1
    return bytes(body)


def million_members() -> bytes:
    """10^6 empty members: 46 bytes of the table of contents for each, all of one local header."""
    header = struct.pack("<4sHHHHHIIIHH", b"PK\x03\x04", 20, 0, 0, 0, 33, 0, 0, 0, 1, 0) + b"a"
    entry = (
        struct.pack("<4sHHHHHHIIIHHHHHII", b"PK\x01\x02", 20, 20, 0, 0, 0, 33, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0)
        + b"a"
    )
    directory = entry * 1_000_000
    end64 = struct.pack(
        "<4sQHHIIQQQQ", b"PK\x06\x06", 44, 45, 45, 0, 0, 10**6, 10**6, len(directory), len(header)
    )
    locator = struct.pack("<4sIQI", b"PK\x06\x07", 0, len(header) + len(directory), 1)
    end = struct.pack("<4sHHHHIIH", b"PK\x05\x06", 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0)
    return header + directory + end64 + locator + end


def overlapping_zip() -> bytes:
    """Members that share one kernel of data (as in Fifield, A better zip bomb, 2019), none of them large by itself."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for place in range(300):
            archive.writestr(
                f"m{place:03}.csv", b"text,label\na,1\n" if place else b"text,label\n" + b"ab,1\n" * 4000
            )
        for member in archive.filelist[1:]:
            first = archive.filelist[0]
            member.header_offset, member.compress_size, member.file_size = (
                first.header_offset, first.compress_size, first.file_size,
            )  # fmt: skip
    return out.getvalue()


def bomb(size: int) -> bytes:
    """Deflated zeros, about a thousandth of `size`."""
    return zipped({"a.csv": b"text\n" + bytes(size)})


def liar() -> bytes:
    """A bomb that says in its table of contents that it is small."""
    plain = bytearray(bomb(64 * MB))
    for signature, offset in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        struct.pack_into("<I", plain, plain.index(signature) + offset, 1000)
    return bytes(plain)


def gzip_bomb(size: int) -> bytes:
    packer = zlib.compressobj(1, zlib.DEFLATED, 31)
    block = b"0" * MB
    return b"".join(packer.compress(block) for _ in range(size // MB)) + packer.flush()


def with_repeated(archive: bytes, member: str, head: bytes, block: bytes, times: int, tail: bytes) -> bytes:
    """The archive and one member more, whose block is packed a single time: packing all of it takes seconds."""
    packer = zlib.compressobj(1, zlib.DEFLATED, -15)
    begin, middle = (packer.compress(part) + packer.flush(zlib.Z_FULL_FLUSH) for part in (head, block))
    packed = begin + middle * times + packer.compress(tail) + packer.flush()
    check = zlib.crc32(head)
    for _ in range(times):
        check = zlib.crc32(block, check)
    name, size = member.encode(), len(head) + len(block) * times + len(tail)
    facts = struct.pack(
        "<HHHIIIHH", zipfile.ZIP_DEFLATED, 0, 33, zlib.crc32(tail, check), len(packed), size, len(name), 0
    )
    ends = archive.rindex(b"PK\x05\x06")
    members, _, begins = struct.unpack("<HII", archive[ends + 10 : ends + 20])
    local = b"PK\x03\x04" + struct.pack("<HH", 20, 0) + facts + name + packed
    entry = (
        b"PK\x01\x02"
        + struct.pack("<HHH", 20, 20, 0)
        + facts
        + struct.pack("<HHHII", 0, 0, 0, 0, begins)
        + name
    )
    table = archive[begins:ends] + entry
    end = struct.pack(
        "<4sHHHHIIH", b"PK\x05\x06", 0, 0, members + 1, members + 1, len(table), begins + len(local), 0
    )
    return archive[:begins] + local + table + end


def sheet_book(sheet: bytes, texts: bytes = b"", block: bytes = b"", times: int = 0) -> bytes:
    """A workbook with this as its one sheet's rows, and as its shared texts these and then so many times the block."""
    space = b'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    relation = b"http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    types = b"application/vnd.openxmlformats-officedocument.spreadsheetml."
    book = zipped({
        "[Content_Types].xml": b'<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
        b'<Override PartName="/xl/workbook.xml" ContentType="' + types + b'sheet.main+xml"/>'
        b'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="' + types + b'worksheet+xml"/>'
        b'<Override PartName="/xl/sharedStrings.xml" ContentType="' + types + b'sharedStrings+xml"/></Types>',
        "xl/workbook.xml": b"<workbook " + space + b' xmlns:r="' + relation + b'"><sheets>'
        b'<sheet name="S" sheetId="1" r:id="rId1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": b'<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        b'<Relationship Id="rId1" Type="' + relation + b'/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
        "xl/styles.xml": b"<styleSheet " + space + b"/>",
        "xl/worksheets/sheet1.xml": b"<worksheet " + space + b"><sheetData>" + sheet + b"</sheetData></worksheet>",
    }, level=1)  # fmt: skip
    return with_repeated(
        book, "xl/sharedStrings.xml", b"<sst " + space + b">" + texts, block, times, b"</sst>"
    )


def noise(size: int) -> bytes:
    """Characters that do not pack well, so that no ratio gives them away."""
    import random

    return random.Random(4).randbytes(size // 2).hex().encode()


def columns_csv(count: int) -> bytes:
    return ",".join(f"c{i}" for i in range(count)).encode() + b"\n" + b",".join([b"1"] * count) + b"\n"


def wide_parquet(count: int) -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    out = io.BytesIO()
    pq.write_table(pa.table({f"c{i}": ["x"] for i in range(count)}), out)
    return out.getvalue()


def repeated_parquet(length: int, rows: int = 100_000) -> bytes:
    """One long text, stored once, in every row."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    out = io.BytesIO()
    words = pa.DictionaryArray.from_arrays(pa.array([0] * rows, pa.int32()), pa.array(["x" * length]))
    pq.write_table(pa.table({"text": words}), out)
    return out.getvalue()


LONG_PARQUET = "a Parquet text of 50 MB in each of 1000 rows"
"""The library holds it a few times; the rows do not repeat it."""

HOSTILE: dict[str, tuple[str, Callable[[], bytes], str]] = {
    "zip bomb": ("a.zip", lambda: bomb(150 * MB), "ARCHIVE_UNSAFE"),
    "zip that lies about its size": ("a.zip", liar, "ARCHIVE_DAMAGED"),
    "total too large": ("a.zip", lambda: zipped({f"{i}.csv": bytes(120 * MB) for i in range(9)}, 1), "ARCHIVE_UNSAFE"),
    "nested zip": ("a.zip", lambda: zipped({"b.zip": zipped({"c.csv": b"a"})}), "ARCHIVE_NESTED"),
    "nested zip under another name": ("a.zip", lambda: zipped({"b.csv": zipped({"c.csv": b"a"})}), "ARCHIVE_NESTED"),
    "gzip in zip": ("a.zip", lambda: zipped({"b.csv": gzip.compress(b"text\na\n")}), "ARCHIVE_NESTED"),
    "zip in gzip": ("a.csv.gz", lambda: gzip.compress(zipped({"c.csv": b"text\na\n"})), "ARCHIVE_NESTED"),
    "gzip in gzip": ("a.csv.gz.gz", lambda: gzip.compress(gzip.compress(b"text\na\n")), "ARCHIVE_NESTED"),
    "tar in gzip": ("a.tar.gz", lambda: gzip.compress(bytes(257) + b"ustar" + bytes(300)), "ARCHIVE_REFUSED"),
    "overlapping members": ("a.zip", overlapping_zip, "ARCHIVE_UNSAFE"),
    "zip slip": ("a.zip", lambda: zip_called("../../outside.csv"), "ARCHIVE_UNSAFE"),
    "zip slip, backslashes": ("a.zip", lambda: zip_called("..\\..\\outside.csv"), "ARCHIVE_UNSAFE"),
    "absolute member": ("a.zip", lambda: zip_called("/tmp/outside.csv"), "ARCHIVE_UNSAFE"),
    "drive member": ("a.zip", lambda: zip_called("C:\\outside.csv"), "ARCHIVE_UNSAFE"),
    "link member": ("a.zip", zip_of_link, "ARCHIVE_UNSAFE"),
    "a million empty members": ("a.zip", million_members, "ARCHIVE_UNSAFE"),
    "ten thousand members": ("a.zip", lambda: zipped({f"{i}.csv": b"" for i in range(10_000)}), "ARCHIVE_UNSAFE"),
    "locked zip": ("a.zip", locked_zip, "ARCHIVE_LOCKED"),
    "damaged zip": ("a.zip", lambda: zipped({"a.csv": b"text\na\n"})[:-30], "ARCHIVE_DAMAGED"),
    "gzip bomb": ("a.csv.gz", lambda: gzip_bomb(1100 * MB), "ARCHIVE_UNSAFE"),
    "gzip of a million empty streams": ("a.csv.gz", lambda: gzip.compress(b"") * 1_000_000, "ARCHIVE_DAMAGED"),
    "gzip cut off": ("a.csv.gz", lambda: gzip.compress(b"text\n" + noise(MB))[:-100], "ARCHIVE_DAMAGED"),
    "workbook bomb": ("a.xlsx", lambda: sheet_book(b"", b"", bytes(4 * MB), 250), "ARCHIVE_UNSAFE"),
    "workbook with 300 MB of shared texts": (
        "a.xlsx", lambda: sheet_book(b"", b"".join(b"<si><t>%d</t></si>" % i for i in range(100)), noise(4 * MB), 75),
        "ARCHIVE_UNSAFE",
    ),
    "workbook with a cell of 50 MB": (
        "a.xlsx",
        lambda: sheet_book(b'<row r="1"><c r="A1" t="inlineStr"><is><t>' + noise(50 * MB) + b"</t></is></c></row>"),
        "TEXT_TOO_LONG",
    ),
    "workbook with a shared text of 50 MB": (
        "a.xlsx", lambda: sheet_book(b'<row r="1"><c r="A1" t="s"><v>0</v></c></row>', b"<si><t>" + noise(50 * MB) + b"</t></si>"),
        "TEXT_TOO_LONG",
    ),
    "100 000 columns, CSV": ("a.csv", lambda: columns_csv(100_000), "TOO_MANY_COLUMNS"),
    "100 000 columns, JSON lines": ("a.jsonl", lambda: json.dumps({f"c{i}": 1 for i in range(100_000)}).encode(), "TOO_MANY_COLUMNS"),
    "100 000 columns, JSON": ("a.json", lambda: json.dumps([{f"c{i}": 1 for i in range(100_000)}]).encode(), "TOO_MANY_COLUMNS"),
    "20 000 columns, Parquet": ("a.parquet", lambda: wide_parquet(20_000), "TOO_MANY_COLUMNS"),
    LONG_PARQUET: ("a.parquet", lambda: repeated_parquet(50 * MB, 1000), "TEXT_TOO_LONG"),
    "a line of 10 MB": ("a.csv", lambda: b"text,label\nx" + noise(10 * MB) + b",1\n", "LINE_TOO_LONG"),
    "a text line of 10 MB": ("a.txt", lambda: noise(10 * MB), "LINE_TOO_LONG"),
    "a cell of 15 MB": ("a.csv", lambda: b'text,label\n"' + (noise(90) + b"\n") * (15 * MB // 91) + b'",1\n', "TEXT_TOO_LONG"),
    "a cell of 190 MB": ("a.csv", lambda: b'text,label\n"' + (noise(90) + b"\n") * (190 * MB // 91) + b'",1\n', "UNCLOSED_QUOTE"),
    "a quote that never closes, 190 MB": ("a.csv", lambda: b'text,label\n"' + (noise(90) + b"\n") * (190 * MB // 91), "UNCLOSED_QUOTE"),
    "a JSON value of 50 MB": ("a.json", lambda: b'[{"text": "' + noise(50 * MB) + b'"}]', "JSON_INVALID"),
    "JSON nested 100 000 deep": ("a.json", lambda: b"[" * 100_000 + b"]" * 100_000, "JSON_INVALID"),
    "JSON objects nested 100 000 deep": ("a.json", lambda: b'{"a":' * 100_000 + b"1" + b"}" * 100_000, "JSON_LINE_INVALID"),
    "a JSON number of 10 MB": ("a.json", lambda: b'[{"text": ' + b"9" * (10 * MB) + b"}]", "JSON_INVALID"),
    "JSON columns of 190 MB": ("a.json", lambda: b'{"text": [' + b"1," * (95 * MB) + b"1]}", "TOO_MANY_ROWS"),
    "190 MB of white space before JSON": ("a.json", lambda: b"[" + b" " * (190 * MB) + b"}", "JSON_INVALID"),
    "an archive called CSV": ("a.csv", lambda: b"7z\xbc\xaf\x27\x1c" + noise(1000), "ARCHIVE_REFUSED"),
    "a program called CSV": ("a.csv", lambda: b"MZ\x90\x00\x03\x00\x00\x00" + bytes(100) + noise(1000), "PROGRAM_REFUSED"),
    "a picture called JSON": ("a.json", lambda: b"\x89PNG\r\n\x1a\n" + bytes(100), "MEDIA_REFUSED"),
}  # fmt: skip
"""Name of the file, its bytes, and the code with which it is refused."""

_MEASURED = """
import json, os, resource, sys, time
from pathlib import Path
from engine.data.readers import ReadOptions, preview_file, read_with_notes
from engine.data.readers.workbook import open_workbook
from engine.errors import DataError
import engine.data.readers.several, openpyxl, pyarrow.parquet, charset_normalizer, zipfile

def peak():
    try:  # of this process alone; getrusage counts what the parent had
        return next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM")) / 1024
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2

def measure(path, name, room):
    options = ReadOptions(encoding="UTF-8", separator=",") if name.endswith(("csv", "txt")) else ReadOptions()
    before, began = peak(), time.process_time()
    preview = preview_file(path, name, options, room)
    looked = time.process_time() - began
    began, code = time.process_time(), ""
    try:
        read_with_notes(path, name, options, None, room)
    except DataError as problem:
        code = problem.code
    read = time.process_time() - began
    return {"code": code, "preview": preview.problem.code if preview.problem else "", "looked": looked, "read": read,
            "memory": peak() - before, "columns": len(preview.columns)}

for line in sys.stdin:
    path, name, room = json.loads(line)
    child = os.fork()
    if not child:
        print(json.dumps(measure(Path(path), name, Path(room))), flush=True)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    if status:
        print(json.dumps({"code": f"the reading process ended with status {status}"}), flush=True)
        os._exit(1)
"""


@contextmanager
def measuring() -> Iterator[Measure]:
    """How a file is looked at and read in a process of its own: codes, CPU seconds of each, and MB that the peak grew by.

    Each file's process is forked from one that has imported the readers and read nothing: the imports are paid once.
    """
    with subprocess.Popen(
        [sys.executable, "-c", _MEASURED], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as parent:  # fmt: skip
        assert parent.stdin and parent.stdout

        def measure(path: Path, name: str, room: Path) -> dict[str, float | str]:
            assert parent.stdin and parent.stdout
            parent.stdin.write(json.dumps([str(path), name, str(room)]) + "\n")
            parent.stdin.flush()
            found: dict[str, float | str] = json.loads(parent.stdout.readline())
            return found

        yield measure
        parent.stdin.close()
