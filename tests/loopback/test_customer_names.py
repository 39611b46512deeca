"""Names to addresses (reliability.md F9)."""

import asyncio

import pytest

from cordboard.customer import got as words
from cordboard.kernel.mistakes import Unavailable
from cordboard.net import resolver as module
from cordboard.net.resolver import NotFound, Resolver
from tests.loopback.customer_peers import Answer, RealTokens, door, naming, response, serving


def resolver(*servers: tuple[str, int], **hosts: tuple[str, ...]) -> Resolver:
    return Resolver(RealTokens(), servers, hosts, try_seconds=0.1)


def both(name: str, family: int) -> list[str]:
    return ["60|192.0.2.1", "60|192.0.2.2"] if family == 4 else ["60|2001:db8::1"]


def test_both_kinds_are_asked_for_at_once_and_kept() -> None:
    async def run() -> tuple[tuple[str, ...], list[tuple[str, int]]]:
        async with naming(both) as dns:
            ours = resolver(dns.server)
            for name in ("H.example", "h.example.", "h.EXAMPLE"):
                found = await ours.addresses(name)
            return found, dns.asked

    found, asked = asyncio.run(run())
    assert found == ("192.0.2.1", "192.0.2.2", "2001:db8::1")
    assert sorted(asked) == [("h.example", 4), ("h.example", 6)]


def test_those_who_ask_together_share_one_question() -> None:
    async def run() -> int:
        async with naming(both) as dns:
            ours = resolver(dns.server)
            await asyncio.gather(*[ours.addresses("h.example") for _ in range(50)])
            return len(dns.asked)

    assert asyncio.run(run()) == 2


@pytest.mark.parametrize("name", ["localhost", "LOCALHOST.", "a.localhost"])
def test_localhost_is_this_machine_and_nobody_is_asked(name: str) -> None:
    assert asyncio.run(resolver(("127.0.0.1", 9)).addresses(name)) == ("127.0.0.1", "::1")


def test_literals_and_the_hosts_file_need_no_nameserver() -> None:
    ours = resolver(("127.0.0.1", 9), app=("10.0.0.5",))
    assert asyncio.run(ours.addresses("192.0.2.9")) == ("192.0.2.9",)
    assert asyncio.run(ours.addresses("App")) == ("10.0.0.5",)


@pytest.mark.parametrize("answer", [3, []])
def test_a_name_that_does_not_exist_is_not_asked_for_again_at_once(answer: int | list[str]) -> None:
    async def run() -> int:
        async with naming(lambda name, family: answer) as dns:
            ours = resolver(dns.server)
            for _ in range(3):
                with pytest.raises(NotFound):
                    await ours.addresses("h.example")
            return len(dns.asked)

    assert asyncio.run(run()) == 2


@pytest.mark.parametrize("name", ["a..example", "b" * 64 + ".example", "ü.example"])
def test_a_name_that_dns_cannot_carry_does_not_exist(name: str) -> None:
    with pytest.raises(NotFound):
        asyncio.run(resolver(("127.0.0.1", 9)).addresses(name))


@pytest.mark.parametrize("answer", [None, 2, 5])
def test_f9_nobody_who_answers_is_not_the_same_as_no_such_name(answer: int | None) -> None:
    async def run() -> tuple[float, int]:
        async with naming(lambda name, family: answer) as dns:
            began = asyncio.get_running_loop().time()
            with pytest.raises(Unavailable):
                await resolver(dns.server).addresses("h.example")
            return asyncio.get_running_loop().time() - began, len(dns.asked)

    took, asked = asyncio.run(run())
    assert took < 0.4 and asked == 4  # two tries for each kind


def test_f9_the_second_nameserver_is_asked_when_the_first_is_dead() -> None:
    async def run() -> tuple[str, ...]:
        async with naming(lambda name, family: None) as dead, naming(both) as alive:
            return await resolver(dead.server, alive.server).addresses("h.example")

    assert "192.0.2.1" in asyncio.run(run())


