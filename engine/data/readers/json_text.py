"""The text of a JSON document, read value by value from a window: what is read is forgotten.

Stage 1 (data). The decoder of the standard library parses whole values; this hands it one after the other.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, TextIO

from engine.data import errors, limits
from engine.data.readers.json_values import Spelled, decoder
from engine.errors import N_, DataError, saying

_CHUNK = 1 << 18
_CUT = 16
"""Characters before the end of the window where an error may only mean that the rest is not read yet."""

_SPACE = re.compile(r"[ \t\n\r]*")


class JsonText:
    """A place in a JSON document.

    Args:
        stream: decoded text.

    Raises:
        JsonInvalid: with the line, whatever is asked of a text that is no JSON, or has a value of more than
            `limits.MAX_LINE` characters.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream, self._text, self._at = stream, "", 0
        self._line, self._ended = 1, False
        self.passed = 0
        self._more()
        self._text = self._text.removeprefix("\ufeff")

    def peek(self) -> str:
        """The next character that is no white space; "" at the end."""
        while True:
            found = _SPACE.match(self._text, self._at)
            self._at = found.end() if found else self._at
            if self._at < len(self._text):
                return self._text[self._at]
            if not self._more():
                return ""

    def take(self, character: str) -> None:
        """Pass one that has to stand here."""
        if self.peek() != character:
            raise self.invalid(N_("“{character}” was expected"), character=character)
        self._at += 1

    def value(self) -> Any:
        """The whole value that begins here, numbers as `Spelled`."""
        self.peek()
        while True:
            try:
                value, end = decoder.raw_decode(self._text, self._at)
            except json.JSONDecodeError as problem:
                cut = problem.pos > len(self._text) - _CUT or problem.msg.startswith("Unterminated")
                if self._ended or not cut:
                    raise self._stopped(problem) from None
            except RecursionError:
                raise self.invalid(N_("it is nested too deeply")) from None
            except ValueError:
                raise self.invalid(N_("a key is there twice")) from None
            else:
                # a number at the end of the window may go on
                if self._ended or not isinstance(value, Spelled) or end < len(self._text) - _CUT:
                    self._at = end
                    return value
            if len(self._text) - self._at > limits.MAX_LINE:
                raise self.invalid(N_("one value has more than {limit} characters"), limit=limits.MAX_LINE)
            self._more()

    def items(self, opened: bool = False) -> Iterator[None]:
        """The places of an array's items, one after the other; each has to be passed before the next is asked for.

        Args:
            opened: the bracket that begins the array was taken already.
        """
        if not opened:
            self.take("[")
        if self.peek() != "]":
            yield
            while self.peek() == ",":
                self.take(",")
                yield
        self.take("]")

    def entries(self) -> Iterator[str]:
        """The keys of an object, each with the place at its value, which has to be passed before the next is asked for."""
        self.take("{")
        if self.peek() != "}":
            yield self._key()
            while self.peek() == ",":
                self.take(",")
                yield self._key()
        self.take("}")

    def finish(self) -> None:
        """Nothing but white space may follow."""
        if self.peek():
            raise self.invalid(N_("more text follows the document"))

    def invalid(self, problem: str, **params: Any) -> DataError:
        """What is wrong here, with the line."""
        return errors.JsonInvalid(line=self.line(), problem=saying(problem, **params))

    def line(self, at: int | None = None) -> int:
        """The number of the line at this place."""
        return self._line + self._text.count("\n", 0, self._at if at is None else at)

    def _key(self) -> str:
        if self.peek() != '"':
            raise self.invalid(N_("a key in quotation marks was expected"))
        key = self.value()
        self.take(":")
        return str(key)

    def _stopped(self, problem: json.JSONDecodeError) -> DataError:
        if problem.pos >= len(self._text) - 1:
            return self.invalid(N_("the document ends in the middle of a value"))
        what = saying(N_("“{found}” is not expected here"), found=self._text[problem.pos : problem.pos + 20])
        return errors.JsonInvalid(line=self.line(problem.pos), problem=what)

    def _more(self) -> bool:
        """Forget what was passed and read on; False at the end."""
        more = "" if self._ended else self._stream.read(_CHUNK)
        self._ended = not more
        self._line += self._text.count("\n", 0, self._at)
        self.passed += self._at
        self._text = self._text[self._at :] + more
        self._at = 0
        return bool(more)
