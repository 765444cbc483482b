"""Which run answers in a demo: promote another one through the gate, or go back; one atomic switch for visitors.

Order: the bundle is laid out, then the row changes by compare-and-set on its serial number, then the document follows. Until the
last step visitors get the former version, after it the new one, and every answer names its version.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, func, select, update

from engine.errors import N_, NotFound, saying
from engine.evaluation.result import Difference
from engine.feedback.gate import ENOUGH, Part, enough, gate_part, require_not_worse
from engine.jobs.job import Job
from engine.packaging.parity import REQUIRED
from engine.services import demo_bundles, publishing
from engine.services.demo_errors import (
    AlreadyServing,
    ComparisonMissing,
    DemoChanged,
    DemoRevoked,
    NoFormerVersion,
    ParityTooLow,
    RunUnpublishable,
)
from engine.services.demo_view import KIND
from engine.services.evaluations import Evaluations
from engine.services.runs import Run, Runs
from engine.services.scope import Scope
from engine.storage.clock import now
from engine.storage.database import read, write
from engine.storage.tables import demo, model_version, new_id, promotion, run

MAX_REASON = 1000


@dataclass(frozen=True)
class GateView:
    """Candidate against the demo's model: on which rows, by which figure, and what came out (None: not compared yet).

    `same_test` is whether both have the same test set; where they have not, the validation rows that they share decide.
    """

    current: Run
    candidate: Run
    part: Part
    metric: str
    difference: Difference | None
    same_test: bool = True
    least: int = ENOUGH
    """Common rows that a comparison needs once edits left rows out of it."""

    @property
    def too_few(self) -> bool:
        """Whether edits left too few common rows for the comparison to let anything pass."""
        return self.difference is not None and not enough(self.difference)


def publishable(scope: Scope, run_id: str, reason: str) -> tuple[Run, str, dict[str, Any], str | None]:
    """A run that may be shared: itself, its bundle, its parity, and the reason if it needs one.

    Raises:
        RunUnpublishable: it has no model.
        ParityTooLow: below the required agreement, and no reason was given.
    """
    found = Runs(scope).get(run_id)
    bundle = scope.row(run, run_id, "run").bundle
    if found.state != "succeeded" or bundle is None:
        raise RunUnpublishable(name=found.name)
    parity = dict(found.parity or {})
    agreement = float(parity.get("agreement", 0.0))
    if agreement >= REQUIRED:
        return found, bundle, parity, None
    if not reason.strip():
        raise ParityTooLow(
            # 99.49 must not be shown as the 99.5 that it does not reach
            name=found.name, agreement=f"{int(agreement * 10_000) / 100:.2f} %", rows=int(parity.get("n", 0)),
            required=f"{REQUIRED * 100:.1f} %",
        )  # fmt: skip
    return found, bundle, parity, reason.strip()[:MAX_REASON]


def gate(scope: Scope, demo_id: str, run_id: str) -> GateView:
    """The comparison that decides whether a run may become the demo's model, as far as it was made."""
    row = scope.row(demo, demo_id, KIND)
    served = scope.row(model_version, row.version_id, KIND).run_id
    if served == run_id:
        raise AlreadyServing(name=Runs(scope).get(run_id).name)
    current, candidate = Runs(scope).get(served), Runs(scope).get(run_id)
    if candidate.project_id != row.project_id or candidate.state != "succeeded":
        raise RunUnpublishable(name=candidate.name)
    opened = [Evaluations(scope).get(r.id, "test") is not None for r in (current, candidate)]
    same_test = (current.drawn_id, current.test_name) == (candidate.drawn_id, candidate.test_name)
    part = gate_part(opened[0], opened[1], same_test)
    metric = current.recipe.evaluation.metric
    found = Evaluations(scope).comparison([current.id, candidate.id], part, metric)
    return GateView(current, candidate, part, metric, found[0] if found else None, same_test)


def start_gate(scope: Scope, demo_id: str, run_id: str) -> Job:
    """Compare a run with the demo's model, as a job; raises `NotComparable` where there are no common rows."""
    view = gate(scope, demo_id, run_id)
    return Evaluations(scope).start_comparison([view.current.id, view.candidate.id], view.part, view.metric)


def promote(scope: Scope, demo_id: str, run_id: str, serial: int, reason: str) -> None:
    """Make a run the demo's model."""
    row = unchanged(scope, demo_id, serial)
    found, bundle, parity, override = publishable(scope, run_id, reason)
    view = gate(scope, demo_id, run_id)
    if view.difference is None:
        raise ComparisonMissing(candidate=found.name, current=view.current.name)
    require_not_worse(view.difference, current=view.current.name, candidate=found.name)
    comparison = {"part": view.part, "difference": view.difference.model_dump()}
    with demo_bundles.bundles_kept():
        manifest = demo_bundles.prepare_bundle(bundle)
        with write(scope.engine, durable=True) as connection:
            claim(connection, row, serial)
            version_id = add_version(connection, row, run_id, bundle, manifest, parity, override)
            record(connection, row, version_id, "promote", comparison)
    publishing.settle(scope.engine, demo_id)


