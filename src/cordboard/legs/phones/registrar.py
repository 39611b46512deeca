"""The registrar: who a phone is (RFC 8760), and where it can be reached (§10.3). Pure.

Whoever is named, known or not, meets the same challenge and the same sums, so that neither an answer nor its
time tells which phones there are (reliability.md S7). Passwords are not kept: only their HA1.
"""

from collections.abc import Callable, Sequence

from cordboard.config.settings import Phone
from cordboard.kernel.clock import Tokens
from cordboard.legs.phones.bindings import (
    LEAST_SECONDS,
    Binding,
    Bindings,
    OutOfOrder,
    Registration,
    TooBrief,
)
from cordboard.legs.phones.budget import Budget
from cordboard.legs.phones.contacts import read_contacts
from cordboard.legs.phones.offers import Offers
from cordboard.sip.endpoint.words import Admission
from cordboard.sip.message.address import Hop
from cordboard.sip.message.digest import ha1
from cordboard.sip.message.guard import OFFERED, Guard, Outcome, read_authorization
from cordboard.sip.message.headers import split_address
from cordboard.sip.message.message import Request
from cordboard.sip.message.uri import user_of

DEFAULT_REALM = "cordboard"
_EXTENSIONS = frozenset(("path", "outbound", "gruu"))
_LONGEST_PATH = 1024
_MOST_PATHS = 5
_FLOW_TIMER = {True: 120, False: 30}
"""How often a phone should show that its flow stands (RFC 5626 §4.4), by whether its transport is
reliable."""

AUTH_FAILED = "phone-auth-failed"
AUTH_BANNED = "phone-auth-banned"
FOREIGN_NAME = "phone-foreign-name"

Alarm = Callable[[str, str], None]
"""Told (fixed word, host) of what should not happen."""


class Registrar:
    """``realm`` as in ``[sip]``; ``alarm`` is told of failures. ``changed`` turns true with every change of
    the bindings; whoever keeps them sets it back."""

    def __init__(
        self,
        phones: Sequence[Phone],
        realm: str,
        tokens: Tokens,
        alarm: Alarm,
    ) -> None:
        realm = realm or DEFAULT_REALM
        self.bindings = Bindings({phone.user: phone.most_contacts for phone in phones})
        self.budget = Budget()
        self._offers = Offers()
        self.changed = False
        self._guard = Guard(realm, bytes.fromhex(tokens.hex(32)))
        self._tokens = tokens
        self._alarm = alarm
        self._secrets = {
            (phone.user, algorithm): ha1(algorithm, phone.user, realm, phone.password)
            for phone in phones
            for algorithm in OFFERED
        }
        # Nobody's: what a user that does not exist is measured against.
        self._nobody = {algorithm: ha1(algorithm, "", realm, tokens.hex(32)) for algorithm in OFFERED}
        self._users = frozenset(phone.user for phone in phones)

    def authenticate(self, request: Request, now: float) -> Admission:
        """The phone that sent it, or the challenge."""
        source = request.source
        host = source.host
        banned = False

        def secret_of(user: str, algorithm: str) -> str:
            nonlocal banned
            # A phone that stands registered from this very address and port is not locked out by others
            # behind the same NAT.
            banned = self.budget.is_banned(host, user, now) and not self.bindings.holds(user, source)
            known = self._secrets.get((user, algorithm))
            return self._nobody[algorithm] if known is None or banned else known

        values = request.index.get("authorization", [])
        checked = self._guard.check(values, request.method, host, now, secret_of)
        user = checked.username
        if checked.outcome is Outcome.GOOD and user in self._users:
            self.budget.succeeded(host, user)
            given = read_authorization(values, self._guard.realm)
            self._offers.answered(host, user, given.algorithm if given is not None else "")
            return Admission(user=user)
        if checked.outcome is Outcome.WRONG and not banned:
            over = self.budget.failed(host, user, now)
            self._alarm(AUTH_BANNED if over else AUTH_FAILED, host)
        return self._challenge(request, user, now, stale=checked.outcome is Outcome.STALE)

    def register(self, request: Request, hop: Hop, reliable: bool, now: float) -> Admission:
        """A REGISTER: challenged, or obeyed and answered."""
        admission = self.authenticate(request, now)
        if admission.code:
            return admission
        user = admission.user
        if _user_in(request, "to") != user:
            self._alarm(FOREIGN_NAME, request.source.host)
            return _answered(403)
        lacking = [tag for tag in request.listed("require") if tag.lower() not in _EXTENSIONS]
        if lacking:
            return _answered(420, f"Unsupported: {', '.join(lacking)}")
        path = tuple(request.listed("path"))
        if len(path) > _MOST_PATHS or sum(map(len, path)) > _LONGEST_PATH:
            return _answered(400)
        try:
            wanted, all_gone = read_contacts(request)
            asked = Registration(user, hop, request.call_id, request.cseq, wanted, all_gone, path)
            bindings = self.bindings.update(asked, now)
        except ValueError:
            return _answered(400)
        except OutOfOrder:
            return _answered(500)
        except TooBrief:
            return _answered(423, f"Min-Expires: {LEAST_SECONDS}")
        if wanted or all_gone:
            self.changed = True
        lines = [_contact_line(binding, now) for binding in bindings]
        lines += [f"Path: {one}" for one in path]
        lines.append("Supported: path, outbound")
        if any(one.reg_id for one in wanted):
            lines += ["Require: outbound", f"Flow-Timer: {_FLOW_TIMER[reliable]}"]  # RFC 5626 §6
        return Admission(200, user, tuple(lines), kept=True)

    def _challenge(self, request: Request, user: str, now: float, *, stale: bool) -> Admission:
        host = request.source.host
        values = self._guard.challenges(host, now, self._tokens.hex(4), stale=stale)
        lines = tuple(f"WWW-Authenticate: {value}" for value in values)
        if not self._offers.both(host, user or _user_in(request, "from")):
            lines = lines[-1:]
        return Admission(401, lines=lines, smaller=lines[-1:])


def _answered(code: int, *lines: str) -> Admission:
    return Admission(code, lines=lines, kept=True)


def _user_in(request: Request, header: str) -> str:
    try:
        return user_of(split_address(request.header(header))[1])
    except ValueError:
        return ""


def _contact_line(binding: Binding, now: float) -> str:
    line = f"Contact: <{binding.uri}>;expires={max(1, round(binding.until - now))}"
    if binding.q != 1.0:
        line += f";q={binding.q:g}"
    if binding.instance:
        line += f';+sip.instance="{binding.instance}"'
    if binding.reg_id:
        line += f";reg-id={binding.reg_id}"
    return line
