"""The models that answer, loaded once: verified before, changed while answers go on, and never worse than the last good one.

Stage 6b (serving). A new version is loaded in a thread of its own while the former one answers. One that does not verify is told
to the owner and tried again after a while; the demo keeps the version that it has. A process that has just started falls
back to the version before.
"""

from __future__ import annotations

import hashlib
import json
import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NotYet
from dataclasses import dataclass
from pathlib import Path

from engine.errors import BentuError
from engine.packaging.bundle import open_bundle
from engine.serving.errors import ModelUnavailable, ModelUnloadable
from engine.serving.links import Alert
from engine.serving.predictor import ServedModel
from engine.serving.publication import BUNDLES, Publication, PublishedModel

log = logging.getLogger(__name__)

MOST_MODELS = 8
MOST_BYTES = 400_000_000
"""Models kept in memory: at most so many, and so large on disk together; the longest unused leaves first."""

PATIENCE = 2.0
"""Seconds that the request which notices a new version waits for it; then, and for all others, the former one answers."""

LOAD_SECONDS = 60.0
"""How long requests wait where there is no model at all yet."""

RETRY_SECONDS = 30.0
"""After a failure, when to look at a bundle again."""


@dataclass(frozen=True)
class Serving:
    """A loaded model and its number among the versions of the demo."""

    model: ServedModel
    number: int


@dataclass(frozen=True)
class _Failure:
    error: BentuError
    until: float


class Pool:
    """Loaded models by bundle, shared by all demos of the process. Safe to share between threads.

    Args:
        home: the demo's home.
        public: the owner's public key.
        alert: tells the owner which version could not be loaded.
        clock: seconds that only grow.
    """

    def __init__(
        self, home: Path, public: str, alert: Alert, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._folder = home / BUNDLES
        self._public = public
        self._alert = alert
        self._clock = clock
        self._lock = (
            threading.Lock()
        )  # held for dictionary work only, never while a model is loaded or answers
        self._models: OrderedDict[str, tuple[ServedModel, int]] = OrderedDict()
        self._loading: dict[str, Future[ServedModel]] = {}
        self._failed: dict[str, _Failure] = {}
        self._last: dict[str, PublishedModel] = {}

    def get(self, publication: Publication) -> Serving:
        """The model to answer with now: the published version, or the last good one while that is not to be had.

        Raises:
            ModelUnavailable: no version of this demo can be loaded.
        """
        wanted = publication.model
        model = self._loaded(wanted)
        if model is None:
            last = self._last.get(publication.demo)
            former = self._loaded(last) if last else None
            if last is not None and former is not None:
                model = self._renewed(publication)
                if model is None:
                    return Serving(former, last.number)
        if model is None:
            wanted, model = self._first(publication)
        self._last[publication.demo] = wanted
        return Serving(model, wanted.number)

    def warm(self, publication: Publication) -> int:
        """Start loading what is not loaded yet, without waiting; the number of the version that would answer now."""
        if self._loaded(publication.model) is not None:
            return publication.model.number
        self._start(publication.model.bundle)
        return self._last.get(publication.demo, publication.model).number

    def _renewed(self, publication: Publication) -> ServedModel | None:
        """The published version, if it comes soon; only the request that starts to load it waits at all."""
        future, mine = self._start(publication.model.bundle)
        if future is not None and (mine or future.done()):
            try:
                return future.result(timeout=PATIENCE)
            except (BentuError, NotYet):
                pass
        self._report(publication, publication.model)
        return None

    def _first(self, publication: Publication) -> tuple[PublishedModel, ServedModel]:
        """The first version that loads: the published one, the last good one of this process, the one before."""
        last = self._last.get(publication.demo)
        for candidate in dict.fromkeys((publication.model, last, publication.former)):
            if candidate is None:
                continue
            future, _ = self._start(candidate.bundle)
            if future is not None:
                try:
                    return candidate, future.result(timeout=LOAD_SECONDS)
                except (BentuError, NotYet):
                    pass
            self._report(publication, candidate)
        raise ModelUnavailable()

    def _loaded(self, wanted: PublishedModel) -> ServedModel | None:
        with self._lock:
            found = self._models.get(wanted.bundle)
            if found is None:
                return None
            self._models.move_to_end(wanted.bundle)
            return found[0]

    def _start(self, bundle: str) -> tuple[Future[ServedModel] | None, bool]:
        """The loading of a bundle and whether this call began it; None while it is not to be tried again."""
        with self._lock:
            running = self._loading.get(bundle)
            if running is not None:
                return running, False
            if (loaded := self._models.get(bundle)) is not None:  # finished since the caller looked
                ready: Future[ServedModel] = Future()
                ready.set_result(loaded[0])
                return ready, False
            failure = self._failed.get(bundle)
            if failure is not None and self._clock() < failure.until:
                return None, False
            future: Future[ServedModel] = Future()
            self._loading[bundle] = future
        threading.Thread(target=self._load, args=(bundle, future), name="load", daemon=True).start()
        return future, True

    def _load(self, bundle: str, future: Future[ServedModel]) -> None:
        folder = self._folder / bundle
        try:
            model = ServedModel(open_bundle(folder, trusted=self._public, digest=bundle))
            size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
        except Exception as problem:
            log.warning("the bundle %s cannot be served: %s", bundle[:12], problem)
            error = problem if isinstance(problem, BentuError) else _unforeseen(problem)
            with self._lock:
                self._failed[bundle] = _Failure(error, self._clock() + RETRY_SECONDS)
                del self._loading[bundle]
            future.set_exception(error)
            return
        with self._lock:
            self._models[bundle] = model, size
            self._failed.pop(bundle, None)
            del self._loading[bundle]
            while len(self._models) > 1 and (
                len(self._models) > MOST_MODELS or sum(s for _, s in self._models.values()) > MOST_BYTES
            ):
                self._models.popitem(last=False)
        future.set_result(model)

    def _report(self, publication: Publication, model: PublishedModel) -> None:
        """Tell the owner why a version does not answer, once for each reason."""
        failure = self._failed.get(model.bundle)
        if failure is not None:
            reason = json.dumps(failure.error.to_json(), sort_keys=True, default=str)
            key = hashlib.sha256(f"{model.bundle} {reason}".encode()).hexdigest()[:32]
            self._alert(publication.demo, key, failure.error)


def _unforeseen(problem: Exception) -> ModelUnloadable:
    return ModelUnloadable(problem=f"{type(problem).__name__}: {problem}")
