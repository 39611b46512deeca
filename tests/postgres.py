"""A PostgreSQL of the tests' own: Debian's programs, a cluster in a folder of its own, a loopback port."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg
import pytest

from tests.free_ports import free_port

USER, PASSWORD = "cordboard", "s3cret/with@signs"
_AS = "postgres"


def programs() -> Path:
    """Where the newest PostgreSQL of this machine lies; skips where there is none."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: int(path.parts[4]))
    if not found:
        pytest.skip("PostgreSQL is not installed (Debian: postgresql)")
    if os.geteuid() == 0 and _AS not in {user.pw_name for user in pwd.getpwall()}:
        pytest.skip("PostgreSQL does not run as root, and there is no user postgres")
    return found[-1].parent


class Cluster:
    """A server of its own. ``stop`` and ``start`` keep what is in it; ``remove`` does not."""

    def __init__(self) -> None:
        self._bin = programs()
        self.folder = Path(tempfile.mkdtemp(prefix="cordboard-pg-"))
        self.port = free_port()
        self._user = _AS if os.geteuid() == 0 else None
        if self._user:
            shutil.chown(self.folder, self._user, self._user)
        self._server: subprocess.Popen[bytes] | None = None
        self._made = 0
        secret = self.folder / "password"
        secret.write_text(PASSWORD)
        if self._user:
            shutil.chown(secret, self._user)
        words = ["-D", self.folder / "data", "-U", USER, "--auth=scram-sha-256", f"--pwfile={secret}"]
        self._run("initdb", *words, "--encoding=UTF8", "--locale=C.UTF-8")

    def start(self) -> None:
        """Return when it takes connections."""
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": self.port,
            "unix_socket_directories": "",
            "max_connections": 40,
            "shared_buffers": "16MB",
        }
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        with (self.folder / "log").open("ab") as log:
            self._server = subprocess.Popen(
                [self._bin / "postgres", "-D", self.folder / "data", *options],
                **self._owner(),
                stdout=log,
                stderr=log,
                cwd=self.folder,
            )
        for _ in range(200):
            try:
                return self._execute("SELECT 1")
            except psycopg.OperationalError:
                time.sleep(0.05)
        raise AssertionError((self.folder / "log").read_text())

    @property
    def runs(self) -> bool:
        """Between `start` and `stop`."""
        return self._server is not None

    def stop(self, number: int = signal.SIGINT) -> None:
        """SIGINT: fast, sessions are cut off. SIGQUIT: as after a crash."""
        if self._server is not None:
            self._server.send_signal(number)
            self._server.wait(30)
            self._server = None

    def hang(self) -> None:
        """It stands still: connections are there, and nobody answers."""
        for pid in self._processes():
            os.kill(pid, signal.SIGSTOP)

    def go_on(self) -> None:
        """After `hang`."""
        for pid in self._processes():
            os.kill(pid, signal.SIGCONT)

    def remove(self) -> None:
        """Stop it and all that is in it."""
        self.stop(signal.SIGQUIT)
        shutil.rmtree(self.folder, ignore_errors=True)

    def database(self) -> str:
        """The URL of a new, empty database."""
        self._made += 1
        name = f"calls{self._made}"
        self._execute(f"CREATE DATABASE {name}")
        return self.url(name)

    def url(self, name: str) -> str:
        """As an operator writes it."""
        return f"postgresql://{USER}:{quote(PASSWORD, safe='')}@127.0.0.1:{self.port}/{name}"

    def rows(self, url: str, query: str) -> list[tuple[object, ...]]:
        """What a query finds in a database of it, behind everybody's back."""
        name = url.rpartition("/")[2]
        with psycopg.connect(self._told(name), autocommit=True) as connection:
            done = connection.execute(query.encode())
            return done.fetchall() if done.description else []

    def _told(self, name: str) -> str:
        return (
            f"host=127.0.0.1 port={self.port} user={USER} password={PASSWORD} dbname={name} connect_timeout=5"
        )

    def _execute(self, statement: str) -> None:
        self.rows("/postgres", statement)

    def _processes(self) -> list[int]:
        assert self._server is not None
        children = Path(f"/proc/{self._server.pid}/task/{self._server.pid}/children").read_text().split()
        return [*map(int, children), self._server.pid]

    def _run(self, program: str, *words: object) -> None:
        command = [str(word) for word in (self._bin / program, *words)]
        done = subprocess.run(command, **self._owner(), cwd=self.folder, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr

    def _owner(self) -> dict[str, Any]:
        return {"user": self._user, "group": self._user, "extra_groups": []} if self._user else {}
