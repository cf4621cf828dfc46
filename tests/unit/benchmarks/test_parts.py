from __future__ import annotations

import pytest

from benchmarks.cycling import Look, growth
from benchmarks.forwarding import parse

WRK = """\
Running 5s test @ http://127.0.0.1:1/1k
  1 threads and 64 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency     3.10ms  200.00us   9.00ms   90.00%
  102561 requests in 5.00s, 116.00MB read
{more}Requests/sec:  20512.20
Transfer/sec:     23.20MB
"""


def test_what_wrk_prints_is_read():
    assert parse(WRK.format(more="")) == (102561, 20512.2)


@pytest.mark.parametrize(
    "more",
    [
        "  Non-2xx or 3xx responses: 7\n",
        "  Socket errors: connect 0, read 3, write 0, timeout 0\n",
    ],
)
def test_a_rate_with_failures_in_it_is_refused(more: str):
    with pytest.raises(ValueError, match="could not measure"):
        parse(WRK.format(more=more))


def test_what_has_grown_over_the_cycles_misses_its_target():
    looks = [Look(30, 7, 4, 1, 5e7), Look(31, 7, 4, 1, 6e7)]
    assert {row.what: row.is_met for row in growth(looks)} == {
        "descriptors": False,
        "tasks": True,
        "threads": True,
        "child processes": True,
        "RSS": None,
    }
