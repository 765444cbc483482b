"""How much is accepted, and above what it is refused, before anything is half-imported.

Stage 1 (data). One place, so that the message, the check and the test name the same number.
"""

from __future__ import annotations

MAX_BYTES = 200 * 1024 * 1024
"""Largest file, in bytes."""

MAX_ROWS = 5_000_000
MAX_COLUMNS = 1_000

MAX_TEXT = 200_000
"""Longest cell or joined input, in characters; longer ones are refused."""

LONG_TEXT = 20_000
"""Characters above which a text earns a warning."""

MAX_LINE = 2_000_000
"""Longest physical line of a text file, in characters: keeps a file without line breaks out of memory."""

MAX_CLASSES = 10_000

MAX_UNPACKED = 1024 * 1024 * 1024
"""Largest table once unpacked (XLSX members, Parquet cells), in bytes."""

MAX_MEMBERS = 1_000
"""Members of a ZIP archive, a workbook's too."""

MAX_RATIO = 100
"""Unpacked over packed size of an archive or workbook: more is a bomb."""

RATIO_FROM = 1024 * 1024
"""Unpacked bytes from which the ratio counts: a small file of one repeated line is no bomb."""

MAX_DIRECTORY = 1024 * 1024
"""Bytes of a ZIP archive's table of contents: what is longer lists far more than `MAX_MEMBERS`."""

MAX_SHARED_TEXTS = 256 * 1024 * 1024
"""Unpacked bytes of the texts that the cells of a workbook share; they are held in memory."""

MAX_JSON_COLUMNS = 32 * 1024 * 1024
"""Characters of a JSON document that is written column by column: no row of it is whole before its end."""

MAX_JSON_COLUMN_ROWS = 200_000
"""Rows of such a document."""

MAX_FILES = 100
"""Files that become one dataset together."""

FINDING_ROWS = 1_000
"""Row ids that a finding carries at most."""
