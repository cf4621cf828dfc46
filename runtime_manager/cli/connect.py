"""Finding the daemon of a home, and the addresses of its API."""

from __future__ import annotations

import json
import os

from runtime_manager.cli.client import Client
from runtime_manager.cli.failures import NoDaemonError
from runtime_manager.model.home import Home

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

PROVIDERS = "/api/v1/providers"


class Daemon:
    """The daemon a home's runtime.json speaks of; it may be gone, which the first call tells."""

    __slots__ = ("client", "facts")

    def __init__(self, facts: Mapping[str, Any], *, client: Client) -> None:
        self.facts = facts
        self.client = client


def find_daemon(home_flag: str | None, *, environ: Mapping[str, str] = os.environ) -> Daemon:
    """The daemon of the home; raises NoDaemonError when there is no trace of one."""
    path = Home.locate(home_flag, environ).runtime_json
    hint = "start it: rtm serve" + (f" --home {home_flag}" if home_flag else "")
    try:
        facts = json.loads(path.read_bytes())
        client = Client(facts["socket"], hint=hint)
    except FileNotFoundError:
        raise NoDaemonError(
            f"no daemon runs for this home: there is no {path}", hint=hint
        ) from None
    except OSError as exc:
        raise NoDaemonError(f"cannot read {path}: {exc.strerror}", hint=hint) from exc
    except (ValueError, KeyError, TypeError) as exc:
        raise NoDaemonError(f"{path} is damaged, or of another version", hint=hint) from exc
    return Daemon(facts, client=client)


def provider_target(code: str, deed: str = "") -> str:
    """The address of a provider, or of one of its deeds such as `start`."""
    from urllib.parse import quote

    return f"{PROVIDERS}/{quote(code, safe='')}" + (f"/{deed}" if deed else "")
