"""What can be set, with its default. The names are those of cordboard.toml."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from cordboard.config.address import Place, Target, host_port, port_range, trunk_place, trunk_target
from cordboard.config.voices import Voices


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
class Listener:
    """One more address to listen on, with words of its own: operators hand SIP over on private networks
    while phones come over the internet.

    name: how trunks name it; empty: it has none.
    listen: as in `[sip] listen`.
    advertise: the address that peers are told; empty: that of `[sip]`.
    certificate, private_key: files in PEM; empty: those of `[sip]`. A `tls:` listener without them takes no
    connections; it only opens them.
    """

    listen: str
    name: str = ""
    advertise: str = ""
    certificate: str = ""
    private_key: str = ""

    def address(self) -> tuple[str, str, int]:
        """(transport, host, port); the host without brackets."""
        transport, _, rest = self.listen.partition(":")
        return transport, *host_port(rest)


@dataclass(frozen=True, slots=True)
class Sip:
    """Signalling.

    listen: `udp:`, `tcp:`, `tls:`, `ws:` or `wss:` and `host:port`, an IPv6 host in brackets; port 0 means
    any.
    advertise: the address that peers are told; empty: the one that the packet came to.
    certificate, private_key: files in PEM, for `tls:` and `wss:` listeners.
    max_calls: past it new calls are refused with 503; 0: no limit.
    listeners: tables of further addresses, each with `listen`, `name`, `advertise`, `certificate`,
    `private_key`.
    dscp: mark of outgoing SIP packets (24 is CS3); 0: none.
    realm: named in challenges to phones; empty: `cordboard`.
    session_seconds: session timers (RFC 4028): the interval we ask for; 0: none asked for.
    hep: `udp:host:port` of a HEP collector (Homer) that gets a copy of every message, secrets
    included; empty: none.
    hep_id: our number in it.
    """

    listen: tuple[str, ...] = ("udp:127.0.0.1:5060", "tcp:127.0.0.1:5060")
    advertise: str = ""
    certificate: str = ""
    private_key: str = ""
    max_calls: int = 0
    listeners: tuple[Listener, ...] = ()
    dscp: int = 24
    realm: str = ""
    session_seconds: int = 1800
    hep: str = ""
    hep_id: int = 2001

    def collector(self) -> tuple[str, int]:
        """Host and port of `hep`, which is set."""
        return host_port(self.hep.partition(":")[2])

    def addresses(self) -> tuple[tuple[str, str, int], ...]:
        """(transport, host, port) of each entry of `listen`; the host without brackets."""
        return tuple(one.address() for one in self.every_listener()[: len(self.listen)])

    def every_listener(self) -> tuple["Listener", ...]:
        """The entries of `listen`, then the tables, each with what it takes from here filled in."""
        plain = tuple(Listener(entry) for entry in self.listen)
        return tuple(
            replace(
                one,
                advertise=one.advertise or self.advertise,
                certificate=one.certificate or self.certificate,
                private_key=one.private_key or self.private_key,
            )
            for one in (*plain, *self.listeners)
        )


@dataclass(frozen=True, slots=True)
class Media:
    """Audio.

    engine: `embedded`.
    bind: the address of the RTP sockets.
    advertise: the address in our SDP; empty: `bind`.
    ports: `low-high`, both included.
    processes: media processes; 0: one per core.
    dscp: mark of outgoing RTP packets (46 is EF); 0: none.
    """

    engine: str = "embedded"
    bind: str = "127.0.0.1"
    advertise: str = ""
    ports: str = "30000-34999"
    processes: int = 0
    dscp: int = 46

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
    calls_per_minute: how often the API key may ask the platform's side of the API, and as often our own;
        past it 429 with Retry-After. 0: no limit.
    """

    listen: str = "127.0.0.1:8080"
    public_url: str = "http://127.0.0.1:8080"
    certificate: str = ""
    private_key: str = ""
    metrics_token: str = field(default="", repr=False)
    calls_per_minute: int = 200

    def address(self) -> tuple[str, int]:
        """Host (without brackets) and port."""
        return host_port(self.listen)


