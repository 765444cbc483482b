"""What the process for strangers is started with, and refuses to run without.

One table holds Streamlit's options for it: they are passed as flags when it is started and asserted when it
starts, so that a start by hand with something left out ends with the reason instead of an open door.
"""

from __future__ import annotations

import os
import secrets
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psutil  # type: ignore[import-untyped]

import engine
from engine.errors import N_, JobError, saying

OPTIONS: Mapping[str, bool | int | str] = {
    "server.enableXsrfProtection": True,
    "server.enableCORS": True,
    "server.maxUploadSize": 1,
    "server.maxMessageSize": 5,
    "server.maxWidgetStateSize": 1,
    "server.enableStaticServing": False,
    "server.enableAgentApi": False,
    "server.disconnectedSessionTTL": 30,
    "server.fileWatcherType": "none",
    "client.showErrorDetails": "none",
    "client.toolbarMode": "viewer",
    "browser.gatherUsageStats": False,
    "runner.postScriptGC": False,
    "global.developmentMode": False,
    "global.e2eTest": False,
}
"""The check-list for a page that strangers see, beside the names under which it may be reached."""

COOKIE_SECRET = "STREAMLIT_SERVER_COOKIE_SECRET"
KEY = "BENTU_DEMO_KEY"
"""The public key of the studio: what it did not sign is not served."""
LEASH = "BENTU_DEMO_LEASH"
"""Set by a studio that starts the process: it ends when its standard input does."""
OF_THE_STUDIO = ("BENTU_DATABASE_URL", "BENTU_ARTIFACTS")
"""What would lead to the studio's data and so must not be in the environment."""
DATABASE = "bentu.db"

LOOPBACK = ("localhost", "127.0.0.1", "::1")
_EVERYWHERE = ("0.0.0.0", "::")
_KEPT = (
    "PATH",
    "LANG",
    "TZ",
    "TMPDIR",
    "LD_LIBRARY_PATH",
    "DYLD_LIBRARY_PATH",
    "VIRTUAL_ENV",
    "FORWARDED_ALLOW_IPS",
)
_KEPT_PREFIXES = ("LC_", "PYTHON", "OMP_", "OPENBLAS_", "BENTU_")  # fmt: skip


class DemoRefused(JobError):
    code = "DEMO_REFUSED"
    message = N_("The process for demos does not start: {problem}.")
    remedy = N_("Start it through the studio or with `make demo`: they set everything it needs.")


@dataclass(frozen=True)
class Listening:
    """Where the process listens, and under which names it answers."""

    address: str
    port: int
    hosts: tuple[str, ...]

    @property
    def url(self) -> str:
        """The beginning of its links: `BENTU_DEMO_URL` where a proxy stands before it."""
        public = os.environ.get("BENTU_DEMO_URL")
        if public:
            return public.rstrip("/")
        host = "localhost" if self.address in (*_EVERYWHERE, *LOOPBACK) else self.address
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}"


def listening() -> Listening:
    """What the environment says: BENTU_DEMO_ADDRESS, BENTU_DEMO_PORT, BENTU_DEMO_URL, BENTU_DEMO_HOSTS.

    Loopback names are always allowed, and the machine's own addresses if it listens on all of them: a page
    elsewhere can make its own name point here, but not a bare address.
    """
    address = os.environ.get("BENTU_DEMO_ADDRESS") or "127.0.0.1"
    port = os.environ.get("BENTU_DEMO_PORT") or "8502"
    if not (port.isascii() and port.isdigit() and 1 <= int(port) <= 65535):
        raise DemoRefused(problem=saying(N_("BENTU_DEMO_PORT is “{found}”, not a port"), found=port))
    hosts = [*LOOPBACK]
    if address in _EVERYWHERE:
        addresses = (a.address for each in psutil.net_if_addrs().values() for a in each)
        hosts += [a.partition("%")[0] for a in addresses if a.count(".") == 3 or (":" in a and len(a) != 17)]
    else:
        hosts.append(address)
    if public := urlsplit(os.environ.get("BENTU_DEMO_URL") or "").hostname:
        hosts.append(public)
    hosts += [h.strip() for h in (os.environ.get("BENTU_DEMO_HOSTS") or "").split(",") if h.strip()]
    return Listening(address, int(port), tuple(dict.fromkeys(hosts)))


def command(where: Listening) -> list[str]:
    """The command line that starts the process with every option of the check-list."""
    app = Path(engine.__file__).parents[1] / "app.py"
    line = [sys.executable, "-m", "streamlit", "run", str(app), "--server.headless", "true"]
    line += ["--server.address", where.address, "--server.port", str(where.port)]
    for host in where.hosts:
        line += ["--server.allowedHosts", host]
    for name, value in OPTIONS.items():
        line += [f"--{name}", str(value).lower() if isinstance(value, bool) else str(value)]
    return line


def environment(home: Path, public_key: str) -> dict[str, str]:
    """The environment of the process: little of ours, nothing that leads to the studio's data or to a secret.

    Its home is also its HOME, so that no Streamlit settings or secrets of the user are read.
    """
    kept = {k: v for k, v in os.environ.items() if k in _KEPT or k.startswith(_KEPT_PREFIXES)}
    for name in OF_THE_STUDIO:
        kept.pop(name, None)
    roots = [str(Path(engine.__file__).parents[1]), os.environ.get("PYTHONPATH", "")]
    return kept | {
        "BENTU_MODE": "demo", "BENTU_HOME": str(home), "HOME": str(home), KEY: public_key,
        "PYTHONPATH": os.pathsep.join(filter(None, roots)),
        COOKIE_SECRET: os.environ.get(COOKIE_SECRET) or secrets.token_hex(32),
    }  # fmt: skip


def refuse_unless_safe(option: Callable[[str], Any], home: Path) -> None:
    """Raise `DemoRefused` with the first thing that is not as the check-list wants it.

    Args:
        option: Streamlit's value of an option.
        home: The process's BENTU_HOME.
    """
    for name in OF_THE_STUDIO:
        if os.environ.get(name):
            raise DemoRefused(
                problem=saying(
                    N_("{name} is set, and this process must not know the studio's data"), name=name
                )
            )
    if (home / DATABASE).exists():
        raise DemoRefused(
            problem=saying(
                N_("its home {home} holds the studio's database {file}"), home=str(home), file=DATABASE
            )
        )
    if not os.environ.get(KEY):
        raise DemoRefused(problem=saying(N_("{name}, the public key of the studio, is not set"), name=KEY))
    if len(os.environ.get(COOKIE_SECRET, "")) < 32:
        raise DemoRefused(
            problem=saying(
                N_("{name} is not set to at least 32 characters in the environment"), name=COOKIE_SECRET
            )
        )
    hosts: Sequence[str] = option("server.allowedHosts") or ()
    if not hosts or "*" in hosts:
        raise DemoRefused(problem=saying(N_("server.allowedHosts does not name the hosts that may be asked")))
    for name, wanted in OPTIONS.items():
        found = option(name)
        if found != wanted:
            problem = N_("{option} is {found} and must be {wanted}")
            raise DemoRefused(problem=saying(problem, option=name, found=str(found), wanted=str(wanted)))
