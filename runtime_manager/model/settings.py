"""What an operator may set: flags over RTM_* variables over `config.yaml` over defaults."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import AfterValidator as After
from pydantic import Field, ValidationError

from runtime_manager.errors import InputError, SettingsError
from runtime_manager.model.address import Address
from runtime_manager.model.document import Document, load
from runtime_manager.model.environment import named_well
from runtime_manager.model.layers import Given, of_flags, of_variables, overlaid
from runtime_manager.model.parts import Health, Limits, Part, Start
from runtime_manager.model.problems import Problem, failure, problems_of
from runtime_manager.model.scalars import DIALECT, Flag, Text, Whole
from runtime_manager.model.units import Duration, Size, Span

_AS_WRITTEN = frozenset(
    {"env", "headers", "listen", "hosts", "public_url", "allowed_origins", "indexes"}
)


class GatewaySettings(Part):
    """How much of everything the gateway takes."""

    wait_s: Duration = Field(
        30.0, alias="wait", description="how long a request is held while its provider starts"
    )
    max_connections: Whole = Field(
        4096, ge=1, le=2**20, description="connections of clients; one more is answered 503"
    )
    max_upstream: Whole = Field(
        512, ge=1, le=2**20, description="connections to one provider; further requests wait"
    )
    head_limit_bytes: Size = Field(
        32 * 1024, alias="head_limit", description="size of a request's head; 431 beyond"
    )
    header_limit: Whole = Field(
        100, ge=8, le=10_000, description="headers of a request; 431 beyond"
    )
    body_limit_bytes: Size | None = Field(
        None, alias="body_limit", description="size of a request's body; 413 beyond; default: any"
    )
    connect_timeout_s: Span = Field(
        2.0, alias="connect_timeout", description="time to connect to a provider"
    )
    response_timeout_s: Span = Field(
        60.0, alias="response_timeout", description="time until a provider answers; 504 beyond"
    )
    client_head_timeout_s: Span = Field(
        10.0, alias="client_head_timeout", description="time a client has to send a request's head"
    )
    idle_timeout_s: Span = Field(
        600.0, alias="idle_timeout", description="time a stream or tunnel may lie still"
    )
    keep_alive_s: Span = Field(
        75.0, alias="keep_alive", description="time a client's idle connection is kept"
    )
    keep_upstream_s: Span = Field(
        60.0, alias="keep_upstream", description="time a provider's idle connection is kept"
    )


class LogSettings(Part):
    """The daemon's own log, on standard error."""

    level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="the least important event that is logged"
    )
    format: Literal["auto", "text", "json"] = Field(
        "auto",
        description="text, json, or auto: text, and under systemd with the journal's priorities",
    )


class LogFiles(Part):
    """The output of providers, kept in memory and in rotated files."""

    max_bytes: Size = Field(
        10 * 1024 * 1024, alias="max_size", description="size at which a file is rotated"
    )
    files: Whole = Field(5, ge=1, le=1000, description="files kept per provider")
    ring_lines: Whole = Field(
        2000, ge=10, le=1_000_000, description="last lines kept in memory per provider"
    )


class PackageSettings(Part):
    """What is asked of packages."""

    signatures: Literal["required", "warn", "off"] = Field(
        "warn",
        description="required: only what a trusted key signed is installed; warn: the rest is too, "
        "with a warning; off: signatures are not looked at",
    )
    settle_s: Duration = Field(
        3.0,
        alias="settle",
        description="how long a new version must be ready before it takes the old one's place",
    )


class Override(Part):
    """What an operator decides for one provider, without touching its package."""

    env: Annotated[dict[str, Text], After(named_well)] = Field(
        default_factory=dict, description="variables added or replaced"
    )
    limits: Limits | None = Field(None, description="limits added or replaced, key by key")
    start: Start | None = Field(None, description="when it is started")
    health: Health | None = Field(None, description="health settings replaced, key by key")
    dev: Flag | None = Field(
        None, description="whether it is restarted when a file in its folder changes"
    )


class Settings(Part):
    """All settings of a daemon."""

    listen: Address = Field(
        "127.0.0.1:9880", description="address to listen on; port 0: a free one"
    )
    hosts: tuple[Text, ...] = Field((), description="further host names it answers to")
    public_url: Text | None = Field(None, description="address clients see, behind a proxy")
    allowed_origins: tuple[Text, ...] = Field(
        (), description="origins of pages that may call it, such as an IDE's web view"
    )
    gateway: GatewaySettings = Field(GatewaySettings(), description="limits and time-outs")
    stop_timeout_s: Span = Field(
        30.0, alias="stop_timeout", description="time the whole shutdown may take"
    )
    watch: Literal["auto", "always", "never"] = Field(
        "auto",
        description="reload when a manifest or this file changes; auto: but not under systemd",
    )
    log: LogSettings = Field(LogSettings(), description="the daemon's own log")
    logs: LogFiles = Field(LogFiles(), description="the output of providers")
    packages: PackageSettings = Field(PackageSettings(), description="what is asked of packages")
    indexes: tuple[Text, ...] = Field(
        (), description="where packages are offered: https://…, or a path; the first that has one"
    )
    providers: dict[str, Override] = Field(
        default_factory=dict, description="what to change for single providers, by code"
    )


def load_settings(
    *, text: bytes | str | None, file: str, environ: Mapping[str, str], flags: Mapping[str, object]
) -> Settings:
    """Flags over RTM_* variables over `text` over defaults; None is no file.

    `flags` has dotted keys and typed values. Raises SettingsError, whose facts are file, line and
    key for what is in the file, and key alone for a flag or variable.
    """
    document = load(
        text or "", file=file, error=SettingsError, as_written=_AS_WRITTEN, may_be_empty=True
    )
    given = {**of_variables(environ, Settings), **of_flags(flags)}
    data = {key: value for key, value in document.data.items() if value is not None}
    try:
        return Settings.model_validate(overlaid(data, given), by_name=False, by_alias=True)
    except ValidationError as exc:
        raise _failure(problems_of(exc, Settings), document, given=given) from None


def _failure(
    problems: Sequence[Problem], document: Document, *, given: Mapping[str, Given]
) -> InputError:
    """A wrong flag or variable is told by its own name, and before what is wrong in the file."""
    for problem in problems:
        for key, one in given.items():
            if problem.key == key or problem.key.startswith(f"{key}."):
                text = f"{one.source}: {problem.text}"
                return SettingsError(text, hint=problem.hint, key=key, problems=(text,))
    return failure(problems, document, error=SettingsError)


def settings_schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of config.yaml."""
    return {"$schema": DIALECT, **Settings.model_json_schema(by_alias=True)}
