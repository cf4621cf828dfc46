"""What a package says about itself: `manifest.yaml`, checked and frozen.

core/ide's fields keep their names and meaning, so that its packages load unchanged.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Annotated, Any

from pydantic import AfterValidator as After
from pydantic import Field, ValidationError

from runtime_manager.errors import ManifestError
from runtime_manager.model import template
from runtime_manager.model.consistency import contradictions
from runtime_manager.model.document import load
from runtime_manager.model.environment import named_well
from runtime_manager.model.namespace import RESERVED_CODES, default_namespace, parse_namespace
from runtime_manager.model.parts import (
    Element,
    Health,
    HostHeader,
    Limits,
    Listen,
    Part,
    Platform,
    ProbeKind,
    Restart,
    RestartPolicy,
    Start,
    StatusRange,
    Stop,
    Upgrade,
    relative_file,
)
from runtime_manager.model.problems import Problem, failure, problems_of
from runtime_manager.model.provider_settings import Setting
from runtime_manager.model.provider_settings import named_well as settings_named_well
from runtime_manager.model.scalars import DIALECT, Flag, Text, Whole
from runtime_manager.model.units import Span

__all__ = [
    "Element",
    "Health",
    "HostHeader",
    "Limits",
    "Listen",
    "Manifest",
    "Platform",
    "ProbeKind",
    "Restart",
    "RestartPolicy",
    "Start",
    "StatusRange",
    "Stop",
    "Upgrade",
    "manifest_schema",
    "parse_manifest",
]

CODE = re.compile(r"[a-z0-9][a-z0-9-]{0,62}", re.ASCII)
"""What a code looks like; it is a DNS label too (RFC 1035), for CODE.localhost."""

_VERSION = re.compile(r"v?\d+(\.\d+){0,2}(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?", re.ASCII)
_VARIABLES = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\*?", re.ASCII)
_PLATFORM = re.compile(r"[a-z0-9]+-[a-z0-9_]+", re.ASCII)

_AS_WRITTEN = frozenset(
    """
    code name version description author licence layout slots modules permissions sign sign_key
    build channels namespace binary args env env_pass headers depends_on tag source spec
    """.split()  # noqa: SIM905  # a list of words reads better
)
"""Keys whose values are texts: `version: 1.10` and `args: [--depth, 08]` stay as written."""


def _code(text: str) -> str:
    if not CODE.fullmatch(text):
        raise ValueError("expected 1 to 63 of a-z, 0-9 and -, not beginning with -")
    if text in RESERVED_CODES:
        raise ValueError(f"`{text}` is the daemon's own; choose another code")
    return text


def _version(text: str) -> str:
    if not _VERSION.fullmatch(text):
        raise ValueError("expected a version such as 1.2.3 or 1.2.3-beta.1 (semver.org)")
    return text


def _spec(text: str) -> str:
    if text.startswith("http:/") and not text.startswith("http://"):
        return text
    if ":" in text:
        raise ValueError("expected a file inside the package, or http:/openapi.json for a path")
    return relative_file(text)


def _env_pass(names: tuple[str, ...]) -> tuple[str, ...]:
    for name in names:
        if not _VARIABLES.fullmatch(name):
            raise ValueError("expected names of variables, such as CUDA_HOME or CUDA_*")
    return names


def _platforms(platforms: dict[str, Platform]) -> dict[str, Platform]:
    for name in platforms:
        if not _PLATFORM.fullmatch(name):
            raise ValueError(f"`{name}` is no platform; expected one such as linux-x86_64")
    return platforms


Code = Annotated[str, After(_code)]


class Manifest(Part):
    """One package. Texts of `args`, `env` may hold placeholders; the rest is final."""

    code: Code = Field(description="the provider's key: a-z, 0-9 and -")
    name: Text = Field(
        default_factory=lambda data: data["code"], description="name for people; default: the code"
    )
    version: Annotated[str, After(_version)] = Field(
        "0.0.0", description="version of the package, as of semver.org; quoted or not"
    )
    description: Text = Field("", description="what it is for, in a sentence")
    author: Text = Field("", description="who made it")
    licence: Text = Field("", description="its licence, such as EUPL-1.2")
    layout: Text = Field("", description="core/ide: layout of its panel, such as HCF")
    slots: dict[str, Any] = Field(
        default_factory=dict, description="core/ide: what fills each place of the layout"
    )
    modules: tuple[str, ...] = Field((), description="core/ide: modules it is made of")
    permissions: dict[str, Any] = Field(
        default_factory=dict, description="core/ide: what it asks to be allowed"
    )
    sign: Text = Field("", description="signature of the package")
    sign_key: Text = Field("", description="public key of the signature")
    daemons: dict[str, Any] = Field(
        default_factory=dict, description="core/ide: further programs; not started by us"
    )
    build: Any = Field(
        None, description="core/ide: how it is built; told where the program is missing"
    )
    channels: tuple[str, ...] | None = Field(
        None, description="names of the event channels it offers; listed, not read by us"
    )
    namespace: Annotated[str, After(parse_namespace)] = Field(
        default_factory=lambda data: default_namespace(data["code"]),
        validate_default=True,
        description="prefix of its routes; a bare word lies below /api/v1; default: the code there",
    )
    binary: Text | None = Field(
        None,
        min_length=1,
        description="its program: a path in the package, an absolute path, or a name on PATH",
    )
    platforms: Annotated[dict[str, Platform], After(_platforms)] = Field(
        default_factory=dict, description="another program per platform, such as linux-x86_64"
    )
    args: tuple[Text, ...] = Field(
        (),
        description="its arguments; placeholders: "
        + " ".join(f"{{{name}}}" for name in template.NAMES),
    )
    append_args: Flag | None = Field(
        None,
        description="append `--namespace NS --port N`; default: when listen is port and no "
        "argument uses {port}, {socket} or {fd}",
    )
    listen: Listen = Field(
        Listen.PORT,
        description="port: on the port it is given; unix: on the socket path it is given; fd: on "
        "the listening socket it inherits; report: on a port it prints as LISTENING host:port",
    )
    port: Whole = Field(0, ge=0, le=65535, description="a fixed port; 0: a free one")
    env: Annotated[dict[str, Text], After(named_well)] = Field(
        default_factory=dict, description="variables it gets; placeholders as in args"
    )
    env_pass: Annotated[tuple[str, ...], After(_env_pass)] = Field(
        (), description="further variables it gets from the daemon's environment; NAME_* for many"
    )
    strip_prefix: Flag = Field(True, description="whether it sees paths without its namespace")
    host_header: HostHeader = Field(
        HostHeader.PASS, description="the Host it sees: pass: the client's; endpoint: its own"
    )
    health: Health = Field(
        default_factory=Health,  # a default instance would be copied deeply for each manifest
        description="when it counts as able to serve",
    )
    start: Start = Field(
        Start.AUTO,
        description="auto: with the daemon; on-demand: with the first request; manual: when asked",
    )
    idle_timeout_s: Span | None = Field(
        None, alias="idle_timeout", description="time without requests that stops an on-demand one"
    )
    restart: Restart = Field(Restart(), description="what follows an exit nobody asked for")
    stop: Stop = Field(Stop(), description="how it is ended")
    settings: Annotated[dict[str, Setting], After(settings_named_well)] = Field(
        default_factory=dict,
        description="what its operator may set: PROVIDER_SETTING_NAME, and files for secrets",
    )
    depends_on: tuple[str, ...] = Field((), description="codes that must be ready before it starts")
    limits: Limits = Field(Limits(), description="what it may use at most")
    element: Element | None = Field(None, description="a custom element that an IDE can show")
    spec: Annotated[Text, After(_spec)] | None = Field(
        None, description="its OpenAPI file, or http:/openapi.json for a path it answers"
    )
    upgrade: Upgrade = Field(
        Upgrade.BESIDE,
        description="beside: a new version is started beside the old one and takes over once it "
        "has proved itself; replace: the old one is stopped first, as it cannot run twice",
    )
    dev: Flag = Field(
        False,
        description="whether it is restarted when a file in its folder changes",
    )
    public: Flag = Field(False, description="whether its routes are open without the token")


def parse_manifest(text: bytes | str, *, file: str, dir_name: str) -> Manifest:
    """The manifest in `text`. Raises ManifestError; `file` and `dir_name` are for its words.

    The error's facts are file, line, key, `problems` (a text for each thing that is wrong), and
    `code` where the manifest has a good one.
    """
    document = load(text, file=file, as_written=_AS_WRITTEN)
    data = {key: value for key, value in document.data.items() if value is not None}
    try:
        manifest = Manifest.model_validate(data, by_name=False, by_alias=True)
    except ValidationError as exc:
        problems = [_with_hint(p, dir_name) for p in problems_of(exc, Manifest)]
    else:
        problems = contradictions(manifest)
    if problems:
        error = failure(problems, document, error=ManifestError)
        if "code" in data and all(problem.path != ("code",) for problem in problems):
            error.facts["code"] = data["code"]
        raise error
    return manifest


def _with_hint(problem: Problem, dir_name: str) -> Problem:
    if problem.path == ("code",) and not problem.hint and CODE.fullmatch(dir_name):
        return replace(problem, hint=f"code: {dir_name}")
    return problem


def manifest_schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of manifest.yaml."""
    return {"$schema": DIALECT, **Manifest.model_json_schema(by_alias=True)}
