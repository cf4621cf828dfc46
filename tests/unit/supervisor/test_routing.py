from __future__ import annotations

from dataclasses import replace

import pytest

from runtime_manager.gateway.routes import Audience, Gate
from runtime_manager.lifecycle.table import Instance, Policy, State, Wanted
from runtime_manager.model.endpoint import TcpEndpoint
from runtime_manager.model.manifest import Listen, Manifest
from runtime_manager.supervisor.routing import gate_of, retry_after_s, route_of, wakes

HERE = TcpEndpoint("127.0.0.1", 4000)


def instance(state: State, wanted: Wanted = Wanted.UP, **more: object) -> Instance:
    return replace(Instance(Policy(), state=state, wanted=wanted, generation=3), **more)


@pytest.mark.parametrize(
    ("state", "wanted", "gate"),
    [
        (State.READY, Wanted.UP, Gate.OPEN),
        (State.STARTING, Wanted.UP, Gate.WAIT),
        (State.STOPPED, Wanted.UP, Gate.WAIT),
        (State.STOPPED, Wanted.ON_DEMAND, Gate.WAIT),
        (State.STOPPED, Wanted.DOWN, Gate.CLOSED),
        (State.STOPPING, Wanted.UP, Gate.CLOSED),
        (State.STOPPING, Wanted.DOWN, Gate.CLOSED),
        (State.STOPPING, Wanted.ON_DEMAND, Gate.WAIT),
        (State.UNHEALTHY, Wanted.UP, Gate.CLOSED),
        (State.BACKOFF, Wanted.UP, Gate.CLOSED),
        (State.FAILED, Wanted.UP, Gate.CLOSED),
    ],
)
def test_requests_pass_wait_or_are_refused(state: State, wanted: Wanted, gate: Gate) -> None:
    assert gate_of(instance(state, wanted), Listen.PORT) is gate


def test_a_restart_is_waited_for_where_we_hold_the_listener() -> None:
    restarting = instance(State.STOPPING, Wanted.UP)
    assert gate_of(restarting, Listen.FD) is Gate.WAIT
    assert gate_of(replace(restarting, is_failing=True), Listen.FD) is Gate.CLOSED


def test_only_what_rests_on_demand_is_woken() -> None:
    woken = {(s, w) for s in State for w in Wanted if wakes(instance(s, w))}
    assert woken == {(State.STOPPED, Wanted.ON_DEMAND), (State.STOPPING, Wanted.ON_DEMAND)}


@pytest.mark.parametrize(
    ("state", "rest_s", "seconds"),
    [
        (State.BACKOFF, 3.2, 4),
        (State.BACKOFF, -1.0, 1),
        (State.FAILED, 0.0, 30),
        (State.STOPPING, 0.0, 1),
    ],
)
def test_a_refused_client_is_told_when_to_come_again(
    state: State, rest_s: float, seconds: int
) -> None:
    assert retry_after_s(instance(state), rest_s) == seconds


def test_the_endpoint_is_told_only_while_the_route_is_open() -> None:
    manifest = Manifest(code="cool", binary="x", strip_prefix=False)
    ready = route_of(manifest, instance(State.READY), endpoint=HERE, cause="")
    assert (ready.endpoint, ready.generation, ready.prefix) == (HERE, 3, "/api/v1/cool")
    assert (ready.name, ready.strip_prefix, ready.audience) == ("cool", False, Audience.PROVIDER)
    failed = route_of(manifest, instance(State.FAILED), endpoint=HERE, cause="exit code 3")
    assert (failed.endpoint, failed.cause) == (None, "exit code 3")


def test_a_public_provider_asks_nobody_for_a_token() -> None:
    manifest = Manifest(code="cool", binary="x", public=True)
    route = route_of(manifest, instance(State.READY), endpoint=HERE, cause="")
    assert route.audience is Audience.ANYONE
