"""From a file to a table of text cells: CSV, TSV, TXT, JSONL, XLSX and Parquet, known by their content.

Stage 1 (data). `preview_file` for the page, `read_table` for the job.
"""

from engine.data.errors import FileTooLarge
from engine.data.limits import MAX_BYTES
from engine.data.readers.encoding import ENCODINGS
from engine.data.readers.options import KINDS, TEXT_KINDS, Preview, ReadOptions
from engine.data.readers.preview import preview_file
from engine.data.readers.reading import read_table, read_with_notes
from engine.data.readers.sniff import check_readable
from engine.data.roles import suggest_roles

__all__ = [
    "ENCODINGS", "KINDS", "MAX_BYTES", "TEXT_KINDS", "FileTooLarge", "Preview", "ReadOptions", "check_readable",
    "preview_file", "read_table", "read_with_notes", "suggest_roles",
]  # fmt: skip
