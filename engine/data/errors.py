"""What a file can get wrong. Each error says what was expected, what came, and what to do next.

    DataError
    ├── EmptyFile, NoRows, FileTooLarge, TooManyRows, TooManyColumns, LineTooLong, TextTooLong, TableTooLarge
    ├── ArchiveRefused, ProgramRefused, DocumentRefused, MediaRefused, ModelRefused, BinaryRefused
    ├── OldWorkbookRefused, LockedWorkbookRefused, WorkbookDamaged, UnknownSheet
    ├── ArchiveUnsafe, ArchiveNested, ArchiveLocked, ArchiveDamaged, NothingToRead, UnknownMember
    ├── UnknownEncoding, EncodingUncertain, InvalidBytes, NulBytes
    ├── InvalidSeparator, RaggedRows, UnclosedQuote, TextAfterQuote
    ├── DuplicateColumns, EmptyColumnNames, ReservedColumn, RenameMismatch
    ├── JsonLineInvalid, JsonNotLines, JsonInvalid, JsonShape, ParquetDamaged, BinaryColumn, UnknownKind
    ├── ProblemInFile, ColumnsDiffer, TooManyFiles
    └── TooManyClasses, ColumnsMissing

Stage 1 (data). "Row" is a data row, counted from 1 without the header; "line" is a line of the file.
"""

from __future__ import annotations

from engine.errors import N_, DataError


class EmptyFile(DataError):
    code = "EMPTY_FILE"
    message = N_("The file “{name}” is empty.")
    remedy = N_("Export it again and check that the export has finished.")


class NoRows(DataError):
    code = "NO_ROWS"
    message = N_("The file has a header ({columns}) but no rows below it.")
    remedy = N_("Add at least one row of data, or check that the right sheet or file was chosen.")


class FileTooLarge(DataError):
    code = "FILE_TOO_LARGE"
    message = N_("The file has {size}; at most {limit} can be read.")
    remedy = N_("Split the file, or leave out columns that are not needed.")


class TooManyRows(DataError):
    code = "TOO_MANY_ROWS"
    message = N_("The file has more than {limit} rows.")
    remedy = N_("Split the file, or take a random sample of its rows.")


class TooManyColumns(DataError):
    code = "TOO_MANY_COLUMNS"
    message = N_("The file has {found} columns; at most {limit} can be read.")
    remedy = N_("Keep only the columns with text, label and notes, or check the separator.")


class LineTooLong(DataError):
    code = "LINE_TOO_LONG"
    message = N_("Line {line} has more than {limit} characters.")
    remedy = N_("Check that the file has line breaks and that this is its real encoding.")


class TextTooLong(DataError):
    code = "TEXT_TOO_LONG"
    message = N_(
        "Row {row}, column “{column}”: the text has {length} characters; at most {limit} are accepted."
    )
    remedy = N_("Cut the text into parts, or leave this row out.")


class TableTooLarge(DataError):
    code = "TABLE_TOO_LARGE"
    message = N_("Unpacked, the table takes more than {limit}.")
    remedy = N_("Split the file, or leave out columns that are not needed.")


class ArchiveRefused(DataError):
    code = "ARCHIVE_REFUSED"
    message = N_("“{name}” is a packed archive ({format}), not a table.")
    remedy = N_(
        "Unpack it and choose the table inside, or pack it as ZIP or gzip, which are read as they are."
    )


class ProgramRefused(DataError):
    code = "PROGRAM_REFUSED"
    message = N_("“{name}” is a program ({format}), whatever its name says. It was not opened.")
    remedy = N_(
        "Choose a CSV, TSV, XLSX, JSONL, Parquet or TXT file, and be careful with where this one came from."
    )


class DocumentRefused(DataError):
    code = "DOCUMENT_REFUSED"
    message = N_("“{name}” is a document ({format}), not a table.")
    remedy = N_("Copy its table into a spreadsheet and save that as CSV (UTF-8) or XLSX.")


class MediaRefused(DataError):
    code = "MEDIA_REFUSED"
    message = N_("“{name}” holds images, sound or video ({format}), not texts.")
    remedy = N_("Choose a CSV, TSV, XLSX, JSONL, Parquet or TXT file with one text a row.")


class ModelRefused(DataError):
    code = "MODEL_UNTRUSTED"
    message = N_(
        "“{name}” is a model or program data ({format}). Opening it could run foreign code, so it was not opened."
    )
    remedy = N_("Choose a CSV, TSV, XLSX, JSONL, Parquet or TXT file with one text a row.")


