"""The route of an instance: open while READY, held while it comes, closed with its cause. Pure."""

from __future__ import annotations

import math

from runtime_manager.gateway.routes import Audience, Gate, Route
from runtime_manager.lifecycle.table import Instance, State, Wanted
from runtime_manager.model.endpoint import Endpoint
from runtime_manager.model.manifest import HostHeader, Listen, Manifest

_LONG_S = 30


def gate_of(instance: Instance, listen: Listen) -> Gate:
    """Whether requests pass, wait or are refused.

    They wait while it starts, or can be started by them; and through a restart of a provider whose
    listening socket we hold, since that refuses nobody.
    """
    match instance.state:
        case State.READY:
            return Gate.OPEN
        case State.STARTING:
            return Gate.WAIT
        case State.STOPPED:
            return Gate.CLOSED if instance.wanted is Wanted.DOWN else Gate.WAIT
        case State.STOPPING if not instance.is_failing:
            is_held = instance.wanted is Wanted.UP and listen is Listen.FD
            return Gate.WAIT if is_held or wakes(instance) else Gate.CLOSED
    return Gate.CLOSED


def wakes(instance: Instance) -> bool:
    """Whether a request starts it."""
    at_rest = instance.state in (State.STOPPED, State.STOPPING)
    return at_rest and instance.wanted is Wanted.ON_DEMAND


def retry_after_s(instance: Instance, rest_s: float) -> int:
    """Whole seconds a refused client should wait: the rest of a back-off, else a guess."""
    if instance.state is State.BACKOFF:
        return max(1, math.ceil(rest_s))
    return _LONG_S if instance.state in (State.FAILED, State.STOPPED) else 1


def route_of(
    manifest: Manifest,
    instance: Instance,
    *,
    endpoint: Endpoint | None,
    cause: str,
    rest_s: float = 0.0,
) -> Route:
    """The route as the gateway is to have it now; `cause` is told to those it refuses."""
    gate = gate_of(instance, manifest.listen)
    return Route(
        prefix=manifest.namespace,
        code=manifest.code,
        gate=gate,
        endpoint=endpoint if gate is Gate.OPEN else None,
        generation=instance.generation,
        cause=cause,
        retry_after_s=retry_after_s(instance, rest_s),
        wakes=wakes(instance),
        audience=Audience.ANYONE if manifest.public else Audience.PROVIDER,
        strip_prefix=manifest.strip_prefix,
        host_header_endpoint=manifest.host_header is HostHeader.ENDPOINT,
        name=manifest.code,
    )
