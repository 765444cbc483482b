"""What is kept of results: the latest of a key, whoever writes at the same time."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from sqlalchemy import Engine

from engine.services.scope import Scope
from tests.storage.conftest import database, server_schema

__all__ = ["database", "server_schema"]


def test_processes_that_keep_a_result_of_one_key_at_once_do_not_fail(database: Engine) -> None:
    """As the workers of a search do after each candidate."""
    scope = Scope("me", database)

    def keep(number: int) -> None:
        for turn in range(20):
            scope.cache("search", "one", {"number": number, "turn": turn})

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(keep, range(4)))
    kept = scope.cached("search", "one")
    assert kept is not None and kept["turn"] == 19
