"""With which words and variables one generation of a provider is started. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from runtime_manager.model.consistency import uses
from runtime_manager.model.environment import passed_on
from runtime_manager.model.home import Home
from runtime_manager.model.manifest import Manifest
from runtime_manager.model.parts import Listen
from runtime_manager.model.provider import Provider
from runtime_manager.model.provider_settings import variable
from runtime_manager.model.template import expand


@dataclass(frozen=True, slots=True)
class LaunchPlan:
    """What to execute; `argv[0]` is the program's path. LISTEN_PID and LISTEN_FDS are not in `env`.

    Those two hold the pid, so only the spawn can set them.
    """

    argv: tuple[str, ...]
    env: Mapping[str, str]
    cwd: Path


@dataclass(frozen=True, slots=True)
class LaunchFacts:
    """What is not in the manifest.

    `place` tells where to listen, by the names of placeholders: host and port, or socket, and fd.
    `base_url` is the gateway's address as clients reach it. `environ` is the daemon's own.
    `home_id` is the home's, which takes a look at the disk to tell. `settings` are the values of
    those that are no secrets, `credentials` the folder of the secrets.
    """

    program: Path
    home: Home
    home_id: str
    generation: int
    place: Mapping[str, str]
    base_url: str
    environ: Mapping[str, str]
    notify_socket: Path | None = None
    settings: Mapping[str, str] = field(default_factory=dict)
    credentials: Path | None = None


def launch_plan(provider: Provider, facts: LaunchFacts) -> LaunchPlan:
    """The start of one generation. Raises KeyError where `place` lacks what the manifest uses."""
    manifest = provider.manifest
    variables = _variables(provider, facts)
    given = [expand(text, variables) for text in manifest.args]
    return LaunchPlan(
        argv=(str(facts.program), *given, *_appended(manifest, variables)),
        env=_environment(manifest, facts, variables),
        cwd=provider.folder,
    )


def marker(home_id: str, code: str, generation: int) -> str:
    """The value of RTM_INSTANCE, by which a process is known to be ours and of what."""
    return f"{home_id}/{code}/{generation}"


def appends_args(manifest: Manifest) -> bool:
    """Whether core/ide's `--namespace NS --port N` follows the arguments."""
    if manifest.append_args is not None:
        return manifest.append_args
    is_told = uses(manifest.args, "port", "socket", "fd")
    return manifest.listen is Listen.PORT and not is_told


def _appended(manifest: Manifest, variables: Mapping[str, str]) -> tuple[str, ...]:
    if not appends_args(manifest):
        return ()
    return ("--namespace", variables["namespace"], "--port", variables["port"])


def _variables(provider: Provider, facts: LaunchFacts) -> dict[str, str]:
    manifest = provider.manifest
    return {
        **facts.place,
        "namespace": manifest.namespace,
        "base_url": facts.base_url.rstrip("/") + manifest.namespace,
        "data_dir": str(facts.home.data(manifest.code)),
        "provider_dir": str(provider.folder),
        "code": manifest.code,
    }


def _environment(
    manifest: Manifest, facts: LaunchFacts, variables: Mapping[str, str]
) -> dict[str, str]:
    """Later ones win: passed on, told by us, given by the manifest; and what nobody may replace."""
    env = passed_on(facts.environ, manifest.env_pass)
    env |= {name.upper(): facts.place[name] for name in ("host", "port") if name in facts.place}
    env |= {
        "PROVIDER_CODE": manifest.code,
        "PROVIDER_NAMESPACE": manifest.namespace,
        "PROVIDER_BASE_URL": variables["base_url"],
        "PROVIDER_DATA_DIR": variables["data_dir"],
        "PROVIDER_GENERATION": str(facts.generation),
    }
    env |= {variable(name): text for name, text in facts.settings.items()}
    env |= {name: expand(text, variables) for name, text in manifest.env.items()}
    env["RTM_INSTANCE"] = marker(facts.home_id, manifest.code, facts.generation)
    if facts.notify_socket is not None:
        env["NOTIFY_SOCKET"] = str(facts.notify_socket)
    if facts.credentials is not None:
        env["CREDENTIALS_DIRECTORY"] = str(facts.credentials)
    if "fd" in facts.place:
        env["LISTEN_FDNAMES"] = manifest.code
    return env
