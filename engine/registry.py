"""A registry lists a package: a new file in it is the whole change.

Used for modalities, cleaning steps, model families and checks. Importing an entry must stay light; heavy
libraries are imported inside the functions that only a worker calls.
"""

from __future__ import annotations

import importlib
import os
import pkgutil
import threading
from collections.abc import Iterator
from typing import Generic, Protocol, TypeVar

from engine.errors import N_, RecipeError, saying


class Named(Protocol):
    """What every registered thing has: a stable, language-neutral name."""

    @property
    def name(self) -> str: ...


T = TypeVar("T", bound=Named)


class UnknownName(RecipeError):
    code = "UNKNOWN_NAME"
    message = N_("There is no {kind} called “{name}”. Known: {known}.")
    remedy = N_("Correct the name in the recipe, or install the version of Bentu that has it.")


class Registry(Generic[T]):
    """Entries of one kind by name, found by importing the modules of its packages.

    Args:
        kind: what the entries are, a message id ("family").
        *packages: dotted packages whose modules register themselves on import.

    Example:
        >>> families: Registry[Family] = Registry("family", "engine.models.text")
        >>> families.get("tfidf_svm").name
        'tfidf_svm'
    """

    def __init__(self, kind: str, *packages: str) -> None:
        self.kind = kind
        self._packages = packages
        self._entries: dict[str, T] = {}
        self._loading = self._loaded = False
        self._lock = threading.RLock()

    def register(self, entry: T) -> T:
        """Add `entry`; a second entry of the same name is a programming error."""
        if entry.name in self._entries:
            raise ValueError(f"two entries called {entry.name!r} in the registry of {self.kind}")
        self._entries[entry.name] = entry
        return entry

    def unregister(self, name: str) -> None:
        """Take an entry out again (tests register toys)."""
        self._entries.pop(name, None)

    def get(self, name: str) -> T:
        """The entry called `name`; raises `UnknownName` with the known ones."""
        self._load()
        try:
            return self._entries[name]
        except KeyError:
            raise UnknownName(kind=saying(self.kind), name=name, known=", ".join(self._entries)) from None

    def __iter__(self) -> Iterator[T]:
        self._load()
        return iter(sorted(self._entries.values(), key=lambda e: (getattr(e, "order", 100), e.name)))

    def __contains__(self, name: str) -> bool:
        self._load()
        return name in self._entries

    def _load(self) -> None:
        if self._loaded:
            return
        with self._lock:  # another session's thread waits until all entries are there
            if self._loaded or self._loading:
                return
            self._loading = True
            try:
                self._import()
                self._loaded = True
            finally:
                self._loading = False

    def _import(self) -> None:
        for package_name in self._packages:
            package = importlib.import_module(package_name)
            for module in sorted(m.name for m in pkgutil.iter_modules(package.__path__)):
                importlib.import_module(f"{package_name}.{module}")
        # Modules of one's own that register more entries, named by whoever runs Bentu: "house.family,house.step".
        for module in filter(None, os.environ.get("BENTU_PLUGINS", "").split(",")):
            importlib.import_module(module.strip())
