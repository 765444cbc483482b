"""Demos: a run shared with strangers through a link that nobody can guess, which its owner may change, switch off and revoke."""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select, update

from engine.data.schema import Schema
from engine.jobs.job import Job
from engine.services import demo_bundles, demo_link, demo_terms, promotions, publishing
from engine.services.demo_errors import DemoRevoked
from engine.services.demo_link import DemoServer
from engine.services.demo_view import (
    KIND,
    Alert,
    Demo,
    ModelVersion,
    Promotion,
    alerts_of,
    demos_of,
    history_of,
    versions_of,
)
from engine.services.promotions import GateView
from engine.services.scope import Scope
from engine.serving.publication import token_digest
from engine.storage.clock import now
from engine.storage.database import insert_new, write
from engine.storage.tables import dataset_version, demo, model_version, new_id, project, run

TOKEN_BYTES = 24
"""192 bits, which make 32 characters of a link."""


class Demos:
    """The demos of one owner."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    def list(self, project_id: str) -> Sequence[Demo]:
        """The project's demos, newest first, revoked ones included."""
        self._scope.row(project, project_id, "project")
        return demos_of(self._scope, demo.c.project_id == project_id)

    def get(self, demo_id: str) -> Demo:
        """One demo; raises `NotFound`."""
        self._scope.row(demo, demo_id, KIND)
        return demos_of(self._scope, demo.c.id == demo_id)[0]

    def versions(self, demo_id: str) -> Sequence[ModelVersion]:
        """Every version of the demo's model, newest first."""
        self._scope.row(demo, demo_id, KIND)
        return versions_of(self._scope, demo_id)

    def history(self, demo_id: str) -> Sequence[Promotion]:
        """What became the demo's model and when, newest first."""
        self._scope.row(demo, demo_id, KIND)
        return history_of(self._scope, demo_id)

    def alerts(self, demo_id: str, limit: int = 20) -> Sequence[Alert]:
        """What the demo process reported, newest first."""
        self._scope.row(demo, demo_id, KIND)
        return alerts_of(self._scope, demo_id, limit)

    def suggest_examples(self, run_id: str) -> Sequence[Mapping[str, str]]:
        """Up to three texts from the run's train part, to be looked at by the owner before visitors see them."""
        return demo_terms.suggested_examples(self._scope, run_id)

    def publish(
        self, run_id: str, *, title: str, description: str = "", consent: str = "",
        examples: Sequence[Mapping[str, str]] = (), languages: Sequence[str] = ("en", "zh_CN"),
        expires: datetime | None = None, override_reason: str = "", idempotency: str | None = None,
    ) -> tuple[Demo, str]:  # fmt: skip
        """Share a run: a new demo and the token of its link, which is stored nowhere and so shown only now.

        Args:
            examples: each gives a text for every input column.
            override_reason: why to share a model whose package does not agree with the trained one; visitors read it.
            idempotency: the same key gives the same demo and the same token, however often it is asked for.

        Raises:
            RunUnpublishable: it has no model.
            ParityTooLow: below the required agreement, without a reason.
            DemoInvalid: a field is wrong.
        """
        found, bundle, parity, override = promotions.publishable(self._scope, run_id, override_reason)
        given = {
            "title": title, "description": description, "consent": consent, "examples": examples, "languages": languages,
            "expires": expires,
        }  # fmt: skip
        fields = demo_terms.checked(given, self._inputs(run_id))
        key = idempotency or new_id("key")
        demo_id, token = self._named(key)
        at = now()
        values = {
            "id": demo_id, "owner": self._scope.owner, "project_id": found.project_id, "state": "on",
            "token_digest": token_digest(token), "serial": 1, "version_id": None, "visits": 0, "answers": 0,
            "created": at, "updated": at, **fields,
        }  # fmt: skip
        with demo_bundles.bundles_kept():
            manifest = demo_bundles.prepare_bundle(bundle)
            with write(self._scope.engine, durable=True) as connection:
                if insert_new(connection, demo, values):
                    row = connection.execute(select(demo).where(demo.c.id == demo_id)).one()
                    version = promotions.add_version(
                        connection, row, run_id, bundle, manifest, parity, override
                    )
                    promotions.record(connection, row, version, "publish", None)
                    mine = project.c.id == found.project_id
                    connection.execute(update(project).where(mine).values(updated=at))
        publishing.settle(self._scope.engine, demo_id)
        return self.get(demo_id), token

    def edit(self, demo_id: str, serial: int, **fields: Any) -> Demo:
        """Change title, description, consent, examples, languages or expires; without any of them, hand all over once more.

        The model is laid out anew if its files are damaged: saving again mends what the demo process complained of.

        Raises:
            DemoChanged: somebody else changed the demo after the caller looked at it.
            DemoInvalid: a field is wrong.
        """
        row = promotions.unchanged(self._scope, demo_id, serial)
        served = self._scope.row(model_version, row.version_id, KIND)
        values = demo_terms.checked(fields, self._inputs(served.run_id))
        with demo_bundles.bundles_kept():
            manifest = demo_bundles.prepare_bundle(served.bundle, served.manifest)
            with write(self._scope.engine, durable=True) as connection:
                promotions.claim(connection, row, serial, **values)
                mine = model_version.c.id == served.id
                connection.execute(update(model_version).where(mine).values(manifest=manifest))
        publishing.settle(self._scope.engine, demo_id)
        return self.get(demo_id)

    def switch(self, demo_id: str, on: bool) -> Demo:
        """Pause the demo or let it answer again; the link stays. Asking for what is so already changes nothing."""
        wanted = "on" if on else "off"
        self._change(demo_id, demo.c.state != wanted, state=wanted)
        return self.get(demo_id)

    def revoke(self, demo_id: str) -> Demo:
        """Kill the link for good. The demo stays in the list with its feedback; it cannot be changed any more."""
        if self._scope.row(demo, demo_id, KIND).state != "revoked":
            self._change(demo_id, state="revoked")
        publishing.settle(self._scope.engine, demo_id)
        return self.get(demo_id)

    def renew_link(self, demo_id: str) -> str:
        """A new token, shown only now; the former link is dead at once."""
        token = secrets.token_urlsafe(TOKEN_BYTES)
        self._change(demo_id, token_digest=token_digest(token))
        return token

    def delete(self, demo_id: str) -> None:
        """Remove a demo with its link, versions, feedback and what waits in the inbox. Its runs stay."""
        self._scope.row(demo, demo_id, KIND)
        with write(self._scope.engine, durable=True) as connection:
            gone = publishing.remove_rows(connection, self._scope.owner, demo.c.id == demo_id)
        publishing.forget(self._scope.engine, gone)

    def gate(self, demo_id: str, run_id: str) -> GateView:
        """How the run compares with the demo's model on the same rows; its `difference` is None until that was computed.

        Raises:
            AlreadyServing: the run is the demo's model.
            RunUnpublishable: it has no model or belongs to another project.
        """
        return promotions.gate(self._scope, demo_id, run_id)

    def start_gate(self, demo_id: str, run_id: str) -> Job:
        """Compute what `gate` shows, as a job."""
        return promotions.start_gate(self._scope, demo_id, run_id)

    def promote(self, demo_id: str, run_id: str, serial: int, override_reason: str = "") -> Demo:
        """Make the run the demo's model, at once for every visitor.

        Raises:
            DemoChanged: somebody else changed the demo after the caller looked at it; says what.
            DemoRevoked: the link is dead.
            ComparisonMissing, CandidateWorse: the gate stays shut.
            ParityTooLow: below the required agreement, without a reason.
        """
        promotions.promote(self._scope, demo_id, run_id, serial, override_reason)
        return self.get(demo_id)

    def back(self, demo_id: str, serial: int) -> Demo:
        """Return to the former version, even when the current one is damaged.

        Raises:
            NoFormerVersion: there is none.
            DemoChanged, DemoRevoked: as for `promote`.
        """
        promotions.back(self._scope, demo_id, serial)
        return self.get(demo_id)

    def link(self, token: str) -> str:
        """The link that a visitor opens."""
        return f"{demo_link.beginning()}/?d={token}"

    def server(self) -> DemoServer:
        """How the process for strangers is doing, and who can reach it."""
        return demo_link.server()

    def _change(self, demo_id: str, *conditions: Any, **values: Any) -> None:
        """Change a demo that is not revoked whatever happened to it before, and tell the demo process."""
        row = self._scope.row(demo, demo_id, KIND)
        mine = (demo.c.id == demo_id, demo.c.owner == self._scope.owner)
        with write(self._scope.engine, durable=True) as connection:
            before = connection.execute(select(demo).where(*mine).with_for_update()).one_or_none()
            if before is None or before.state == "revoked":
                raise DemoRevoked(title=row.title)
            connection.execute(
                update(demo)
                .where(*mine, *conditions)
                .values(serial=demo.c.serial + 1, updated=now(), **values)
            )
        publishing.settle(self._scope.engine, demo_id, before.token_digest)

    def _inputs(self, run_id: str) -> tuple[str, ...]:
        version = self._scope.row(run, run_id, "run").version_id
        row = self._scope.row(dataset_version, version, "dataset version")
        return Schema.model_validate(row.schema).names("input")

    def _named(self, key: str) -> tuple[str, str]:
        """Id and token of the demo that a click makes: the same for the same click, though the token is stored nowhere.

        Both are derived from the click's key, the token with the private key: from what is stored nobody can tell it.
        """
        said = f"{self._scope.owner}\n{key}"
        digest = hashlib.sha256(f"demo\n{said}".encode()).digest()
        signature = demo_bundles.signing_key().sign(f"token\n{said}".encode())
        token = hashlib.sha256(f"token\n{signature}".encode()).digest()[:TOKEN_BYTES]
        return (
            "dem_" + base64.b32encode(digest).decode().lower()[:20],
            base64.urlsafe_b64encode(token).decode().rstrip("="),
        )
