"""What can be set, with its default. The names are those of cordboard.toml."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from cordboard.config.address import Target, host_port, port_range, trunk_target


@dataclass(frozen=True, slots=True)
class Account:
    """The one account of this engine.

    sid: its name in API paths.
    api_key: HTTP Basic user.
    api_token: HTTP Basic password (secret).
    country: region for numbers without '+', codec order and tones (ISO 3166, two letters).
    timezone: IANA name; times in requests and answers are written in it.
    number_format: how numbers are written in requests, `national` or `e164`.
    strict: answers are held to the document's words.
    signing_secrets: set, every request that we send is signed; two while rotating (secret).
    """

    sid: str = "acme1"
    api_key: str = "key"
    api_token: str = field(default="token", repr=False)
    country: str = "IN"
    timezone: str = "Asia/Kolkata"
    number_format: str = "national"
    strict: bool = False
    signing_secrets: tuple[str, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class Sip:
    """Signalling.

    listen: `udp:host:port` or `tcp:host:port`, an IPv6 host in brackets; port 0 means any.
    advertise: the address that peers are told; empty: the one that the packet came to.
    certificate, private_key: files in PEM, for TLS listeners.
    max_calls: past it new calls are refused with 503; 0: no limit.
    """

    listen: tuple[str, ...] = ("udp:127.0.0.1:5060", "tcp:127.0.0.1:5060")
    advertise: str = ""
    certificate: str = ""
    private_key: str = ""
    max_calls: int = 0

    def listeners(self) -> tuple[tuple[str, str, int], ...]:
        """(transport, host, port) of each entry of `listen`; the host without brackets."""
        parts = (entry.partition(":") for entry in self.listen)
        return tuple((transport, *host_port(rest)) for transport, _, rest in parts)


@dataclass(frozen=True, slots=True)
class Media:
    """Audio.

    engine: `embedded`.
    bind: the address of the RTP sockets.
    advertise: the address in our SDP; empty: `bind`.
    ports: `low-high`, both included.
    processes: media processes; 0: one per core.
    """

    engine: str = "embedded"
    bind: str = "127.0.0.1"
    advertise: str = ""
    ports: str = "30000-34999"
    processes: int = 0

    def port_range(self) -> tuple[int, int]:
        """Lowest and highest port."""
        return port_range(self.ports)


@dataclass(frozen=True, slots=True)
class Http:
    """The API.

    listen: `host:port`; port 0 means any.
    public_url: how the outside reaches it; begins the links that we hand out, without a slash at the end.
    certificate, private_key: files in PEM; both set: HTTPS.
    metrics_token: bearer token of /metrics; empty: loopback only (secret).
    """

    listen: str = "127.0.0.1:8080"
    public_url: str = "http://127.0.0.1:8080"
    certificate: str = ""
    private_key: str = ""
    metrics_token: str = field(default="", repr=False)

    def address(self) -> tuple[str, int]:
        """Host (without brackets) and port."""
        return host_port(self.listen)


@dataclass(frozen=True, slots=True)
class Store:
    """What is kept.

    url: the database, `sqlite:///file`; a new file is made and upgraded by itself.
    recordings: the folder of the WAV files.
    keep_days: how long calls and recordings are kept.
    """

    url: str = "sqlite:///cordboard.db"
    recordings: str = "recordings"
    keep_days: int = 365


@dataclass(frozen=True, slots=True)
class Egress:
    """HTTP to customers.

    allow: private networks that their URLs may live in, on any port; none by default.
    ports: for public addresses.
    fetch_timeout_seconds: the whole exchange with a Primary or Fallback URL.
    """

    allow: tuple[str, ...] = ()
    ports: tuple[int, ...] = (80, 443, 8080, 8443)
    fetch_timeout_seconds: float = 5.0


@dataclass(frozen=True, slots=True)
class Dialing:
    """What may be dialled.

    countries: regions (ISO 3166, two letters); empty: every one. Satellite and premium ranges never.
    max_calls_per_number: calls to one number at the same time; 0: no limit.
    """

    countries: tuple[str, ...] = ()
    max_calls_per_number: int = 0


@dataclass(frozen=True, slots=True)
class Trunk:
    """A carrier or a PBX.

    name: how exophones name it.
    uri: `sip:host[:port][;transport=udp|tcp]`, or `simulator`.
    sources: networks that may send us calls on it; the first trunk that matches takes the call.
    media: where audio may come from: `acl` (the SDP's address and `media_sources`) or `sdp` (exact).
    media_sources: networks; empty: `sources`.
    number_format: how it wants numbers: `e164`, `national` (10 digits) or `0national` (0 and 10 digits).
    did_from: where it names the dialled number: `request-uri`, `to`, `p-called-party-id`, `diversion`.
    username, password: digest towards it (not built yet; password is secret).
    register: register with it (not built yet).
    max_calls: calls at the same time on it; 0: no limit.
    calls_per_second: calls begun towards it; 0: no limit (not built yet).
    ring_from: `max_ringing_duration` runs from the `invite` or from the first `ringing` (telephony.md 4).
    next_host_after_seconds: without any reply, the next host is tried; 0: never (not built yet).
    """

    name: str
    uri: str
    sources: tuple[str, ...] = ()
    media: str = "acl"
    media_sources: tuple[str, ...] = ()
    number_format: str = "e164"
    did_from: str = "request-uri"
    username: str = ""
    password: str = field(default="", repr=False)
    register: bool = False
    max_calls: int = 0
    calls_per_second: float = 0.0
    ring_from: str = "invite"
    next_host_after_seconds: float = 0.0

    @property
    def simulated(self) -> bool:
        """Its calls go to the scripted phones."""
        return self.uri == "simulator"

    def target(self) -> Target:
        """Where its calls are sent. Not for a simulated trunk."""
        return trunk_target(self.uri)

    def audio_sources(self) -> tuple[str, ...]:
        """The networks that audio may come from, beside the SDP's address."""
        return self.media_sources or self.sources


@dataclass(frozen=True, slots=True)
class Phone:
    """A softphone that registers here (not built yet).

    user, password: its credentials (password is secret). number: E.164; dialled, it rings the phone.
    """

    user: str
    password: str = field(repr=False)
    number: str


@dataclass(frozen=True, slots=True)
class ExoPhone:
    """One of the account's numbers.

    number: E.164. flow: the flow that takes its calls.
    trunk: outgoing legs that show this number leave here.
    circle: telecom circle; enables the same-circle rule. Empty: not set.
    """

    number: str
    flow: int
    trunk: str
    circle: str = ""


@dataclass(frozen=True, slots=True)
class Settings:
    """A whole configuration. `flows` are the tables as they came; `flow.document` reads them.

    `source` is the file's name, for sentences about it.
    """

    account: Account = Account()
    sip: Sip = Sip()
    media: Media = Media()
    http: Http = Http()
    store: Store = Store()
    egress: Egress = Egress()
    dialing: Dialing = Dialing()
    trunks: tuple[Trunk, ...] = ()
    phones: tuple[Phone, ...] = ()
    exophones: tuple[ExoPhone, ...] = ()
    flows: tuple[Mapping[str, object], ...] = ()
    source: str = "cordboard.toml"
