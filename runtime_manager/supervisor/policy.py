"""What the manifest says of restarts and wishes, in the words of the table. Pure."""

from __future__ import annotations

from dataclasses import replace

from runtime_manager.lifecycle.budget import Budget
from runtime_manager.lifecycle.table import Instance, Policy, State, Wanted
from runtime_manager.model.manifest import RestartPolicy, Start
from runtime_manager.model.provider import Provider


def of(provider: Provider) -> Policy:
    """The table's policy for one provider."""
    restart = provider.manifest.restart
    return Policy(
        restart=restart.policy,
        budget=Budget(
            max_failures=restart.max_failures,
            delay_s=restart.delay_s,
            max_delay_s=restart.max_delay_s,
            settle_s=restart.settle_s,
        ),
        unhealthy_after=provider.manifest.health.failure_threshold,
        at_rest=Wanted.ON_DEMAND if provider.start is Start.ON_DEMAND else Wanted.DOWN,
    )


def of_candidate(provider: Provider) -> Policy:
    """The policy of a candidate: its first failure is its last."""
    return replace(of(provider), restart=RestartPolicy.NEVER, at_rest=Wanted.DOWN)


def wanted_at_first(provider: Provider) -> Wanted:
    """What is wanted before anybody asked: nothing, or to be woken by a request."""
    return of(provider).at_rest


def wanted_after(instance: Instance, old: Provider, new: Provider) -> Wanted:
    """What is wanted once `new` stands for `old`: a changed `start` counts where nobody has asked.

    An operator's start or stop outlives it.
    """
    has_rested = instance.state is State.STOPPED and (
        instance.wanted is Wanted.ON_DEMAND or not instance.generation
    )
    if old.start is new.start or not has_rested or instance.wanted is Wanted.UP:
        return instance.wanted
    return Wanted.UP if new.start is Start.AUTO else wanted_at_first(new)


def first_instance(provider: Provider, number: int | None) -> Instance:
    """The instance before its first spawn, which has `number` where it is a candidate's."""
    if number is None:
        return Instance(of(provider), wanted=wanted_at_first(provider))
    return Instance(of_candidate(provider), generation=number - 1)
