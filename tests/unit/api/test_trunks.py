"""The trunks and their hosts."""

from pathlib import Path

from tests.unit.api.house import House, play


def test_trunks_are_told_to_those_who_may_ask(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        assert (await house.get("/api/trunks", login=False)).status == 401
        answer = await house.get("/api/trunks")
        assert (answer.status, answer.json) == (200, house.engine.trunks())

    play(tmp_path, story)
