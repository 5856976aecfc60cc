from __future__ import annotations

import asyncio
import io
import tarfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from service_fakes import TEXT, FakeEngine, check_problem, client_of, zip_of

from somex.core.errors import ConfigError
from somex.service.guard import LOOPBACK, Access
from somex.service.keys import add_key, read_keys
from somex.service.limits import Admission, Limits
from somex.service.problems import ProblemError, printable


def test_service_limits_refuse_what_is_out_of_range() -> None:
    with pytest.raises(ConfigError, match=r"seconds.*waiting"):
        Limits(seconds=0, waiting=0)


def test_service_body_that_says_its_length_is_refused_unread() -> None:
    with client_of(body_bytes=2000) as client:
        response = client.post("/v1/extract", json={"text": "x" * 3000})
        problem = check_problem(response, 413, "body-too-large")
        assert "2,000" in problem["detail"]
        assert response.headers["connection"] == "close"
        assert client.post("/v1/extract", json={"text": "x" * 1000}).status_code == 200


def test_service_body_in_pieces_is_cut_off() -> None:
    sent = []

    def pieces() -> Iterator[bytes]:
        for _ in range(100):
            sent.append(1)
            yield b"x" * 1000

    with client_of(body_bytes=2000) as client:
        headers = {"Content-Type": "application/json"}
        response = client.post("/v1/extract", content=pieces(), headers=headers)
        check_problem(response, 413, "body-too-large")


@pytest.mark.parametrize("length", ["-1", "1e3", "many"])
def test_service_body_of_no_length_is_refused(length: str) -> None:
    with client_of() as client:
        headers = {"Content-Length": length, "Content-Type": "application/json"}
        response = client.post("/v1/extract", content=b"{}", headers=headers)
        check_problem(response, 413, "body-too-large")


def test_service_body_that_does_not_come_is_given_up() -> None:
    answers: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        await asyncio.sleep(30)
        return {"type": "http.request"}

    async def send(message: Any) -> None:
        answers.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/v1/extract",
        "raw_path": b"/v1/extract",
        "query_string": b"",
        "headers": [(b"content-type", b"application/json"), (b"host", b"127.0.0.1")],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
        "scheme": "http",
        "http_version": "1.1",
        "root_path": "",
    }
    with client_of(body_seconds=0.1) as client:
        asyncio.run(client.app(scope, receive, send))  # type: ignore[arg-type]
    assert answers[0]["status"] == 408
    assert b"body-too-slow" in answers[1]["body"]


def test_service_archive_that_unpacks_to_too_much_is_refused() -> None:
    text = TEXT + " " + "Nothing. " * 2000
    with client_of(unpacked_bytes=100_000) as client:
        raw = zip_of({f"{n}.txt": text for n in range(20)})
        assert len(raw) < 10_000
        answer = client.post("/v1/extract/file", files={"file": ("a.zip", raw)}).json()
        assert answer["documents"] == []
        (failure,) = answer["failures"]
        assert failure["id"] == "a.zip"
        assert "100,000 bytes" in failure["reason"]


def test_service_packed_files_that_unpack_to_too_much_are_refused() -> None:
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w:gz") as archive:
        for n in range(3):
            member = tarfile.TarInfo(f"{n}.txt")
            member.size = 60_000
            archive.addfile(member, io.BytesIO(b"a" * 60_000))
    import gzip

    files = {"a.tgz": raw.getvalue(), "a.txt.gz": gzip.compress(b"a" * 200_000)}
    with client_of(unpacked_bytes=100_000) as client:
        for name, content in files.items():
            answer = client.post("/v1/extract/file", files={"file": (name, content)}).json()
            assert "100,000 bytes" in answer["failures"][0]["reason"]


def test_service_archive_of_too_many_documents_is_refused() -> None:
    with client_of(documents=3) as client:
        raw = zip_of({f"{n}.txt": TEXT for n in range(4)})
        response = client.post("/v1/extract/file", files={"file": ("a.zip", raw)})
        check_problem(response, 413, "too-many-documents")


def test_service_request_that_takes_too_long_is_stopped() -> None:
    engine = FakeEngine(seconds=30)
    with client_of(engine, seconds=0.3) as client:
        started = time.monotonic()
        response = client.post("/v1/extract", json={"text": TEXT})
        check_problem(response, 503, "time-limit")
        assert response.headers["retry-after"] == "5"
        assert time.monotonic() - started < 5
        engine.seconds = 0.0
        assert client.post("/v1/extract", json={"text": TEXT}).status_code == 200


def test_service_file_that_takes_too_long_is_stopped_and_deleted(tmp_path: Path) -> None:
    engine = FakeEngine(seconds=60)
    with client_of(engine, seconds=5, state=tmp_path) as client:
        response = client.post("/v1/extract/file", files={"file": ("a.txt", TEXT)})
        check_problem(response, 503, "time-limit")
        assert list((tmp_path / "uploads").iterdir()) == []


def at_once(n: int, call: Any) -> list[Any]:
    with ThreadPoolExecutor(n) as pool:
        return list(pool.map(call, range(n)))


