"""The hosts of a trunk: their order (RFC 2782) and their health (telephony.md 9)."""

import random
from collections import Counter
from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from cordboard.legs.hosts import REST_SECONDS, Change, Host, Hosts, Record, in_order
from cordboard.sip.endpoint.words import Address


@dataclass(frozen=True)
class Weighed:
    priority: int
    weight: int
    name: int = 0


def host(last: int) -> Host:
    address = Address("udp", f"192.0.2.{last}", 5060)
    return Host(address, "sbc.example", "sbc.example")


ONE, TWO, THREE = host(1), host(2), host(3)


def hosts(*records: Record, probed: bool = False) -> Hosts:
    made = Hosts(((0, 1),), probed)
    made.put(0, records or [Record(number, 1, (one,)) for number, one in enumerate((ONE, TWO, THREE))])
    return made


def least(most: int) -> int:
    return 0


def twice(made: Hosts, which: Host, now: float) -> Change | None:
    made.failed(which.address, now, "silence")
    return made.failed(which.address, now, "silence")


# --- order ------------------------------------------------------------------------------------------------


@given(
    st.lists(st.builds(Weighed, st.integers(0, 3), st.integers(0, 65535), st.integers()), max_size=12),
    st.randoms(use_true_random=False),
)
def test_every_record_comes_once_and_priorities_rise(records: list[Weighed], chance: random.Random) -> None:
    ordered = in_order(records, lambda most: chance.randint(0, most))
    assert Counter(ordered) == Counter(records)
    assert [one.priority for one in ordered] == sorted(one.priority for one in records)


def test_rfc2782_equals_share_by_weight() -> None:
    chance = random.Random(7)
    records = [Weighed(0, 60), Weighed(0, 30), Weighed(0, 10), Weighed(1, 500)]
    first = Counter(in_order(records, lambda most: chance.randint(0, most))[0].weight for _ in range(20_000))
    assert abs(first[60] / 20_000 - 0.6) < 0.02 and abs(first[30] / 20_000 - 0.3) < 0.02
    assert first[500] == 0


def test_rfc2782_weight_0_hardly_ever_comes_before_a_heavy_one() -> None:
    chance = random.Random(7)
    records = [Weighed(0, 0), Weighed(0, 1)]
    first = Counter(in_order(records, lambda most: chance.randint(0, most))[0].weight for _ in range(5_000))
    assert 0 < first[0] < 100


def test_the_configurations_priorities_stand_over_those_of_dns() -> None:
    made = Hosts(((1, 1), (0, 1)))
    made.put(0, (Record(0, 1, (ONE,)),))
    made.put(1, (Record(20, 1, (TWO,)), Record(10, 1, (THREE,))))
    assert made.order(0.0, least) == (THREE, TWO, ONE)


def test_an_address_that_is_named_twice_is_tried_once() -> None:
    assert hosts(Record(0, 1, (ONE, TWO)), Record(1, 1, (TWO, THREE))).order(0.0, least) == (ONE, TWO, THREE)


# --- health -----------------------------------------------------------------------------------------------


def test_two_failures_in_a_row_take_a_host_out_and_one_answer_brings_it_back() -> None:
    made = hosts(probed=True)
    assert made.failed(ONE.address, 1.0, "silence") is None
    assert made.order(1.0, least)[0] == ONE
    assert made.failed(ONE.address, 2.0, "silence") == Change(ONE, False, "silence")
    assert made.order(9_999.0, least) == (TWO, THREE)
    assert made.failed(ONE.address, 3.0, "silence") is None  # told once
    assert made.states(4.0)[0].since == 2.0
    assert made.answered(ONE.address, 5.0) == Change(ONE, True, "it answers again")
    assert made.order(5.0, least)[0] == ONE