class BinaryRefused(DataError):
    code = "BINARY_REFUSED"
    message = N_("“{name}” holds binary data ({format}), not a table of texts.")
    remedy = N_("Export the data as CSV (UTF-8), XLSX, JSONL, Parquet or TXT.")


class OldWorkbookRefused(DataError):
    code = "OLD_WORKBOOK"
    message = N_("“{name}” is a workbook or document of the old Office format (before 2007).")
    remedy = N_("Open it in Excel, WPS or LibreOffice and save it as XLSX or as CSV (UTF-8).")


class LockedWorkbookRefused(DataError):
    code = "LOCKED_WORKBOOK"
    message = N_("“{name}” is protected with a password, so its cells cannot be read.")
    remedy = N_("Open it, remove the password, save it, and choose it again.")


class WorkbookDamaged(DataError):
    code = "WORKBOOK_DAMAGED"
    message = N_("The workbook “{name}” cannot be read: it is damaged or not complete.")
    remedy = N_("Open it in Excel, WPS or LibreOffice and save it again as XLSX or CSV (UTF-8).")


class ArchiveUnsafe(DataError):
    code = "ARCHIVE_UNSAFE"
    message = N_("“{name}” is not safe to unpack, so it was not opened: {reason}.")
    remedy = N_("Be careful with where this file came from. Save the table as CSV (UTF-8) and choose that file.")  # fmt: skip


class ArchiveNested(DataError):
    code = "ARCHIVE_NESTED"
    message = N_("“{name}” holds another archive ({member}); archives inside archives are not unpacked.")
    remedy = N_("Unpack it and choose the table inside, or pack the tables themselves.")


class ArchiveLocked(DataError):
    code = "ARCHIVE_LOCKED"
    message = N_("“{name}” is protected with a password, so it cannot be unpacked.")
    remedy = N_("Unpack it with its password and choose the table inside.")


class ArchiveDamaged(DataError):
    code = "ARCHIVE_DAMAGED"
    message = N_("The archive “{name}” cannot be unpacked: it is damaged, not complete or packed in an unusual way.")  # fmt: skip
    remedy = N_("Pack it again as an ordinary ZIP or gzip file, or choose the table inside.")


class NothingToRead(DataError):
    code = "NOTHING_TO_READ"
    message = N_("The archive “{name}” holds no file that can be read as a table. It holds: {members}.")
    remedy = N_("Choose an archive with a CSV, TSV, XLSX, JSON, JSONL, Parquet or TXT file inside.")


class UnknownMember(DataError):
    code = "UNKNOWN_MEMBER"
    message = N_("The archive has no readable file “{member}”. It has: {members}.")
    remedy = N_("Choose one of these files.")


class UnknownSheet(DataError):
    code = "UNKNOWN_SHEET"
    message = N_("The workbook has no visible sheet “{sheet}”. It has: {sheets}.")
    remedy = N_("Choose one of these sheets.")


class UnknownKind(DataError):
    code = "UNKNOWN_KIND"
    message = N_("“{kind}” is no kind of file that can be read here. Known: {known}.")
    remedy = N_("Choose one of these kinds, or leave it open.")


class UnknownEncoding(DataError):
    code = "UNKNOWN_ENCODING"
    message = N_("“{encoding}” is no encoding that can be read here. Known: {known}.")
    remedy = N_("Choose one of these encodings.")


class EncodingUncertain(DataError):
    code = "ENCODING_UNCERTAIN"
    message = N_("The encoding of “{name}” is not certain; it could be {candidates}.")
    remedy = N_("Look at the decoded rows and choose the encoding in which they read well.")


class InvalidBytes(DataError):
    code = "INVALID_BYTES"
    message = N_(
        "{count} {count:place is|places are} not valid {encoding}; the first is on line {line} (byte {offset})."
    )
    remedy = N_("Choose another encoding, correct the file, or agree to put the sign � in these places.")


class NulBytes(DataError):
    code = "NUL_BYTES"
    message = N_("There is a NUL byte on line {line} (byte {offset}), which no text holds.")
    remedy = N_("The file is damaged or of another kind. Export it again as CSV (UTF-8).")


class InvalidSeparator(DataError):
    code = "INVALID_SEPARATOR"
    message = N_(
        "The separator must be one character other than a quotation mark or a line break. Got {separator}."
    )
    remedy = N_("Choose comma, semicolon, tab or vertical bar.")