def back(scope: Scope, demo_id: str, serial: int) -> None:
    """Return to the former version. What the current bundle looks like by now does not matter: it is not opened."""
    row = unchanged(scope, demo_id, serial)
    with read(scope.engine) as connection:
        former = publishing.former_version(connection, demo_id)
    if former is None:
        raise NoFormerVersion(title=row.title)
    with demo_bundles.bundles_kept():
        manifest = demo_bundles.prepare_bundle(former.bundle, former.manifest)
        with write(scope.engine, durable=True) as connection:
            claim(connection, row, serial)
            connection.execute(
                update(model_version).where(model_version.c.id == former.id).values(manifest=manifest)
            )
            record(connection, row, former.id, "back", None)
    publishing.settle(scope.engine, demo_id)


def unchanged(scope: Scope, demo_id: str, serial: int) -> Any:
    """The demo's row if it is the one that the caller saw; raises `DemoRevoked` or `DemoChanged`."""
    row = scope.row(demo, demo_id, KIND)
    if row.state == "revoked":
        raise DemoRevoked(title=row.title)
    if row.serial != serial:
        with read(scope.engine) as connection:
            raise _what_happened(connection, row)
    return row


def claim(connection: Connection, row: Any, serial: int, **values: Any) -> None:
    """Compare-and-set: give the demo its next serial number if it still has the one that the caller saw."""
    changed = connection.execute(
        update(demo)
        .where(
            demo.c.id == row.id,
            demo.c.owner == row.owner,
            demo.c.serial == serial,
            demo.c.state != "revoked",
        )
        .values(serial=serial + 1, updated=now(), **values)
    ).rowcount
    if not changed:
        newer = connection.execute(select(demo).where(demo.c.id == row.id)).one_or_none()
        raise _what_happened(connection, newer) if newer is not None else DemoRevoked(title=row.title)


def add_version(
    connection: Connection, row: Any, run_id: str, bundle: str, manifest: str, parity: Mapping[str, Any],
    override: str | None,
) -> str:  # fmt: skip
    """The id of the model version that a run is in a demo; numbered anew if it never was one."""
    living = select(run.c.id).where(run.c.id == run_id, run.c.deleted.is_(None))
    if connection.scalar(living) is None:  # deleted while its bundle was laid out
        raise NotFound(kind="run", id=run_id)
    of_demo = model_version.c.demo_id == row.id
    known = connection.scalar(select(model_version.c.id).where(of_demo, model_version.c.run_id == run_id))
    values = {"manifest": manifest, "override_reason": override, "parity": dict(parity), "bundle": bundle}
    if known is not None:
        connection.execute(update(model_version).where(model_version.c.id == known).values(**values))
        return str(known)
    last = connection.scalar(select(func.max(model_version.c.number)).where(of_demo)) or 0
    version_id = new_id("mdv")
    connection.execute(
        model_version.insert().values(
            id=version_id, owner=row.owner, demo_id=row.id, run_id=run_id, number=last + 1, created=now(), **values
        )
    )  # fmt: skip
    return version_id


def record(
    connection: Connection, row: Any, version_id: str, kind: str, comparison: Mapping[str, Any] | None
) -> None:
    """Switch the row to a version and note how it came to that."""
    last = connection.scalar(select(func.max(promotion.c.at)).where(promotion.c.demo_id == row.id))
    at = now()
    if last is not None and at <= last:  # the order says where "back" leads, whatever became of the clock
        at = last + timedelta(microseconds=1)
    connection.execute(
        promotion.insert().values(
            id=new_id("pro"), owner=row.owner, demo_id=row.id, version_id=version_id, former_id=row.version_id,
            kind=kind, comparison=comparison, at=at,
        )
    )  # fmt: skip
    connection.execute(update(demo).where(demo.c.id == row.id).values(version_id=version_id))


def _what_happened(connection: Connection, row: Any) -> Exception:
    """Why a change came too late, by name: what became the model, or that the settings were saved."""
    if row.state == "revoked":
        return DemoRevoked(title=row.title)
    latest = connection.execute(
        select(promotion.c.at, promotion.c.kind, model_version.c.number, run.c.name)
        .join(model_version, model_version.c.id == promotion.c.version_id)
        .join(run, run.c.id == model_version.c.run_id)
        .where(promotion.c.demo_id == row.id)
        .order_by(promotion.c.at.desc())
        .limit(1)
    ).one_or_none()
    # the row is stamped a moment before the promotion is, in one transaction
    if latest is not None and latest.at >= row.updated:
        words = {
            "back": N_("it went back to version {number} (“{run}”) at {when}"),
            "promote": N_("version {number} (“{run}”) became its model at {when}"),
        }
        message = words.get(latest.kind, words["promote"])
        return DemoChanged(
            title=row.title,
            what=saying(message, number=latest.number, run=latest.name, when=_stamp(latest.at)),
        )
    return DemoChanged(
        title=row.title, what=saying(N_("its settings were changed at {when}"), when=_stamp(row.updated))
    )


def _stamp(when: datetime) -> str:
    return when.strftime("%Y-%m-%d %H:%M:%S UTC")
