"""The figures behind ``/metrics``."""

from collections.abc import Iterable

from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest


class Figures:
    """Counters of one engine, in a registry of its own, so that two engines in one process do not mix."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._calls = Counter("cordboard_calls", "Calls taken", registry=self._registry)
        self._live = Gauge("cordboard_calls_live", "Calls in progress", registry=self._registry)
        self._refused = Counter(
            "cordboard_calls_refused",
            "INVITEs from known trunks that never became a call",
            ["code"],
            registry=self._registry,
        )
        self._faults = Counter(
            "cordboard_faults", "Calls ended by a fault of the engine", registry=self._registry
        )
        self._recordings = Counter(
            "cordboard_recordings", "Recordings by how they ended", ["state"], registry=self._registry
        )
        self._media_lost = Counter(
            "cordboard_media_process_deaths", "Media processes that died", registry=self._registry
        )
        self._events = Counter(
            "cordboard_events", "Events to customers by outcome", ["outcome"], registry=self._registry
        )
        self._waiting = Gauge(
            "cordboard_events_waiting", "Events that customers have not taken yet", registry=self._registry
        )
        self._security = Counter(
            "cordboard_security_events", "Security events", ["event"], registry=self._registry
        )
        self._host_up = Gauge(
            "cordboard_trunk_host_up",
            "1 while a trunk's host answers, 0 while it does not",
            ["trunk", "host"],
            registry=self._registry,
        )
        self._host_changes = Counter(
            "cordboard_trunk_host_changes",
            "Hosts of trunks that stopped answering or answer again",
            ["trunk", "to"],
            registry=self._registry,
        )
        self._shed = Gauge(
            "cordboard_calls_shed",
            "INVITEs refused unread because the engine was full or had too much to do",
            registry=self._registry,
        )
        self._ignored = Gauge(
            "cordboard_strangers_ignored",
            "Messages of unknown sources passed over because there were too many",
            registry=self._registry,
        )
        self._behind = Gauge(
            "cordboard_store_behind_seconds", "Age of what the database lacks", registry=self._registry
        )

        self._registered = Gauge(
            "cordboard_trunk_registered",
            "1 while a trunk that we register with holds our registration",
            ["trunk"],
            registry=self._registry,
        )

        self._disk_free = Gauge(
            "cordboard_disk_free_bytes", "What is free on a disk", ["disk"], registry=self._registry
        )
        self._disk_alarm = Gauge(
            "cordboard_disk_alarm", "1 while a disk is getting full", ["disk"], registry=self._registry
        )
        self._interrupted = Counter(
            "cordboard_recordings_interrupted",
            "Recordings that the disk took no more of for a while",
            registry=self._registry,
        )

        self._mp3s = Counter(
            "cordboard_recordings_mp3", "MP3 files by outcome", ["outcome"], registry=self._registry
        )
        self._recordings_waiting = Gauge(
            "cordboard_recordings_waiting",
            "Recordings that wait for their MP3 or could not be moved to the S3 store",
            ["what"],
            registry=self._registry,
        )

    def disk(self, name: str, free: int, alarm: bool) -> None:
        """How a disk is."""
        self._disk_free.labels(name).set(free)
        self._disk_alarm.labels(name).set(int(alarm))

    def mp3(self, outcome: str) -> None:
        """``made``, ``failed`` (to be tried again) or ``impossible``."""
        self._mp3s.labels(outcome).inc()

    def recordings_wait(self, what: str, count: int) -> None:
        """How many wait for their ``mp3``, or could not be moved to ``s3``, as last seen."""
        self._recordings_waiting.labels(what).set(count)

    def recording_interrupted(self) -> None:
        """The disk takes nothing of a recording any more."""
        self._interrupted.inc()

    def call_began(self) -> None:
        """A call was taken."""
        self._calls.inc()
        self._live.inc()

    def call_ended(self) -> None:
        """A call is over."""
        self._live.dec()

    def refused(self, code: int) -> None:
        """An INVITE was turned away."""
        self._refused.labels(str(code)).inc()

    def fault(self) -> None:
        """A call ended by our own fault."""
        self._faults.inc()

    def recording_ended(self, state: str) -> None:
        """A recording was decided: whole, partial, failed."""
        self._recordings.labels(state).inc()

    def event_sent(self, outcome: str) -> None:
        """``delivered``, ``retried`` or ``dead``."""
        self._events.labels(outcome).inc()

    def events_waiting(self, count: int) -> None:
        """How many wait in the outbox, as last seen."""
        self._waiting.set(count)

    def security(self, event: str) -> None:
        """Something that should not happen."""
        self._security.labels(event).inc()

    def host_changed(self, trunk: str, up: bool) -> None:
        """A trunk's host stopped answering, or answers again."""
        self._host_changes.labels(trunk, "up" if up else "down").inc()

    def trunk_hosts(self, hosts: Iterable[tuple[str, str, bool]]) -> None:
        """All hosts as they are now: trunk, host, whether it answers."""
        self._host_up.clear()
        for trunk, host, up in hosts:
            self._host_up.labels(trunk, host).set(up)

    def registered(self, trunk: str, registered: bool) -> None:
        """Whether a trunk holds our registration."""
        self._registered.labels(trunk).set(int(registered))

    def turned_away(self, refused: int, ignored: int) -> None:
        """What was turned away unread since the start."""
        self._shed.set(refused)
        self._ignored.set(ignored)

    def behind(self, seconds: float) -> None:
        """How far the database is behind the journal."""
        self._behind.set(seconds)

    def text(self) -> bytes:
        """All of it in Prometheus' text form."""
        return generate_latest(self._registry)
