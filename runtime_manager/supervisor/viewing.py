"""Pictures of a runner, and of a package that cannot be used, for those who only look."""

from __future__ import annotations

from runtime_manager.errors import InputError
from runtime_manager.lifecycle.table import LIVE, State, Wanted
from runtime_manager.model.provider import Invalid
from runtime_manager.supervisor.causes import addressed
from runtime_manager.supervisor.runner import Runner
from runtime_manager.supervisor.view import INVALID, Cause, ProviderView


def of_runner(runner: Runner, *, manifest_error: InputError | None = None) -> ProviderView:
    """The provider of `runner` as it is now, and why its newest manifest is not what it goes by."""
    provider, instance, story = runner.provider, runner.instance, runner.story
    manifest = provider.manifest
    live = runner.live if instance.state in LIVE else None
    return ProviderView(
        code=manifest.code,
        name=manifest.name,
        version=manifest.version,
        namespace=manifest.namespace,
        state=instance.state.value,
        wanted=instance.wanted.value,
        generation=instance.generation,
        since=story.since,
        start=provider.start.value,
        folder=provider.folder,
        pid=live.pid if live else None,
        endpoint=str(live.endpoint) if live and live.endpoint else None,
        cause=addressed(story.cause, manifest.code) if story.cause else None,
        warnings=tuple(addressed(one, manifest.code) for one in story.warnings),
        restarts=story.restarts,
        depends_on=tuple(manifest.depends_on),
        element=manifest.element,
        channels=manifest.channels,
        last_probe=story.last_probe,
        last_exit=story.last_exit,
        exits=story.exits,
        traffic=runner.traffic,
        retry_at=story.retry_at if instance.state is State.BACKOFF else None,
        stderr_tail=runner.stderr_tail(),
        started_in_s=story.started_in_s,
        description=manifest.description,
        public=manifest.public,
        managed=provider.is_managed,
        manifest_error=str(manifest_error) if manifest_error else None,
    )


def of_invalid(invalid: Invalid) -> ProviderView:
    """A package that cannot be used: listed, with the reason, and nothing else known for sure."""
    reason = str(invalid.error)
    return ProviderView(
        code=invalid.code,
        name=invalid.code,
        version="",
        namespace="",
        state=INVALID,
        wanted=Wanted.DOWN.value,
        generation=0,
        since=invalid.found_at,
        start="",
        folder=invalid.folder,
        cause=Cause("invalid-manifest", invalid.error.message, invalid.error.hint),
        manifest_error=reason,
    )