@dataclass(frozen=True, slots=True)
class Store:
    """What is kept.

    url: the database, `sqlite:///file` or `postgresql://user:password@host/database` (the password is never
    shown). A new SQLite file is made by itself; the tables of both are upgraded by themselves.
    recordings: the folder of the recordings, or `s3://bucket/prefix`.
    keep_days: how long calls are kept, with all that hangs on them.
    keep_timelines_days: how long of that their timelines are, which are most of the database; 0: as long.
    keep_events_days: how long the feed of events is, and which events were sent; 0: as long.
    journal: the folder of this node's journal; empty: beside the SQLite file, else `cordboard.journal`.
    node: this engine's name; engines that share a database have one each.
    """

    url: str = "sqlite:///cordboard.db"
    recordings: str = "recordings"
    keep_days: int = 365
    keep_timelines_days: int = 0
    keep_events_days: int = 0
    journal: str = ""
    node: str = "local"


@dataclass(frozen=True, slots=True)
class Recordings:
    """What happens to recordings once they are made (docs/recordings.md).

    format: what a RecordingUrl gives: `mp3` (with `.wav` behind it the WAV) or `wav` (then no MP3 is made,
        which is about half of what a recorded call costs).
    keep_days: how long their files are kept; 0: as long as `store.keep_days`, and never longer.
    alarm_hours: an alarm when their disk will be full within this time; 0: none.
    alarm_mb: an alarm when fewer megabytes are left on it; 0: none.
    s3_endpoint: URL of an S3-compatible store; empty: Amazon's.
    s3_region: its region.
    s3_access_key, s3_secret_key: what we sign with (both secret); empty: what the machine has by itself.
    """

    format: str = "mp3"
    keep_days: int = 0
    alarm_hours: int = 24
    alarm_mb: int = 1000
    s3_endpoint: str = ""
    s3_region: str = ""
    s3_access_key: str = field(default="", repr=False)
    s3_secret_key: str = field(default="", repr=False)


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
    profile: ready settings for a common trunk (docs/trunks.md): `exotel-tcp`, `exotel-tls`, `india`,
    `twilio`, `asterisk`, `freeswitch`; what is written beside it wins.
    uri: `sip:host[:port][;transport=udp|tcp|tls]`, `sips:host[:port]`, or `simulator`. Without a
    port a name is looked up by NAPTR and SRV.
    hosts: more such URIs, each with `;priority=` (lower is tried first; `uri` has 0) and `;weight=` (the
    share among equals; `uri` has 1). Left out they are 0 and 1.
    listener: the name of the listener that its calls leave by; empty: the first of the transport.
    sources: networks that may send us calls on it; the first trunk that matches takes the call.
    media: where audio may come from: `acl` (the SDP's address and `media_sources`) or `sdp` (exact).
    media_sources: networks; empty: `sources`.
    number_format: how it wants numbers: `e164`, `national` (10 digits) or `0national` (0 and 10 digits).
    prefix: digits (and `*`) put before a number that is dialled, after formatting; the `+` of E.164 is left
    out behind it.
    did_from: where it names the dialled number: `request-uri`, `to`, `p-called-party-id`, `diversion`.
    identity: our number beside From: `pai` (P-Asserted-Identity), `ppi` (P-Preferred-Identity) or
    `none`.
    domain: the host of our own URIs (From, identities), where it wants one; empty: our address.
    privacy: ask it to withhold our number from the callee (Privacy: id, RFC 3323 and 3325).
    diverted_by: how it wants the called ExoPhone on a leg: `none`, `diversion` (RFC 5806), `history-info`
    (RFC 7044).
    username, password: digest towards it (password is secret).
    auth_realm: the realm that they belong to; empty: the first that its registrar or host names.
    register: register with it.
    registrars: where to register, in the order of trying; empty: `uri`.
    outbound_proxy: `sip:host[:port][;transport=…]` by which its requests go; empty: none.
    register_seconds: the expiry that we ask for.
    max_calls: calls at the same time on it; 0: no limit.
    calls_per_second: calls begun towards it; 0: no limit.
    ring_from: `max_ringing_duration` runs from the `invite` or from the first `ringing` (telephony.md 4).
    next_host_after_seconds: without any reply, the next host is tried; 0: never.
    probe_seconds: OPTIONS to each host this often, a dead one is taken out; 0: never.
    redirects: a 3xx answer is a failed attempt (`refuse`), or `follow` to its Contact on the
    trunk's own hosts.
    reliable: reliable provisional answers (RFC 3262): `no`, `allowed` or `required`.
    offer: INVITEs carry an `early` offer, or none (`late`: the far side offers).
    session_seconds: session timers on its calls; -1: as `[sip]` says; 0: none asked for.
    srtp: `no`, `allowed` or `required` (SDES, RFC 4568).
    codecs: `PCMA`, `PCMU`, in the order of offering; empty: by the account's country.
    retry_after_seconds: sent with our 503; 0: not sent (telephony.md 10).
    tls_verify: its certificate must be valid for its name.
    tls_ca: file in PEM of who may sign it; empty: the system's.
    """

    name: str
    uri: str
    sources: tuple[str, ...] = ()
    media: str = "acl"
    media_sources: tuple[str, ...] = ()
    number_format: str = "e164"
    prefix: str = ""
    did_from: str = "request-uri"
    identity: str = "pai"
    domain: str = ""
    privacy: bool = False
    diverted_by: str = "none"
    username: str = ""
    password: str = field(default="", repr=False)
    auth_realm: str = ""
    register: bool = False
    registrars: tuple[str, ...] = ()
    outbound_proxy: str = ""
    register_seconds: int = 600
    max_calls: int = 0
    calls_per_second: float = 0.0
    ring_from: str = "invite"
    next_host_after_seconds: float = 0.0
    probe_seconds: float = 0.0
    redirects: str = "refuse"
    reliable: str = "allowed"
    offer: str = "early"
    session_seconds: int = -1
    srtp: str = "no"
    codecs: tuple[str, ...] = ()
    retry_after_seconds: int = 0
    tls_verify: bool = True
    tls_ca: str = ""
    profile: str = ""
    hosts: tuple[str, ...] = ()
    listener: str = ""

    @property
    def simulated(self) -> bool:
        """Its calls go to the scripted phones."""
        return self.uri == "simulator"

    def target(self) -> Target:
        """Where its calls are sent. Not for a simulated trunk."""
        return trunk_target(self.uri)

    def places(self) -> tuple[Place, ...]:
        """Where its calls are sent: `uri` and `hosts`, or `outbound_proxy`. Not for a simulated trunk."""
        if self.outbound_proxy:
            return (trunk_place(self.outbound_proxy),)
        return tuple(trunk_place(text) for text in (self.uri, *self.hosts))

    def audio_sources(self) -> tuple[str, ...]:
        """The networks that audio may come from, beside the SDP's address."""
        return self.media_sources or self.sources


@dataclass(frozen=True, slots=True)
class Phone:
    """A softphone that registers here.

    user, password: its credentials (password is secret). number: E.164; dialled, it rings the phone.
    srtp: `no`, `allowed` or `required` (SDES, RFC 4568).
    most_contacts: devices at the same time.
    """

    user: str
    password: str = field(repr=False)
    number: str
    srtp: str = "allowed"
    most_contacts: int = 5


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
    recordings: Recordings = Recordings()
    voices: Voices = field(default_factory=Voices)
    egress: Egress = Egress()
    dialing: Dialing = Dialing()
    trunks: tuple[Trunk, ...] = ()
    phones: tuple[Phone, ...] = ()
    exophones: tuple[ExoPhone, ...] = ()
    flows: tuple[Mapping[str, object], ...] = ()
    source: str = "cordboard.toml"
