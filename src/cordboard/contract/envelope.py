"""What the answer of an applet's URL must be before a word of it is read: status 200 and JSON (settled 2)."""

from typing import NoReturn

from cordboard.contract.fields import shown
from cordboard.contract.problems import Problems

JSON = "application/json"


def expect_200(status: int, problems: Problems) -> None:
    """Raises ``Invalid`` for any other status; 0: there was no answer."""
    if status != 200:
        told = f"the answer has status {status}" if status else "there was no answer"
        problems.invalid("status", "answer.status", f"{told}; only 200 is an answer", "settled-2")


def bare_media_type(content_type: str) -> str:
    """A Content-Type in lower case, without its parameters."""
    return content_type.partition(";")[0].strip().lower()


def refuse_media_type(media: str, problems: Problems) -> NoReturn:
    """An answer that says it is something else than JSON."""
    told = f"the Content-Type is {shown(media)}" if media else "there is no Content-Type"
    message = f"{told}; only application/json is an answer"
    problems.invalid("content-type", "answer.media_type", message, "settled-2", JSON)
