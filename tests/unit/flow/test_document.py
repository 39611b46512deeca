"""Reading one flow: what cannot run is refused, what hardly was meant is warned of."""

from typing import Any

import pytest

from cordboard.flow.document import read_flow
from cordboard.kernel.mistakes import BadInput
from cordboard.runtime.kinds import KINDS


def _flow(**changes: Any) -> dict[str, Any]:
    raw: dict[str, Any] = {
        "id": 11754,
        "name": "support",
        "start": "connect",
        "answer": "late",
        "applets": {
            "connect": {
                "type": "connect",
                "primary_url": "http://127.0.0.1:9000/connect",
                "after_conversation": "bye",
                "nobody_answers": "sorry",
                "not_dialed": "sorry",
            },
            "sorry": {"type": "greeting", "text": "Sorry.", "next": "bye"},
            "bye": {"type": "hangup"},
        },
    }
    return raw | changes


def test_a_good_flow_is_read_without_warnings() -> None:
    flow, warnings = read_flow(_flow(), KINDS)
    assert warnings == ()
    assert (flow.id, flow.name, flow.start, flow.answer) == (11754, "support", "connect", "late")
    assert flow.applet("connect").target("nobody_answers") == "sorry"
    assert flow.applet("sorry").target("next") == "bye"
    assert flow.applet("bye").target("anything") is None
    assert hash(flow) == hash(read_flow(_flow(), KINDS)[0])


def test_the_caller_is_answered_at_once_by_default() -> None:
    raw = _flow()
    del raw["answer"]
    assert read_flow(raw, KINDS)[0].answer == "at_once"


def _applets(**applets: Any) -> dict[str, Any]:
    raw = _flow()
    raw["applets"] |= applets
    return raw


@pytest.mark.parametrize(
    ("raw", "where", "what"),
    [
        (_flow(id="x"), "flow.id", "'x' is no flow id"),
        (_flow(id=True), "flow.id", "True is no flow id"),
        (_flow(id=0), "flow.id", "0 is no flow id"),
        (_flow(start="conect"), "flow.start", "the flow has no applet 'conect' (did you mean 'connect'?)"),
        (_flow(answer="later"), "flow.answer", "'later' is not known here"),
        (_flow(anwser="late"), "flow", "unknown key `anwser` (did you mean 'answer'?)"),
        (_flow(applets={}), "flow.applets", "there is no applet"),
        (_flow(applets={"connect": 5}), "flow.applets.connect", "this is no table"),
        (_applets(bye={"type": "hangupp"}), "flow.applets.bye.type", "(did you mean 'hangup'?)"),
        (_applets(bye={}), "flow.applets.bye.type", "this is missing"),
        (_applets(bye={"type": "hangup", "after": 3}), "flow.applets.bye", "unknown key `after`"),
        (
            _applets(sorry={"type": "greeting", "text": "Sorry.", "next": "by"}),
            "flow.applets.sorry.next",
            "the flow has no applet 'by' (did you mean 'bye'?)",
        ),
        (
            _applets(sorry={"type": "greeting", "text": "Sorry.", "nxt": "bye"}),
            "flow.applets.sorry",
            "unknown key `nxt` (did you mean 'next'?)",
        ),
    ],
)
def test_what_cannot_run_is_refused_by_name(raw: dict[str, Any], where: str, what: str) -> None:
    with pytest.raises(BadInput) as refused:
        read_flow(raw, KINDS)
    assert refused.value.where == where
    assert what in refused.value.what
    assert refused.value.allowed


def test_an_exit_left_out_is_warned_of() -> None:
    raw = _applets(sorry={"type": "greeting", "text": "Sorry."})
    assert read_flow(raw, KINDS)[1] == (
        "flow.applets.sorry: the exit `next` is unset, the call is hung up there",
    )


def test_not_dialed_left_out_takes_nobody_answers_without_a_warning() -> None:
    raw = _flow()
    del raw["applets"]["connect"]["not_dialed"]
    assert read_flow(raw, KINDS)[1] == ()
    del raw["applets"]["connect"]["nobody_answers"]
    assert [text for text in read_flow(raw, KINDS)[1] if "is unset" in text] == [
        "flow.applets.connect: the exit `nobody_answers` is unset, the call is hung up there",
        "flow.applets.connect: the exit `not_dialed` is unset, the call is hung up there",
    ]


def test_an_applet_that_nothing_leads_to_is_warned_of() -> None:
    raw = _applets(lost={"type": "hangup"})
    assert read_flow(raw, KINDS)[1] == ("flow.applets.lost: no exit leads to this applet",)


def test_a_loop_is_warned_of() -> None:
    raw = _applets(sorry={"type": "greeting", "text": "Again.", "next": "connect"})
    assert read_flow(raw, KINDS)[1] == (
        "flow.applets.connect: calls may go in circles in which the caller is asked nothing: "
        "connect → sorry → connect",
    )