def test_an_answer_between_two_failures_counts_them_anew() -> None:
    made = hosts()
    made.failed(ONE.address, 1.0, "silence")
    assert made.answered(ONE.address, 2.0) is None
    assert made.failed(ONE.address, 3.0, "silence") is None and made.alive(ONE.address, 3.0)


def test_telephony_9_the_last_host_is_never_taken_out() -> None:
    made = hosts()
    assert twice(made, ONE, 1.0) and twice(made, TWO, 1.0)
    change = twice(made, THREE, 1.0)
    assert change == Change(THREE, True, "silence", last=True)
    assert made.order(2.0, least) == (THREE,)
    assert made.states(2.0)[2].alive and made.states(2.0)[2].why == "silence"


def test_telephony_16_a_trunk_none_of_whose_hosts_answers_is_down_though_calls_may_try_the_last() -> None:
    made = hosts(Record(0, 1, (ONE,)), probed=True)
    assert not made.down(0.0)
    twice(made, ONE, 1.0)
    assert made.down(1.0) and made.order(1.0, least) == (ONE,)
    made.answered(ONE.address, 2.0)
    assert not made.down(2.0)
    assert Hosts(((0, 1),)).down(0.0)  # its name is not resolved


def test_without_probing_a_host_is_tried_again_after_a_rest() -> None:
    made = hosts()
    twice(made, ONE, 10.0)
    assert not made.alive(ONE.address, 10.0 + REST_SECONDS - 0.1)
    assert made.order(10.0 + REST_SECONDS, least)[0] == ONE
    made.failed(ONE.address, 50.0, "silence")  # one more is enough
    assert not made.alive(ONE.address, 51.0)


def test_a_503_with_retry_after_keeps_a_host_out_for_that_time_whatever_it_answers() -> None:
    made = hosts(probed=True)
    assert made.asked_to_wait(ONE.address, 0.0, 60, "503") == Change(ONE, False, "503")
    assert made.answered(ONE.address, 10.0) is None and not made.alive(ONE.address, 10.0)
    assert made.alive(ONE.address, 60.0)
    assert made.answered(ONE.address, 61.0) == Change(ONE, True, "it answers again")


def test_nobody_can_ask_for_a_week() -> None:
    made = hosts()
    made.asked_to_wait(ONE.address, 0.0, 7 * 86400, "503")
    assert made.alive(ONE.address, 3600.0)


def test_f9_a_new_answer_of_dns_keeps_what_is_known_of_hosts_that_stay() -> None:
    made = hosts()
    twice(made, TWO, 0.0)
    made.put(0, (Record(0, 1, (host(9),)), Record(1, 1, (TWO,))))
    assert made.order(1.0, least) == (host(9),)
    made.put(0, (Record(0, 1, (TWO,)),))
    assert made.order(1.0, least) == (TWO,)  # the only one that is left is tried
    made.failed(ONE.address, 2.0, "silence")  # it is gone: nothing happens
    assert [state.host for state in made.states(2.0)] == [TWO]


def test_a_host_that_left_dns_is_remembered_for_the_calls_that_are_up() -> None:
    made = hosts(Record(0, 1, (ONE,)))
    for last in range(2, 60):
        made.put(0, (Record(0, 1, (host(last),)),))
    assert made.was("192.0.2.59") and made.was("192.0.2.58") and "192.0.2.58" not in made.addresses
    assert not made.was("192.0.2.1")  # within a bound
    made.put(0, ())
    assert made.was("192.0.2.59") and made.all == ()


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), max_size=60))
def test_whatever_happens_there_is_a_host_to_try(steps: list[tuple[int, int]]) -> None:
    made, now = hosts(probed=True), 0.0
    for which, what in steps:
        now += 1.0
        address = (ONE, TWO, THREE)[which].address
        if what == 0:
            made.failed(address, now, "silence")
        elif what == 1:
            made.asked_to_wait(address, now, 5, "503")
        else:
            made.answered(address, now)
        assert made.order(now, least)
        assert any(state.alive for state in made.states(now))
