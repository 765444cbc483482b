"""From a file to a table of text cells: CSV, TSV, TXT, JSON, JSONL, XLSX and Parquet, plain or in a ZIP or
gzip file, known by their content.

Stage 1 (data). `preview_file` for the page, `read_table` and `read_several` for the job.
"""

from engine.data.errors import FileTooLarge
from engine.data.limits import MAX_BYTES
from engine.data.readers.encoding import ENCODINGS
from engine.data.readers.options import KINDS, TEXT_KINDS, Preview, ReadOptions
from engine.data.readers.preview import preview_file
from engine.data.readers.reading import read_table, read_with_notes
from engine.data.readers.several import (
    SOURCE_COLUMN,
    Source,
    read_several,
    source_column,
    source_names,
    united,
)
from engine.data.readers.sniff import check_readable
from engine.data.roles import suggest_roles

__all__ = [
    "ENCODINGS", "KINDS", "MAX_BYTES", "SOURCE_COLUMN", "TEXT_KINDS", "FileTooLarge", "Preview", "ReadOptions", "Source",
    "check_readable", "preview_file", "read_several", "read_table", "read_with_notes", "source_column", "source_names",
    "suggest_roles", "united",
]  # fmt: skip
