"""The contract rule by rule: what the platform's document says, and how it is read here.

A problem, a command and a line of a timeline name their rule as ``settled-14``. The tests that hold each rule
stand in docs/rules.md.
"""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Rule:
    """``document``: what the public page on the Connect applet says; ``reading``: what cordboard does."""

    number: int
    title: str
    document: str
    reading: str

    @property
    def id(self) -> str:
        """As problems and timelines name it."""
        return f"settled-{self.number}"


RULES: Final = (
    Rule(
        1,
        "Times",
        "Created, StartTime and CurrentTime as yyyy-mm-dd hh:mm:ss; EndTime is a constant.",
        "In the account's time zone (Asia/Kolkata unless set). StartTime is when the first leg was answered, "
        "until then equal to Created. EndTime is always 1970-01-01 05:30:00.",
    ),
    Rule(
        2,
        "What is an answer at all",
        "HTTP 200, application/json, within 5 seconds. One list says 'not 200', another 'non-2xx'.",
        "Only 200. Redirections are not followed. The media type is compared in any case, its parameters are "
        "ignored. 5 s from the decision to ask, name lookup and TLS included. Nothing is asked twice: no "
        "retry, no prefetch, no validating second fetch.",
    ),
    Rule(
        3,
        "The Fallback URL",
        "It is asked when the Primary fails or its reply is invalid; if both fail, nobody is dialled.",
        "It gets the same parameters and the same header. If it fails too, or there is none: exit not_dialed "
        "when nobody was dialled in this applet, else nobody_answers.",
    ),
    Rule(
        4,
        "The request's parameters",
        "A list of parameters, of which some may be missing; on a repeated request also those 'from the "
        "previous dial attempts', not listed.",
        "Your URL's own query first, byte for byte, then always the same order (see the page on the "
        "request). After a failed attempt: CallType=incomplete, how it went, and Legs[i][…] of all legs rung "
        "in this applet. Brackets and + are percent-encoded, a space is +.",
    ),
    Rule(
        5,
        "digits",
        "Come in double quotes after a Gather or IVR.",
        "The quotes are on the wire (%22…%22), and digits stay with the call from then on.",
    ),
    Rule(
        6,
        "Whose numbers, and how they are written",
        "CallFrom, CallTo, From and To, for calls in both directions; the format is not told.",
        "Incoming: CallFrom = From = the caller, CallTo = To = the ExoPhone. A call made by API to a flow: "
        "From is the number called first, To the CallerId. number_format national writes +91 numbers as 0 "
        "and ten digits, all others as E.164; e164 writes all as E.164.",
    ),
    Rule(
        7,
        "No destination, or nobody",
        "A missing destination is invalid; an empty one dials nobody.",
        "destination absent, null, no object, or an object without numbers: invalid, the Fallback is asked. "
        "{}, or numbers null, \"\", [] or without a number that can be dialled: nobody is dialled and the "
        "Fallback is not asked. In strict mode numbers of another kind are invalid.",
    ),
    Rule(
        8,
        "Lenient, the default",
        "Silent on what happens to values that are nearly right.",
        "Numbers are read as the account's country writes them; what cannot be dialled is dropped one by "
        "one. Numbers and flags as text, whole floats, null, unknown fields and repeated keys are understood "
        "with a warning; out of bounds is brought into bounds. Over 64 kB or 32 levels deep is invalid. No "
        "optional field ever costs the call, except as rule 10 says.",
    ),
    Rule(
        9,
        "Strict",
        "Types, names and bounds of the parameters.",
        "Exactly those. A number that is not E.164 is not dialled; an optional field that is wrong takes its "
        "default; repeated keys, NaN and more than 100 numbers are invalid. Strict never dials what lenient "
        "does not.",
    ),
    Rule(
        10,
        "Audio of a playback",
        "audio_url must be http or https and return 200, else the reply is invalid; audio is cached by name.",
        "It is fetched before anybody is dialled, within 5 s of its own (lenient follows up to 3 "
        "redirections, strict none); not 200 makes the answer invalid. A copy under 10 minutes old counts as "
        "200. Audio that cannot be decoded is skipped; a custom_tone that cannot be had becomes the default "
        "tone.",
    ),
    Rule(
        11,
        "Text of a playback",
        "Says that text, too, should be a URL that returns 200.",
        "That makes no sense for text: it is spoken, and never fetched.",
    ),
    Rule(
        12,
        "Answers of neighbouring applets",
        "Other pages describe them.",
        "A list of contact_uri (CCM), destination.trunk with custom_params, sip: entries, a bare number as "
        "text/plain: each is understood where the applet's accept names it (ccm, trunk, sip, plain). Where "
        "it does not, the problem names the shape that was seen.",
    ),
    Rule(
        13,
        "Loops",
        "Silent.",
        "The caller's number and the ExoPhone itself are dropped from the destination.",
    ),
    Rule(
        14,
        "One after the other, or in waves",
        "Numbers in the order of the array; in parallel all of them, 1 to 10 at a time.",
        "An attempt is one number, or one wave of max_parallel_attempts in the order of the array. The next "
        "one comes when it has failed. Repeats are rung once in a wave. The first to answer wins.",
    ),
    Rule(
        15,
        "Asking again, and the bounds",
        "fetch_after_attempt asks again after each unsuccessful attempt; the same set twice ends it.",
        "The new answer replaces the old one whole. The set is compared after normalising, order and repeats "
        "ignored; the second is not dialled. Always: at most 10 attempts, 30 legs and 10 minutes until a "
        "callee answers.",
    ),
    Rule(
        16,
        "DialCallStatus",
        "completed, busy, no-answer, failed, canceled.",
        "Of a wave: no-answer if any rang out, else busy if any was busy, else failed. Of several attempts: "
        "the last one's.",
    ),
    Rule(
        17,
        "The number that is shown",
        "outgoing_phone_number must be the account's, of the same circle, able to dial; else the first leg's"
        " counts.",
        "So it is done; circles are compared where both are set. The timeline says why another one is shown.",
    ),
    Rule(
        18,
        "How long",
        "Ringing 30 s, up to 60; conversation 900 s, up to 4500.",
        "Ringing counts from the INVITE, conversation from the moment both sides are joined, on a clock that "
        "never jumps.",
    ),
    Rule(
        19,
        "What the caller hears while waiting",
        "default_tone, operator_tone, custom_tone.",
        "operator_tone is the dialled leg's early media as it is, ringback until it comes; in a wave that of "
        "the first leg to send any, until that one fails. custom_tone is looped.",
    ),
    Rule(
        20,
        "The playback",
        "Played to the callee or to both.",
        "callee: the callee alone hears it while the caller keeps the hold sound. both: together. The "
        "conversation starts after it. A callee who hangs up during it counts as a failed attempt, "
        "no-answer.",
    ),
    Rule(
        21,
        "Recording",
        "record, and recording_channels single or dual.",
        "From the moment both sides are joined. dual: caller left, callee right. single: both mixed.",
    ),
    Rule(
        22,
        "How it ends",
        "Three exits: after the conversation, nobody answers, nobody dialled.",
        "A conversation: completed, after_conversation. Rang out, busy, failed: incomplete with its status, "
        "nobody_answers. The caller left before: client-hangup, with canceled and nobody_answers when "
        "somebody was dialled. Nothing dialled: call-attempt, not_dialed (unset: nobody_answers).",
    ),
    Rule(
        23,
        "Dial events",
        "dial_passthru_event_url is requested for dial start and dial end.",
        "GET; Dial with Status=busy when a number starts being rung, Terminal with Status=free when that leg "
        "is over for whatever reason; Ringing and Answered where enabled. Every Dial gets its Terminal. At "
        "least once, in order per call, never on the call's path.",
    ),
)  # fmt: skip
