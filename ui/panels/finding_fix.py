"""What one click does about a finding: a new version, a cleaning step, another role, another division."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import uuid4

import streamlit as st

from engine.data.findings import handle
from engine.data.schema import Finding, Fix
from engine.recipe import Step
from engine.workspace import DatasetVersion, Job
from ui.dialogs import show_dialog
from ui.errors import attempt
from ui.navigation import goto
from ui.panels.finding_review import forget_review, review
from ui.panels.job import watch
from ui.state import FIXED, VERSION, follow, followed, unfollow, workspace
from ui.text import n, safe_text, say, sentences, t

ICONS = {
    "drop": ":material/delete_sweep:", "dedupe": ":material/filter_1:", "relabel": ":material/label:",
    "clean": ":material/cleaning_services:", "role": ":material/view_column:", "regroup": ":material/call_split:",
}  # fmt: skip


def fix_buttons(finding: Finding, version: DatasetVersion, *, key: str, busy: bool) -> None:
    """One button a fix, the most careful one first.

    Args:
        key: prefix of the widget keys.
        busy: whether a version is being made, so that no second one is begun.
    """
    for place, fix in enumerate(finding.fixes):
        title = say(fix.title, {**finding.params, **fix.params})
        own = f"{key}_fix_{place}"
        if fix.kind == "clean":
            _clean(fix, title, version, own)
        elif fix.kind == "regroup":
            if st.button(title, key=own, icon=ICONS[fix.kind]):
                goto("prepare")
        elif st.button(title, key=own, icon=ICONS[fix.kind], disabled=busy):
            _confirm(finding, fix, title, version)


def _clean(fix: Fix, title: str, version: DatasetVersion, key: str) -> None:
    """The button that adds a cleaning step; the way to it once it is in the recipe."""
    recipe = workspace().recipes.draft(version.project_id)
    if recipe is not None and any(part.name == fix.params["step"] for part in recipe.clean):
        if st.button(
            t("The step is in the recipe"), key=f"{key}_there", icon=":material/check:", type="tertiary"
        ):
            goto("prepare")
    else:
        st.button(title, key=key, icon=ICONS["clean"], on_click=attempt, args=(_add_step, version, fix))


def _add_step(version: DatasetVersion, fix: Fix) -> None:
    """Put the step into the recipe, which works on the version shown from now on: for its rows the step was asked."""
    ws, name = workspace(), fix.params["step"]
    known = {step.name: step for step in ws.recipes.steps(version.schema.task)}
    recipe = ws.recipes.draft(version.project_id)
    assert recipe is not None
    step = Step(name=name, version=known[name].version, params=fix.params.get("params", {}))
    moved = recipe.data != version.id
    ws.recipes.update(version.project_id, clean=(*recipe.clean, step), data=version.id)
    said = [
        t(
            "“{step}” was added to the recipe; the prepare page shows what it changes.",
            step=t(known[name].title),
        )
    ]
    if moved:
        said.append(t("The next steps work on {version} now.", version=safe_text(version.label, 80)))
    st.toast(sentences(said), icon=":material/check_circle:")


def _confirm(finding: Finding, fix: Fix, title: str, version: DatasetVersion) -> None:
    """Say what the new version will be, and make it; a fix to be reviewed changes only the rows that are ticked."""
    reviewed = bool(fix.params.get("review"))
    forget_review()

    def body() -> None:
        st.markdown(say(finding.message, finding.params))
        include, possible, rows = False, True, None
        if fix.kind == "role":
            st.markdown(t("All rows stay; only the role of the column changes."))
        else:
            rows = review(finding, fix, version) if reviewed else None
            include, possible = _effect(finding, fix, version, rows)
        st.caption(
            t("This makes a new version; {version} stays as it is, and you can go back to it.", version=safe_text(version.label, 80))
        )  # fmt: skip
        with st.container(horizontal=True, horizontal_alignment="right"):
            if st.button(t("Cancel"), key="fix_keep"):
                st.rerun()
            if st.button(
                t("Make the new version"), key="fix_go", type="primary", icon=ICONS[fix.kind], disabled=not possible,
                on_click=_start, args=(version, finding, fix, title, include, _click(), rows),
            ):  # fmt: skip
                st.rerun()

    show_dialog(title, body, icon=ICONS[fix.kind], width="large" if reviewed else "small")


def _effect(
    finding: Finding, fix: Fix, version: DatasetVersion, rows: Sequence[int] | None = None
) -> tuple[bool, bool]:
    """How many rows change; whether rows of the sealed test part are to change too, and whether anything would change."""
    effect = workspace().findings.effect(version.id, handle(finding), fix.kind, rows)
    if effect is None:
        st.warning(
            t("Only the first rows of this finding are known. Look at the data anew first."),
            icon=":material/info:",
        )
        return False, False
    include = sealed_rows(effect.test, effect.openings)
    if not effect.divided and version.schema.first("split"):
        st.caption(
            t("Nothing is divided yet, so no row is sealed: rows that the file calls test change too.")
        )
    changed = effect.rows if include else effect.rows - effect.test
    st.markdown(f"**{_said(fix.kind, changed)}**")
    return include, changed > 0


def _said(kind: str, rows: int) -> str:
    if kind == "relabel":
        return n("{n} row gets the suggested label.", "{n} rows get the suggested label.", rows)
    if kind == "dedupe":
        return n(
            "{n} row goes, which repeats an earlier one.", "{n} rows go, which repeat earlier ones.", rows
        )
    return n("{n} row goes.", "{n} rows go.", rows)


def _click() -> str:
    """A key of this opening of the dialog, so that a double click makes one version."""
    found: str = st.session_state.setdefault("fix_click", uuid4().hex)
    return found


def _start(
    version: DatasetVersion, finding: Finding, fix: Fix, title: str, include: bool, click: str,
    rows: Sequence[int] | None = None,
) -> None:  # fmt: skip
    st.session_state.pop("fix_click", None)
    begin(version, _edits(finding, fix, version, rows), include, title, click)


def _edits(
    finding: Finding, fix: Fix, version: DatasetVersion, rows: Sequence[int] | None = None
) -> Sequence[Any]:
    """The fix as an operation on the version's rows, or on those named."""
    from engine.data.edits import ChangeRoles, DedupeFound, DropFound, RelabelFound

    name = handle(finding)
    if fix.kind == "role":
        roles = {column.name: column.role for column in version.schema.columns}
        return [ChangeRoles(roles={**roles, fix.params["column"]: fix.params["role"]})]
    kinds = {"drop": DropFound, "dedupe": DedupeFound, "relabel": RelabelFound}
    if rows is not None and fix.kind != "dedupe":
        return [kinds[fix.kind](code=name, rows=tuple(rows))]
    return [kinds[fix.kind](code=name)]


