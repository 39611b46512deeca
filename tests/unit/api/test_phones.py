"""The phones, as the API shows them."""

from pathlib import Path

from tests.unit.api.house import House, play


def test_the_phones_are_shown_to_the_account_only(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        assert (await house.get("/api/phones", login=False)).status == 401
        answer = await house.get("/api/phones")
        assert answer.status == 200
        assert answer.json == [{"user": "asha", "number": "+919812300001", "registered": 0}]

    play(tmp_path, story)