class RaggedRows(DataError):
    code = "RAGGED_ROWS"
    message = N_(
        "Row {row} (line {line}) has {found} {found:field|fields}, but the header has {expected}. Rows like this: {count}."
    )
    remedy = N_("Put texts that hold the separator between quotation marks, or choose another separator; for one text a line choose the kind TXT.")  # fmt: skip


class UnclosedQuote(DataError):
    code = "UNCLOSED_QUOTE"
    message = N_("The quotation mark opened on line {line} is never closed.")
    remedy = N_("Close it or write it twice; if quotation marks are ordinary characters in this file, say so when reading it.")  # fmt: skip


class TextAfterQuote(DataError):
    code = "TEXT_AFTER_QUOTE"
    message = N_("On line {line} more text follows a closing quotation mark (opened on line {opened}).")
    remedy = N_("Write quotation marks inside a field twice; if they are ordinary characters in this file, say so when reading it.")  # fmt: skip


class DuplicateColumns(DataError):
    code = "DUPLICATE_COLUMNS"
    message = N_("Several columns have the same name: {names}.")
    remedy = N_("Give each column a name of its own.")


class EmptyColumnNames(DataError):
    code = "EMPTY_COLUMN_NAMES"
    message = N_("Columns without a name, counted from the left: {positions}.")
    remedy = N_("Give each column a name, or remove these columns from the file.")


class ReservedColumn(DataError):
    code = "RESERVED_COLUMN"
    message = N_("The column name “{name}” is used by Bentu itself.")
    remedy = N_("Give this column another name.")


class RenameMismatch(DataError):
    code = "RENAME_MISMATCH"
    message = N_(
        "{found} new column {found:name was|names were} given for {expected} {expected:column|columns}."
    )
    remedy = N_("Give one name for each column, in the order of the file.")


class JsonLineInvalid(DataError):
    code = "JSON_LINE_INVALID"
    message = N_("Line {line} is not one JSON object: {problem}.")
    remedy = N_("Write one JSON object a line (JSON Lines), for example made by an export with “lines”.")


class JsonNotLines(DataError):
    code = "JSON_NOT_LINES"
    message = N_("“{name}” is one JSON document, not one JSON object a line.")
    remedy = N_("Read it as JSON, or save it as JSON Lines (one object a line).")


class JsonInvalid(DataError):
    code = "JSON_INVALID"
    message = N_("The file stops being JSON on line {line}: {problem}.")
    remedy = N_("Export it again and check that the export has finished, or save the table as CSV (UTF-8).")


class JsonShape(DataError):
    code = "JSON_SHAPE"
    message = N_("There is no table in this JSON document: {problem}.")
    remedy = N_("Save it as an array of objects, as JSON Lines or as CSV.")


class ParquetDamaged(DataError):
    code = "PARQUET_DAMAGED"
    message = N_(
        "The Parquet file “{name}” cannot be read: it is damaged, not complete or of an unknown kind."
    )
    remedy = N_("Write it again, or export the table as CSV (UTF-8).")


class BinaryColumn(DataError):
    code = "BINARY_COLUMN"
    message = N_("The column “{column}” holds binary data in row {row}, not text.")
    remedy = N_("Leave this column out of the file, or turn it into text.")


class ProblemInFile(DataError):
    code = "PROBLEM_IN_FILE"
    message = N_("In the file “{name}”: {problem}")
    remedy = "{remedy}"


class ColumnsDiffer(DataError):
    code = "COLUMNS_DIFFER"
    message = N_("The files do not have the same columns. “{name}” differs from “{first}”: {problem}.")
    remedy = N_("Rename the columns of this file, leave it out, or agree to empty cells where a file has no such column.")  # fmt: skip


class TooManyFiles(DataError):
    code = "TOO_MANY_FILES"
    message = N_("{found} files were chosen; at most {limit} become one dataset.")
    remedy = N_("Join some of them before, or save them as several datasets.")


class TooManyClasses(DataError):
    code = "TOO_MANY_CLASSES"
    message = N_("The column “{column}” has {found} different labels; at most {limit} are accepted.")
    remedy = N_("Check that this column really is the label and not the text or an id.")


class ColumnsMissing(DataError):
    code = "COLUMNS_MISSING"
    message = N_("The table lacks columns that its roles name: {columns}.")
    remedy = N_("Choose the roles again for this file.")
