"""Reading an answer costs next to nothing; the aim is in issue 4, the measuring in bench/reading_cost.py."""

import time

import pytest

from cordboard.contract.account import Account
from cordboard.contract.answer import read_answer
from tests.unit.contract.reading import LENIENT, SAMPLE, STRICT


@pytest.mark.parametrize("account", [LENIENT, STRICT], ids=["lenient", "strict"])
def test_the_documents_sample_is_read_within_100_us_of_cpu(account: Account) -> None:
    def batch() -> float:
        began = time.process_time()
        for _ in range(200):
            assert read_answer(200, "application/json", SAMPLE, account).plan is not None
        return (time.process_time() - began) / 200

    assert min(batch() for _ in range(20)) < 100e-6
