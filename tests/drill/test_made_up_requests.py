"""The API under many more made-up requests than `make test` has time for."""

from tests.unit.api.test_made_up_requests import Served, served, try_everything

__all__ = ["served"]


def test_s19_no_made_up_request_ends_in_a_fault_in_a_long_run(served: Served) -> None:
    try_everything(served, 100)
