"""Scripts of these tests run as those of the page tests do."""

from __future__ import annotations

from tests.pages.conftest import one_compilation

__all__ = ["one_compilation"]
