"""The top Via: where a response goes, and the branch that names a transaction (§8.1.1.7, §18.2.2, RFC
3581)."""

import re

from cordboard.sip.message.headers import are_parameters, read_parameters, split_list

MAGIC = "z9hG4bK"
"""What a branch of RFC 3261 begins with (§8.1.1.7)."""

_PLAIN = re.compile(
    r"SIP/2\.0/([A-Za-z]++) ++([A-Za-z0-9_.-]++|\[[0-9A-Fa-f:.]++\])(?::(\d{1,5}))?((?:;[^,\"\s]++)?)$"
)
_ANY = re.compile(
    r"SIP ?/ ?\d++\.\d++ ?/ ?([A-Za-z0-9.!%*_+`'~-]++) "
    r"([A-Za-z0-9_.-]++|\[[0-9A-Fa-f:.]++\]) ?(?:: ?(\d{1,5}))? ?((?:;.*)?)$",
    re.IGNORECASE,
)
_BLANKS = re.compile(r"\s+")
_BRANCH = re.compile(r";branch=([^;]+)")
_RPORT = re.compile(r"; ?rport(?: ?= ?\d*)? ?(?=;|$)", re.IGNORECASE)
_RECEIVED = re.compile(r"; ?received ?=[^;]*", re.IGNORECASE)

LONGEST = 4096


class Via:
    """``text`` is this element, blanks apart as it came; ``others`` what stood below it in the same header
    line.

    ``port`` is 0 where none is written; ``rport`` says that it was asked for; ``problem`` why the request it
    stands in is to be refused. maddr is never obeyed
    (reliability.md S15).
    """

    __slots__ = ("branch", "host", "others", "port", "problem", "rport", "text", "transport")

    def __init__(self, value: str) -> None:
        """Raises ``ValueError`` when it cannot even be answered to."""
        self.problem = ""
        found = _PLAIN.match(value)
        if found:
            self.text, self.others = value, ""
            parameters = found.group(4)
            if ";;" in parameters or parameters.endswith(";"):
                self.problem = "a Via parameter has no name"
            branch = _BRANCH.search(parameters)
            self.branch = branch.group(1) if branch else ""
        else:
            self.text, *others = split_list(value)
            self.text = _BLANKS.sub(" ", self.text)  # all linear white space means the same (§25.1)
            if "" in others:
                self.problem = "a Via between two commas is empty"
            self.others = ", ".join(others)
            found = _ANY.match(self.text) if len(self.text) <= LONGEST else None
            if found is None:
                raise ValueError("the Via cannot be read")
            parameters = found.group(4)
            self.branch = read_parameters(parameters).get("branch", "")
            if not are_parameters(parameters):
                self.problem = "a Via parameter cannot be read"
        if len(self.branch) == len(MAGIC) and self.branch.lower() == MAGIC.lower():
            self.problem = "the Via's branch is nothing but the magic cookie"
        self.transport = found.group(1).upper()
        self.host = found.group(2)
        self.port = int(found.group(3) or 0)
        if self.port > 65535:
            raise ValueError("the Via's port is above 65535")
        self.rport = ";rport" in parameters or (
            "rport" in parameters.lower() and _RPORT.search(parameters) is not None
        )

    @classmethod
    def absent(cls) -> "Via":
        """Stands in a request that has none, so that its sender can be told."""
        via = cls("SIP/2.0/UDP absent.invalid;rport")
        via.text = via.host = ""
        return via

    @property
    def sent_by(self) -> str:
        """Host and port as one text, for matching."""
        return f"{self.host.lower()}:{self.port}" if self.port else self.host.lower()

    def stamped(self, host: str, port: int) -> str:
        """The whole header line with ``received`` and ``rport`` filled in from the packet's source."""
        text = _RECEIVED.sub("", self.text) if "received" in self.text.lower() else self.text
        if self.rport:
            text = _RPORT.sub("", text, count=1) + f";rport={port};received={host}"
        elif host != self.host.strip("[]"):
            text += f";received={host}"
        return f"{text}, {self.others}" if self.others else text