def test_one_kind_that_hangs_does_not_hide_the_other() -> None:
    async def run() -> tuple[str, ...]:
        async with naming(lambda name, family: ["192.0.2.1"] if family == 4 else None) as dns:
            return await resolver(dns.server).addresses("h.example")

    assert asyncio.run(run()) == ("192.0.2.1",)


def test_a_truncated_answer_is_fetched_over_tcp() -> None:
    async def run() -> tuple[str, ...]:
        async with naming(both, truncate=True) as dns:
            return await resolver(dns.server).addresses("h.example")

    assert asyncio.run(run()) == ("192.0.2.1", "192.0.2.2", "2001:db8::1")


def test_f9_a_kept_answer_stands_for_ten_minutes_when_nobody_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LEAST_TTL", 0)
    alive = True

    def sometimes(name: str, family: int) -> list[str] | None:
        return (["0|192.0.2.1"] if family == 4 else []) if alive else None

    async def run() -> list[tuple[str, ...]]:
        nonlocal alive
        async with naming(sometimes) as dns:
            ours = resolver(dns.server)
            found = [await ours.addresses("h.example")]
            alive = False
            found.append(await ours.addresses("h.example"))
            asked = len(dns.asked)
            found.append(await ours.addresses("h.example"))
            assert len(dns.asked) == asked  # no new wait for each call
            monkeypatch.setattr(module, "STALE_SECONDS", -1.0)
            with pytest.raises(Unavailable):
                await ours.addresses("h.example")
            return found

    assert asyncio.run(run()) == [("192.0.2.1",)] * 3


def test_f9_100_hanging_names_leave_other_fetches_alone() -> None:
    def hanging(name: str, family: int) -> list[str] | None:
        return None if name.startswith("hang") else (["127.0.0.1"] if family == 4 else [])

    async def run() -> tuple[list[str], float]:
        async with (
            naming(hanging) as dns,
            serving(response()) as server,
            door(servers=(dns.server,)) as customer,
        ):
            slow = [
                asyncio.ensure_future(customer.get(server.url(host=f"hang{n}.example"), seconds=1.0))
                for n in range(100)
            ]
            await asyncio.sleep(0.05)
            got = await customer.get(server.url(host="good.example"))
            assert got.status == 200
            return [(await each).error for each in slow], got.elapsed

    errors, elapsed = asyncio.run(run())
    assert set(errors) == {words.NO_NAME_SERVICE}
    assert elapsed < 0.15


@pytest.mark.parametrize(
    ("answer", "error"), [(lambda n, f: 3, words.NOT_FOUND), (lambda n, f: 2, words.NO_NAME_SERVICE)]
)
def test_what_a_fetch_says_of_a_name(answer: Answer, error: str) -> None:
    async def run() -> str:
        async with naming(answer) as dns, door(servers=(dns.server,)) as customer:
            return (await customer.get("http://gone.example/")).error

    assert asyncio.run(run()) == error


def test_there_is_a_bound_on_names_that_are_looked_up_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_LOOKUPS", 3)

    async def run() -> list[BaseException | tuple[str, ...]]:
        async with naming(lambda name, family: None) as dns:
            ours = resolver(dns.server)
            return await asyncio.gather(
                *[ours.addresses(f"h{n}.x") for n in range(5)], return_exceptions=True
            )

    assert sum("too many" in str(each) for each in asyncio.run(run())) == 2


def test_closing_ends_what_is_under_way() -> None:
    async def run() -> None:
        async with naming(lambda name, family: None) as dns:
            ours = Resolver(RealTokens(), (dns.server,), try_seconds=30.0)
            waiting = asyncio.ensure_future(ours.addresses("h.example"))
            await asyncio.sleep(0.05)
            await ours.close()
            with pytest.raises(Unavailable):
                await waiting

    asyncio.run(run())