def test_service_refuses_more_than_it_has_room_for_and_recovers() -> None:
    engine = FakeEngine()
    engine.gate = threading.Event()
    with client_of(engine, waiting=4) as client:
        release = threading.Timer(1.0, engine.gate.set)
        release.start()
        answers = at_once(12, lambda _: client.post("/v1/extract", json={"text": TEXT}))
        statuses = [answer.status_code for answer in answers]
        assert statuses.count(200) == 4
        assert statuses.count(503) == 8
        for answer in answers:
            if answer.status_code == 503:
                check_problem(answer, 503, "busy")
                assert answer.headers["retry-after"] == "1"
        assert client.post("/v1/extract", json={"text": TEXT}).status_code == 200


def test_service_refuses_too_much_of_one_client() -> None:
    engine = FakeEngine()
    engine.gate = threading.Event()
    with client_of(engine, waiting=8, per_client=2) as client:
        threading.Timer(1.0, engine.gate.set).start()
        answers = at_once(5, lambda _: client.post("/v1/extract", json={"text": TEXT}))
        statuses = [answer.status_code for answer in answers]
        assert sorted(statuses) == [200, 200, 429, 429, 429]
        for answer in answers:
            if answer.status_code == 429:
                check_problem(answer, 429, "too-many-requests")


def test_service_refuses_more_open_requests_than_are_allowed() -> None:
    engine = FakeEngine()
    engine.gate = threading.Event()
    with client_of(engine, open_requests=2) as client:
        threading.Timer(1.0, engine.gate.set).start()
        answers = at_once(4, lambda _: client.post("/v1/extract", json={"text": TEXT}))
        assert sorted(a.status_code for a in answers) == [200, 200, 503, 503]


def test_service_admission_forgets_clients() -> None:
    places = Admission("requests", 3, per_client=2, retry_after=1)
    with places.enter("a"), places.enter("a"), places.enter("b"):
        with pytest.raises(ProblemError, match="3 requests"), places.enter("c"):
            pass
        assert places.n_inside == 3
    with (
        places.enter("a"),
        places.enter("a"),
        pytest.raises(ProblemError, match="of this client"),
        places.enter("a"),
    ):
        pass
    assert places.n_inside == 0
    assert places.n_refused == {503: 1, 429: 1}
    assert places._of_client == {}


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1", 200),
        ("127.0.0.1:8080", 200),
        ("localhost:99", 200),
        ("[::1]:80", 200),
        ("rebound.example", 403),
        ("", 403),
        ("127.0.0.1.example", 403),
        ("[", 403),
    ],
)
def test_service_answers_only_to_its_hosts(host: str, status: int) -> None:
    with client_of(access=Access(hosts=LOOPBACK)) as client:
        response = client.get("/v1/schema", headers={"Host": host})
        assert response.status_code == status
        if status == 403:
            check_problem(response, 403, "host-not-allowed")


@pytest.mark.parametrize(
    ("origin", "is_allowed"),
    [
        ("http://127.0.0.1", True),
        ("https://127.0.0.1", True),
        ("http://127.0.0.1:81", False),
        ("https://other.example", False),
        ("null", False),
        ("http://[", False),
    ],
)
def test_service_refuses_what_pages_of_others_send(origin: str, is_allowed: bool) -> None:
    with client_of() as client:
        response = client.post("/v1/extract", json={"text": TEXT}, headers={"Origin": origin})
        if is_allowed:
            assert response.status_code == 200
        else:
            check_problem(response, 403, "origin-not-allowed")
        assert "access-control-allow-origin" not in response.headers


def test_service_opens_itself_to_named_origins() -> None:
    with client_of(access=Access(origins=("https://lab.example",))) as client:
        headers = {"Origin": "https://lab.example"}
        response = client.post("/v1/extract", json={"text": TEXT}, headers=headers)
        assert response.headers["access-control-allow-origin"] == "https://lab.example"
        preflight = client.options(
            "/v1/extract", headers=headers | {"Access-Control-Request-Method": "POST"}
        )
        assert preflight.status_code == 200
        headers = {"Origin": "https://other.example"}
        response = client.post("/v1/extract", json={"text": TEXT}, headers=headers)
        check_problem(response, 403, "origin-not-allowed")


def test_service_with_keys_needs_one(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    key = add_key(path, "lab")
    with client_of(access=Access(keys=read_keys(path))) as client:
        for headers in ({}, {"X-API-Key": "somex_x"}, {"Authorization": f"Basic {key}"}):
            for place in ("/v1/schema", "/metrics", "/v1/nothing"):
                response = client.get(place, headers=headers)
                check_problem(response, 401, "key-needed")
                assert response.headers["www-authenticate"] == "Bearer"
        for headers in ({"X-API-Key": key}, {"Authorization": f"Bearer {key}"}):
            assert client.get("/v1/schema", headers=headers).status_code == 200
        for place in ("/", "/health", "/ready", "/openapi.json"):
            assert client.get(place).status_code == 200


def test_service_refuses_bodies_without_a_key_unread(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    add_key(path, "lab")
    with client_of(access=Access(keys=read_keys(path))) as client:
        response = client.post("/v1/extract", content=b"[" * 100_000)
        check_problem(response, 401, "key-needed")


def test_service_problem_texts_are_short_lines() -> None:
    assert printable("a\n b\t\ud800") == "a b \\ud800"
    assert len(printable("x" * 1000)) < 310
