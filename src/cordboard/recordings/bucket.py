"""An S3-compatible store. Everything here waits for the network: call it in a thread."""

import base64
import hashlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, BinaryIO

_CONNECT_SECONDS, _READ_SECONDS = 5, 20
_BLOCK = 1 << 18


class StoreAway(Exception):
    """The store did not do what it was asked; the text says why. To be tried again."""


class NoSuchObject(Exception):
    """The store has no such file."""


@dataclass(frozen=True, slots=True)
class BucketSettings:
    """``prefix``: without slashes at its ends. Empty ``endpoint``: Amazon's. Empty keys: those that the
    machine has by itself (environment, instance role)."""

    bucket: str
    prefix: str = ""
    endpoint: str = ""
    region: str = ""
    access_key: str = ""
    secret_key: str = field(default="", repr=False)


class Bucket:
    """One bucket. The client is made when first needed and may be used by several threads."""

    def __init__(self, settings: BucketSettings) -> None:
        self._settings = settings
        self._made: Any = None
        self._closed = threading.Event()

    def close(self) -> None:
        """Uploads under way end with ``StoreAway``: an engine that ends does not wait for a slow line."""
        self._closed.set()

    def put(self, name: str, file: BinaryIO, kind: str) -> None:
        """Upload a file, and see that it is there, byte for byte. Raises ``StoreAway``."""
        md5, sha256 = hashlib.md5(usedforsecurity=False), hashlib.sha256()
        while block := file.read(1 << 20):
            md5.update(block)
            sha256.update(block)
        size = file.tell()
        file.seek(0)
        with _Trouble(name):
            self._client.put_object(
                **self._at(name),
                Body=_UntilClosed(file, self._closed, name),
                ContentType=kind,
                ContentMD5=base64.b64encode(md5.digest()).decode(),  # the store refuses what was damaged
                Metadata={"sha256": sha256.hexdigest()},
            )
            there = self._client.head_object(**self._at(name))
        if there["ContentLength"] != size or there["Metadata"].get("sha256") != sha256.hexdigest():
            raise StoreAway(f"{name} is not what was uploaded")
        sealed = there.get("ServerSideEncryption", "").startswith("aws:kms")  # then its tag is no MD5
        if not sealed and there["ETag"].strip('"') not in (md5.hexdigest(), ""):
            raise StoreAway(f"{name} is not what was uploaded")

    def size(self, name: str) -> int:
        """Raises ``StoreAway`` and ``NoSuchObject``."""
        with _Trouble(name):
            return int(self._client.head_object(**self._at(name))["ContentLength"])

    def read(self, name: str, first: int, last: int) -> Iterator[bytes]:
        """The bytes from first to last, both included. Raises ``StoreAway`` and ``NoSuchObject``."""
        with _Trouble(name):
            answer = self._client.get_object(**self._at(name), Range=f"bytes={first}-{last}")
        body = answer["Body"]
        try:
            with _Trouble(name):
                while block := body.read(_BLOCK):
                    yield block
        finally:
            body.close()

    def remove(self, name: str) -> None:
        """What is not there is removed. Raises ``StoreAway``."""
        with _Trouble(name):
            self._client.delete_object(**self._at(name))

    def _at(self, name: str) -> dict[str, str]:
        prefix = self._settings.prefix
        return {"Bucket": self._settings.bucket, "Key": f"{prefix}/{name}" if prefix else name}

    @property
    def _client(self) -> Any:
        if self._made is None:
            self._made = _client_of(self._settings)
        return self._made


def _client_of(settings: BucketSettings) -> Any:
    import boto3  # takes 100 ms and 20 MB, and hardly anybody needs it
    from botocore.config import Config

    given = {
        "endpoint_url": settings.endpoint,
        "region_name": settings.region or "us-east-1",
        "aws_access_key_id": settings.access_key,
        "aws_secret_access_key": settings.secret_key,
    }
    config = Config(
        connect_timeout=_CONNECT_SECONDS,
        read_timeout=_READ_SECONDS,
        retries={"total_max_attempts": 1},  # tried again by us, who can wait longer
        request_checksum_calculation="when_required",  # stores that are not Amazon's know no other way
        response_checksum_validation="when_required",
        s3={"addressing_style": "path" if settings.endpoint else "auto"},
    )
    session = boto3.session.Session()  # the module's own is not for several threads
    return session.client("s3", config=config, **{key: value for key, value in given.items() if value})


class _UntilClosed:
    """A file that can be read until its bucket is closed."""

    def __init__(self, file: BinaryIO, closed: threading.Event, name: str) -> None:
        self._file, self._closed, self._name = file, closed, name
        self.seek, self.tell = file.seek, file.tell

    def read(self, size: int = -1) -> bytes:
        if self._closed.is_set():
            raise StoreAway(f"{self._name}: the engine ends")
        return self._file.read(size)


class _Trouble:
    """The client's many exceptions as our two."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if error is None:
            return
        exceptions = _exceptions()
        if isinstance(error, exceptions.ClientError):
            code = error.response.get("Error", {}).get("Code", "")
            if code in ("404", "NoSuchKey"):
                raise NoSuchObject(self._name) from error
            raise StoreAway(f"{self._name}: the store answers {code}") from error
        if isinstance(error, exceptions.BotoCoreError | exceptions.HTTPClientError | OSError):
            raise StoreAway(f"{self._name}: {type(error).__name__}") from error


def _exceptions() -> Any:
    from botocore import exceptions

    return exceptions
