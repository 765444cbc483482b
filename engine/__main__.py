"""Bentu without a browser: `python -m engine run | worker | demo | profile | presets`, and the doors of its own processes."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from engine.errors import BentuError
from engine.i18n import match_locale, render_error, translate

PIPE_CLOSED = 128 + 13
"""As shells say it of a program that SIGPIPE ended."""


def main(argv: Sequence[str] | None = None) -> int:
    """Parse the command line and do what it says; returns the exit code (0 well, 1 an expected failure, 130 and 141 as after
    the signals SIGINT and SIGPIPE)."""
    parser = argparse.ArgumentParser(prog="python -m engine", description="Bentu without a browser.")
    commands = parser.add_subparsers(dest="command", required=True)

    run = commands.add_parser("run", help="train and evaluate what a recipe says")
    run.add_argument(
        "recipe", type=Path, help="a recipe as YAML; `data:` is a version id or a file with roles"
    )
    run.add_argument(
        "--queue", action="store_true", help="put the run in line for a worker instead of running it here"
    )
    run.add_argument(
        "--project", help="id or name of the project; by default the data's, or one named after the file"
    )
    run.add_argument("--name", help="name of the run")
    run.set_defaults(act=_run)

    worker = commands.add_parser("worker", help="run waiting jobs while somebody needs them")
    worker.add_argument(
        "--stay", action="store_true", help="go on when nothing is to do and no interface is open"
    )
    worker.set_defaults(act=_worker)

    demo = commands.add_parser("demo", help="serve the published demos to strangers, and nothing else")
    demo.add_argument(
        "--key",
        action="store_true",
        help="print the BENTU_DEMO_KEY that another user of this system needs, and end",
    )
    demo.set_defaults(act=_demo)

    profile = commands.add_parser(
        "profile", help="read a file, check it and print what is in it; nothing is stored"
    )
    profile.add_argument("file", type=Path)
    profile.add_argument("--encoding")
    profile.add_argument("--separator")
    profile.add_argument("--sheet")
    profile.add_argument(
        "--role", action="append", default=[], type=_role, metavar="COLUMN=ROLE", help="may be repeated"
    )
    profile.add_argument("--json", action="store_true", help="print the whole profile as JSON")
    profile.set_defaults(act=_profile)

    presets = commands.add_parser("presets", help="foundation models: what is here, and how to get more")
    asked = presets.add_subparsers(dest="what", required=True)
    asked.add_parser("list", help="those on this machine and those of the catalogue").set_defaults(
        act=_presets
    )
    fetched = asked.add_parser("fetch", help="get one from the hub (needs the network)")
    fetched.add_argument("name", help="of the catalogue, hf://OWNER/NAME, or as KerasHub calls it")
    fetched.set_defaults(act=_fetch_preset)
    brought = asked.add_parser("import", help="take over a folder in Keras' or Hugging Face's form")
    brought.add_argument("folder", type=Path)
    brought.add_argument("--name", help="of the preset; by default the folder's")
    brought.add_argument(
        "--language",
        action="append",
        default=[],
        metavar="CODE",
        help="that the model has read; may be repeated",
    )
    brought.add_argument(
        "--translates",
        nargs=2,
        metavar=("FROM", "TO"),
        help="languages of a model that translates, such as en zh",
    )
    brought.set_defaults(act=_import_preset)

    job = commands.add_parser("job")
    job.add_argument("id")
    job.add_argument("--attempt", type=int, required=True)
    job.set_defaults(act=_job)
    server = commands.add_parser("forkserver")
    server.add_argument("--lane", choices=("short", "training"), required=True)
    server.set_defaults(act=_forkserver)

    arguments = parser.parse_args(argv)
    try:
        code = int(arguments.act(arguments))
        print(end="", flush=True)  # so that a reader that has gone is noticed here
        return code
    except BrokenPipeError:  # `presets list | head -1`: whoever read what is printed has what he wanted
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return PIPE_CLOSED
    except BentuError as error:
        what, remedy = render_error(error, _locale())
        print(f"{what}\n{remedy}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def _role(text: str) -> tuple[str, str]:
    column, equals, role = text.rpartition("=")
    if not equals:
        raise argparse.ArgumentTypeError(f"expected COLUMN=ROLE, got {text!r}")
    return column, role


def _locale() -> str:
    return match_locale(os.environ.get("LC_ALL") or os.environ.get("LC_MESSAGES") or os.environ.get("LANG"))


def _t(message: str, **params: Any) -> str:
    return translate(message, _locale(), **params)


def _run(arguments: argparse.Namespace) -> int:
    from engine.services.commandline import recipe_in_project
    from engine.services.inline import run_job_here
    from engine.workspace import Workspace, open_scope

    scope = open_scope()
    workspace = Workspace(scope)
    project_id, recipe = recipe_in_project(workspace.scope, arguments.recipe, arguments.project)
    run = workspace.runs.submit(project_id, recipe, name=arguments.name, inline=not arguments.queue)
    if arguments.queue:
        print(_t("Run {id} waits in line, place {place}.", id=run.id, place=run.position or 1))
        return 0
    print(
        _t("Run {id} of {family} on {version}", id=run.id, family=run.family, version=run.version_label),
        flush=True,
    )
    ended = run_job_here(scope, run.job_id)
    if (error := workspace.jobs.error(ended)) is not None:
        raise error
    run = workspace.runs.get(run.id)
    for name, score in (run.metrics or {}).items():
        if name in ("accuracy", "macro_f1"):
            print(
                _t(
                    "validation {metric}: {value:.1f} % ({low:.1f} to {high:.1f}, n = {n}); majority class {base:.1f} %",
                    metric=name, value=score["value"] * 100, low=score["low"] * 100, high=score["high"] * 100,
                    n=score["n"], base=(run.metrics or {})["baseline"][name]["value"] * 100,
                )
            )  # fmt: skip
    return 0 if run.state == "succeeded" else 1


def _profile(arguments: argparse.Namespace) -> int:
    from engine.services.commandline import profile_file

    roles = dict(arguments.role)
    profile, roles = profile_file(
        arguments.file,
        roles,
        encoding=arguments.encoding,
        separator=arguments.separator,
        sheet=arguments.sheet,
    )
    if arguments.json:
        print(profile.model_dump_json(indent=2))
        return 0
    print(
        _t("{n} rows", n=f"{profile.rows:,}")
        + " · "
        + ", ".join(f"{c}: {r}" for c, r in roles.items() if r != "ignore")
    )
    for finding in profile.findings:
        print(f"[{finding.severity}] {_t(finding.message, **finding.params)}")
    return 0


def _presets(arguments: argparse.Namespace) -> int:
    from engine.services.presets import list_presets

    for line in list_presets():
        place = _t("on this machine") if line.here else _t("to be fetched from {source}", source=line.source)
        spoken = line.languages
        languages = " ".join(spoken[:6]) + (_t(" and {n} more", n=len(spoken) - 6) if len(spoken) > 6 else "")
        print(
            _t(
                "{name}: {title} · {languages} · {millions:.0f} million numbers · {megabytes:.0f} MB, {memory:.1f} GB of memory · {licence} · {place}",
                name=line.name, title=line.title, languages=languages or _t("languages not stated"), millions=line.parameters / 1e6,
                megabytes=line.megabytes, memory=line.memory / 1e9, licence=line.licence or _t("licence not stated"), place=place,
            )
        )  # fmt: skip
    return 0


def _fetch_preset(arguments: argparse.Namespace) -> int:
    from engine.services.presets import fetch

    _say_preset(fetch(arguments.name, _say_fetch))
    return 0


def _say_fetch(model: Any) -> None:
    print(
        _t(
            "{name} from {host}: {n} {n:file|files}, {size}, licence {licence}",
            name=model.repository, host=model.host, n=len(model.files), size=_size(model.size), licence=model.licence or _t("not stated"),
        )
    )  # fmt: skip
    for file in model.files:
        print(f"  {file.path} · {_size(file.size)}", flush=True)


def _size(count: int) -> str:
    return f"{count / 1e6:,.1f} MB" if count >= 1e6 else f"{-(-count // 1000)} kB"


def _import_preset(arguments: argparse.Namespace) -> int:
    from engine.services.presets import take_over

    translates = tuple(arguments.translates) if arguments.translates else None
    _say_preset(take_over(arguments.folder, arguments.name, arguments.language, translates))
    return 0


def _say_preset(preset: Any) -> None:
    print(
        _t(
            "The foundation model {name} is on this machine: {layers} layers, {millions:.1f} million numbers, digest {digest}.",
            name=preset.name, layers=preset.facts.layers, millions=preset.facts.parameters / 1e6, digest=preset.digest[:16],
        )
    )  # fmt: skip


def _worker(arguments: argparse.Namespace) -> int:
    from engine.jobs.supervisor import supervise
    from engine.storage.database import open_database
    from engine.storage.migrations import migrate

    engine = open_database()
    migrate(engine)
    if not supervise(engine, stay=arguments.stay):
        print(_t("A worker is at work in this home already."))
    return 0


def _demo(arguments: argparse.Namespace) -> int:
    from engine.services.demo_process import become_demo_process, demo_public_key

    if arguments.key:
        print(demo_public_key())
        return 0
    become_demo_process()


def _job(arguments: argparse.Namespace) -> int:
    from engine.jobs import process
    from engine.services.work import work
    from engine.storage.database import open_database

    engine = open_database()
    process.main(lambda: engine, arguments.id, arguments.attempt, work(engine))


def _forkserver(arguments: argparse.Namespace) -> int:
    from engine.jobs import process
    from engine.services.work import work
    from engine.storage.database import open_database
    from engine.training.preload import preload, preload_short

    engine = open_database()
    load = preload if arguments.lane == "training" else preload_short
    process.forkserver(lambda: engine, arguments.lane, work(engine), load)
    return 0


if __name__ == "__main__":
    sys.exit(main())
