"""Recordings in a folder, and in an S3 store that the tests run themselves."""

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import boto3
import pytest
from moto.server import ThreadedMotoServer

from cordboard.recordings.bucket import BucketSettings, StoreAway
from cordboard.recordings.shelf import S3, Shelf
from tests.unit.recordings.files import write

AUDIO = bytes(range(256)) * 4000


@dataclass(frozen=True)
class Kept:
    file: str = "2026-01-13/a.wav"
    mp3: str = "2026-01-13/a.mp3"
    place: str = ""


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def bucket(endpoint: str) -> BucketSettings:
    settings = BucketSettings("calls", "acme/2026", endpoint, "", "key", "secret")
    client(settings).create_bucket(Bucket="calls")
    return settings


def client(settings: BucketSettings) -> boto3.client:
    return boto3.client(
        "s3",
        endpoint_url=settings.endpoint,
        region_name="us-east-1",
        aws_access_key_id="key",
        aws_secret_access_key="secret",
    )


def filled(folder: Path) -> Kept:
    kept = Kept()
    write(folder, kept.file, AUDIO)
    write(folder, kept.mp3, AUDIO[:1000])
    return kept


def content(shelf: Shelf, name: str, place: str, first: int = 0, last: int | None = None) -> bytes:
    audio = shelf.open(name, place)
    return b"".join(audio.read(first, audio.size - 1 if last is None else last))


def test_what_is_uploaded_is_there_byte_for_byte_and_the_folder_is_cleared_only_then(
    tmp_path: Path, bucket: BucketSettings
) -> None:
    shelf, kept = Shelf(tmp_path, bucket), filled(tmp_path)
    shelf.upload(kept)
    assert (tmp_path / kept.file).exists(), "uploading removes nothing"
    shelf.clear(kept)
    assert os.listdir(tmp_path) == []
    assert content(shelf, kept.file, S3) == AUDIO
    assert content(shelf, kept.file, S3, 300_000, 300_009) == AUDIO[300_000:300_010]
    assert content(shelf, kept.mp3, S3) == AUDIO[:1000]
    keys = [found["Key"] for found in client(bucket).list_objects_v2(Bucket="calls")["Contents"]]
    assert keys == ["acme/2026/2026-01-13/a.mp3", "acme/2026/2026-01-13/a.wav"]
    shelf.remove(replace(kept, place=S3))
    assert client(bucket).list_objects_v2(Bucket="calls")["KeyCount"] == 0
    with pytest.raises(FileNotFoundError):
        shelf.open(kept.file, S3)
    shelf.remove(replace(kept, place=S3))


def test_a_store_that_keeps_something_else_is_not_believed(
    tmp_path: Path, bucket: BucketSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelf, kept = Shelf(tmp_path, bucket), filled(tmp_path)
    inner = shelf._bucket
    assert inner is not None
    there = inner._client.head_object
    for lie in ({"ContentLength": 7}, {"Metadata": {"sha256": "0" * 64}}, {"ETag": '"' + "0" * 32 + '"'}):
        monkeypatch.setattr(inner._client, "head_object", lambda lie=lie, **at: there(**at) | lie)
        with pytest.raises(StoreAway, match="is not what was uploaded"):
            shelf.upload(kept)


def test_a_store_that_is_away_says_so_in_one_exception(tmp_path: Path, bucket: BucketSettings) -> None:
    shelf, kept = Shelf(tmp_path, replace(bucket, endpoint="http://127.0.0.1:1")), filled(tmp_path)
    for work in (
        lambda: shelf.upload(kept),
        lambda: shelf.open(kept.file, S3),
        lambda: shelf.remove(replace(kept, place=S3)),
    ):
        with pytest.raises(StoreAway):
            work()
    nowhere = Shelf(tmp_path, replace(bucket, bucket="no-such-bucket"))
    with pytest.raises(StoreAway, match="NoSuchBucket"):
        nowhere.upload(kept)
    assert (tmp_path / kept.file).exists()


def test_s19_the_secret_key_is_never_shown(bucket: BucketSettings) -> None:
    assert "secret" not in repr(replace(bucket, secret_key="secret"))


def test_a_folder_alone_serves_and_removes(tmp_path: Path) -> None:
    shelf, kept = Shelf(tmp_path), filled(tmp_path)
    assert not shelf.moves
    assert content(shelf, kept.file, "", 10, 19) == AUDIO[10:20]
    shelf.remove(kept)
    assert os.listdir(tmp_path) == []
    for place in (S3, "removed", ""):
        with pytest.raises(FileNotFoundError):
            shelf.open(kept.file, place)


def test_what_was_uploaded_by_an_engine_that_then_died_counts_as_moved(
    tmp_path: Path, bucket: BucketSettings
) -> None:
    shelf, kept = Shelf(tmp_path, bucket), filled(tmp_path)
    shelf.upload(kept)
    shelf.clear(kept)
    shelf.upload(kept)
    shelf.remove(replace(kept, place=S3))
    with pytest.raises(FileNotFoundError, match=kept.file):
        shelf.upload(kept)


def test_an_upload_ends_with_the_engine(tmp_path: Path, bucket: BucketSettings) -> None:
    shelf, kept = Shelf(tmp_path, bucket), filled(tmp_path)
    shelf.close()
    with pytest.raises(StoreAway):
        shelf.upload(kept)
    assert client(bucket).list_objects_v2(Bucket="calls")["KeyCount"] == 0
    assert (tmp_path / kept.file).exists()


def test_who_leaves_before_the_first_byte_leaves_no_descriptor_open(tmp_path: Path) -> None:
    shelf, kept = Shelf(tmp_path), filled(tmp_path)
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(5):
        shelf.open(kept.file, "").read(0, 9)
    assert len(os.listdir("/proc/self/fd")) == before
