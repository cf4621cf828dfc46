"""Leases: which are held, and when the daemon is to end with them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime_manager.errors import DaemonEndingError, LeaseLimitError, UnknownLeaseError
from runtime_manager.lifecycle.leases import MOST, OPENING, Lease, Leases, opening_leases

IDE = Lease("a", "connection", "ide")
SHORT = Lease("b", "ttl", "script", ttl_s=30, ends_at=130)


def test_a_daemon_of_its_own_never_ends_with_its_leases() -> None:
    leases = opening_leases(is_binding=False, waits_s=30, now=0)
    assert leases.held == ()
    assert not leases.are_over
    assert not leases.taken(IDE).without("a").are_over


def test_a_daemon_for_clients_waits_for_the_first_and_no_longer() -> None:
    leases = opening_leases(is_binding=True, waits_s=30, now=100)
    assert leases.next_end == 130
    assert not leases.at(129.9).are_over
    assert leases.at(130).are_over


def test_the_first_client_puts_an_end_to_the_wait_for_it() -> None:
    leases = opening_leases(is_binding=True, waits_s=30, now=0).taken(IDE)
    assert leases.held == (IDE,)
    assert leases.next_end is None
    assert leases.without("a").are_over


def test_those_who_wait_for_a_client_wait_together() -> None:
    leases = opening_leases(is_binding=True, waits_s=30, now=0)
    leases = leases.taken(Lease("o", OPENING, "another", ttl_s=30, ends_at=40))
    assert not leases.at(30).are_over
    assert leases.taken(IDE).held == (IDE,)


def test_the_last_of_two_ends_it() -> None:
    leases = Leases(is_binding=True, held=(IDE, SHORT))
    assert not leases.without("a").are_over
    assert not leases.at(130).are_over
    assert leases.without("a").at(130).are_over


def test_nothing_can_be_taken_once_it_is_over() -> None:
    with pytest.raises(DaemonEndingError):
        Leases(is_binding=True).taken(IDE)


def test_a_renewed_one_begins_anew_and_others_stay() -> None:
    other = Lease("c", "ttl", ttl_s=5, ends_at=105)
    leases = Leases(is_binding=True, held=(SHORT, other, IDE)).renewed("b", 120)
    assert leases.find("b").ends_at == 150
    assert leases.held[1:] == (other, IDE)
    assert leases.renewed("a", 120) == leases


def test_an_unknown_one_cannot_be_found_or_renewed_and_is_gone_already() -> None:
    leases = Leases(is_binding=True, held=(IDE,))
    with pytest.raises(UnknownLeaseError):
        leases.renewed("x", 0)
    with pytest.raises(UnknownLeaseError):
        leases.find("x")
    assert leases.without("x") == leases


def test_who_could_not_renew_while_the_process_stood_still_gets_its_time_again() -> None:
    leases = Leases(is_binding=True, held=(IDE, SHORT)).at(500, slept=True)
    assert leases.find("b").ends_at == 530
    assert leases.find("a") == IDE


def test_there_is_an_end_to_how_many_are_held() -> None:
    leases = Leases(is_binding=False, held=tuple(Lease(str(n), "ttl") for n in range(MOST)))
    with pytest.raises(LeaseLimitError):
        leases.taken(IDE)


STEPS = st.lists(
    st.tuples(st.sampled_from(["take", "renew", "release", "wait"]), st.integers(0, 5)),
    max_size=40,
)


@given(STEPS)
def test_whatever_happens_it_is_over_exactly_when_nobody_holds_it(
    steps: list[tuple[str, int]],
) -> None:
    leases, now = opening_leases(is_binding=True, waits_s=3, now=0), 0.0
    for step, number in steps:
        was_over = leases.are_over
        match step:
            case "take":
                lease = Lease(str(number), "ttl", ttl_s=number + 1.0, ends_at=now + number + 1)
                try:
                    leases = leases.taken(lease)
                except DaemonEndingError:
                    assert was_over
            case "renew" if any(x.id == str(number) for x in leases.held):
                leases = leases.renewed(str(number), now)
            case "release":
                leases = leases.without(str(number))
            case _:
                now += number
                leases = leases.at(now)
                assert all(x.ends_at is None or x.ends_at > now for x in leases.held)
        assert leases.are_over == (not leases.held)
        assert leases.are_over or not was_over
        assert len(leases.held) == 1 or all(x.kind != OPENING for x in leases.held)


def test_who_takes_over_gives_everybody_time_to_come_back() -> None:
    opening = opening_leases(is_binding=True, waits_s=30, now=1000)
    leases = opening.inheriting((IDE, SHORT), returns_within_s=10, now=1000)
    assert leases.find("a") == Lease("a", "returning", "ide", ttl_s=10, ends_at=1010)
    assert leases.find("b").ends_at == 1030
    assert leases.taken(Lease("c", "connection")).at(1010).held == (
        Lease("b", "ttl", "script", ttl_s=30, ends_at=1030),
        Lease("c", "connection"),
    )