def begin(version: DatasetVersion, edits: Sequence[Any], include: bool, note: str, click: str) -> bool:
    """Start making a version by `edits` and follow it where fixes are followed; whether it was started."""
    job = attempt(
        workspace().datasets.start_edit, version.id, edits, include_test=include, note=note, idempotency=click
    )
    if job is not None:
        follow(_purpose(version), job.id)
    return job is not None


def sealed_rows(test: int, openings: int) -> bool:
    """What an edit does about rows of the sealed test part, with the way to include them; whether they are included.

    Args:
        test: how many of the rows lie in the test part.
        openings: how often that part was opened; an opened one never changes.
    """
    if not test:
        return False
    st.info(
        n(
            "{n} of these rows lies in the sealed test part and stays as it is, so that scores stay comparable.",
            "{n} of these rows lie in the sealed test part and stay as they are, so that scores stay comparable.",
            test,
        ),
        icon=":material/lock:",
    )  # fmt: skip
    include = st.toggle(
        t("Change rows of the test part too"), key="fix_test", disabled=openings > 0,
        help=t("It was opened, so it never changes.") if openings else None,
    )  # fmt: skip
    if include:
        st.warning(
            t("Scores on the new version are then on other test rows: do not compare them with earlier ones. The version says so for good."),
            icon=":material/warning:",
        )  # fmt: skip
    return include


def _purpose(version: DatasetVersion) -> str:
    return f"fix_{version.project_id}"  # by the project: the newest version may be the one shown once it is there


def making_now(version: DatasetVersion) -> bool:
    """Whether a version is being made from this one by this tab."""
    job_id = followed(_purpose(version))
    return job_id is not None and workspace().jobs.get(job_id).active


def making(version: DatasetVersion) -> bool:
    """Follow the version that a fix makes in this project; whether it is still being made."""
    job_id = followed(_purpose(version))
    if job_id is None:
        return False
    watch(job_id, t("Making the new version"), _made)
    job = workspace().jobs.get(job_id)
    if job.active:
        return True
    unfollow(_purpose(version))
    if job.state == "succeeded":
        st.rerun()  # the new version is chosen: the page once more, with it
    return False


def _made(job: Job) -> None:
    if job.state == "succeeded" and job.result:
        child = job.result["version_id"]
        st.session_state[VERSION] = child
        st.session_state[FIXED] = {"version": child, **job.result}
        label = safe_text(workspace().datasets.version(child).label, 80)
        st.toast(t("{version} is there.", version=label), icon=":material/check_circle:")


def just_made(version: DatasetVersion) -> None:
    """What the fix that was clicked last changed, and the way back, on the version that it made."""
    made = st.session_state.get(FIXED)
    if not made or made["version"] != version.id or version.parent_id is None:
        return
    parts = []
    if made.get("rows_removed"):
        parts.append(n("{n} row went.", "{n} rows went.", made["rows_removed"]))
    if made.get("relabelled"):
        parts.append(n("{n} row got another label.", "{n} rows got another label.", made["relabelled"]))
    if made.get("test_rows_kept"):
        parts.append(
            n("{n} row of the test part stayed.", "{n} rows of the test part stayed.", made["test_rows_kept"])
        )
    with st.container(border=True, horizontal=True, vertical_alignment="center", key="fix_made"):
        st.markdown(
            sentences([t("**{version}** was made by your fix.", version=safe_text(version.label, 80)), *parts]), width="stretch"
        )  # fmt: skip
        st.button(
            t("Undo"), key="fix_undo", icon=":material/undo:", on_click=_back, args=(version.parent_id,)
        )
        st.button(t("Keep"), key="fix_done", icon=":material/check:", type="tertiary", on_click=_forget)


def _back(parent_id: str) -> None:
    st.session_state[VERSION] = parent_id
    _forget()


def _forget() -> None:
    st.session_state.pop(FIXED, None)
