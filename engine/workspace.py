"""The facade: everything that pages, the HTTP API and the command line may ask of the engine.

Example:
    >>> ws = open_workspace()
    >>> ws.projects.list()
    []
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from engine.errors import BentuError
from engine.jobs.events import JobEvent as Event
from engine.jobs.job import Job
from engine.jobs.presence import WorkerState, hold_ui_lock, keep_supervisor
from engine.services.augmentations import Augmentations, GrownClass
from engine.services.circle import Circle
from engine.services.contents import Contents
from engine.services.corrections import Basis, Corrections, VersionChanges
from engine.services.costs import TooLarge
from engine.services.datasets import Dataset, DatasetDeletion, Datasets, DatasetVersion
from engine.services.demo_link import DemoServer
from engine.services.demo_process import (
    close_desks,
    desk,
    require_demo_options,
    serve_demos,
    start_demo_server,
)
from engine.services.demo_view import Alert, Demo, ModelVersion, Promotion
from engine.services.demos import Demos
from engine.services.desk import Desk, PublishedDemo, Receipt, open_desk
from engine.services.differences import Differences, Trace, VersionDifference
from engine.services.draining import keep_draining
from engine.services.evaluations import Evaluation, Evaluations, Opening
from engine.services.exporting import Export, Exports
from engine.services.findings import DEEP_ROWS, Aside, Effect, Findings, FoundRows
from engine.services.inbox import Inbox, Source
from engine.services.inbox_items import Item
from engine.services.intake import Arrival, Uploads, withdraw_sent
from engine.services.jobs import Jobs
from engine.services.lexicons import Lexicons, StoredLexicon
from engine.services.localities import Localities, Locality
from engine.services.map_sources import MapSource
from engine.services.mapping import Maps
from engine.services.presets import PresetLine, PresetOffer, Presets
from engine.services.projects import Deletion, Project, Projects, StepState
from engine.services.promotions import GateView
from engine.services.publishing import sync_publications
from engine.services.recipes import FamilyCard, Recipes
from engine.services.runs import Run, Runs
from engine.services.scope import Scope
from engine.services.search_more import More
from engine.services.search_plan import Plan, SearchDraft
from engine.services.search_records import Candidate, Insight, Search, SearchHead
from engine.services.searches import Searches
from engine.services.settings import Settings
from engine.services.splits import Splits, SplitView
from engine.services.trials import Trial, Trials
from engine.services.uploads import Upload
from engine.services.work import know_errors
from engine.serving.answers import Answer
from engine.storage.database import open_database
from engine.storage.errors import LowSpace
from engine.storage.migrations import migrate

__all__ = [
    "DEEP_ROWS",
    "Alert",
    "Answer",
    "Arrival",
    "Aside",
    "Basis",
    "Candidate",
    "Circle",
    "Dataset",
    "DatasetDeletion",
    "DatasetVersion",
    "Deletion",
    "Demo",
    "DemoServer",
    "Desk",
    "Effect",
    "Evaluation",
    "Event",
    "Export",
    "FamilyCard",
    "FoundRows",
    "GateView",
    "GrownClass",
    "Insight",
    "Item",
    "Job",
    "Locality",
    "MapSource",
    "ModelVersion",
    "More",
    "Opening",
    "Plan",
    "PresetLine",
    "PresetOffer",
    "Project",
    "Promotion",
    "PublishedDemo",
    "Receipt",
    "Run",
    "Search",
    "SearchDraft",
    "SearchHead",
    "Source",
    "SplitView",
    "StepState",
    "StoredLexicon",
    "TooLarge",
    "Trace",
    "Trial",
    "Upload",
    "VersionChanges",
    "VersionDifference",
    "WorkerState",
    "Workspace",
    "close_desks",
    "desk",
    "open_desk",
    "open_scope",
    "open_workspace",
    "require_demo_options",
    "serve_demos",
    "start_demo_server",
    "start_services",
    "withdraw_sent",
]  # fmt: skip

log = logging.getLogger(__name__)

LOCAL_OWNER = "local"
"""The one owner of an installation without accounts."""


class Workspace:
    """The engine as one owner may use it; safe to share between threads. One attribute a noun."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self.projects = Projects(scope)
        self.uploads = Uploads(scope)
        self.datasets = Datasets(scope)
        self.contents = Contents(scope)
        self.findings = Findings(scope)
        self.differences = Differences(scope)
        self.exports = Exports(scope)
        self.maps = Maps(scope)
        self.localities = Localities(scope)
        self.splits = Splits(scope)
        self.recipes = Recipes(scope)
        self.augmentations = Augmentations(scope)
        self.lexicons = Lexicons(scope)
        self.presets = Presets(scope)
        self.runs = Runs(scope)
        self.trials = Trials(scope)
        self.searches = Searches(scope)
        self.evaluations = Evaluations(scope)
        self.demos = Demos(scope)
        self.inbox = Inbox(scope)
        self.corrections = Corrections(scope)
        self.jobs = Jobs(scope)
        self.settings = Settings(scope)


def open_scope(owner: str = LOCAL_OWNER) -> Scope:
    """The owner over the database and the artifact store that the environment names; migrates if needed."""
    engine = open_database()
    migrate(engine)
    return Scope(owner, engine)


def open_workspace(owner: str = LOCAL_OWNER) -> Workspace:
    """A workspace on the database and the artifact store that the environment names."""
    know_errors()
    return Workspace(open_scope(owner))


@contextmanager
def start_services() -> Iterator[Workspace]:
    """What a user interface needs beside itself: a migrated database, the samples, and a living supervisor.

    The supervisor is detached: it outlives the interface while jobs run, and leaves by itself afterwards.
    """
    workspace = open_workspace()
    try:
        workspace.projects.add_first_samples()
    except LowSpace as problem:  # looking at what is there must still be possible; the next start adds them
        log.warning("the samples are put off: %s", problem)
    try:
        sync_publications(workspace.scope.engine)
    except (BentuError, OSError) as problem:  # visitors keep what they had; the next start tries again
        log.warning("the demos are not brought up to date: %s", problem)
    with hold_ui_lock():
        stop_keeping, stop_draining = keep_supervisor(), keep_draining(workspace.scope.engine)
        try:
            yield workspace
        finally:
            stop_draining()
            stop_keeping()
