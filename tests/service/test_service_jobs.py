from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from service_fakes import TEXT, FakeEngine, check_problem, client_of, wait_for_job, zip_of

from somex.core.errors import FormatError
from somex.service.engine import Options
from somex.service.guard import Access
from somex.service.job_store import JobStore, Status, new_id
from somex.service.keys import add_key, read_keys

FILES = [("files", ("a.txt", TEXT)), ("files", ("b.zip", zip_of({"c.txt": TEXT, "d.xml": "<x"})))]


def add_texts(client: TestClient, n: int, **more: Any) -> str:
    documents = [{"id": f"t{number}", "text": TEXT} for number in range(n)]
    response = client.post("/v1/jobs", json={"documents": documents} | more)
    assert response.status_code == 202, response.text
    return str(response.json()["id"])


def wait_until(is_so: Any, *, seconds: float = 30) -> None:
    until = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < until, f"not so after {seconds} s"
        time.sleep(0.01)


def test_service_job_of_files_runs_to_its_result(tmp_path: Path) -> None:
    with client_of(state=tmp_path) as client:
        response = client.post("/v1/jobs", files=FILES, data={"min_confidence": "0.85"})
        assert response.status_code == 202
        job = response.json()
        assert response.headers["location"] == job["links"]["self"]
        assert job["status"] == "queued"
        done = wait_for_job(client, job["id"])
        assert (done["status"], done["n_total"], done["n_done"], done["n_failed"]) == (
            "done",
            3,
            2,
            1,
        )
        assert done["finished"] >= done["created"]
        result = client.get(done["links"]["result"]).json()
        assert [d["id"] for d in result["documents"]] == ["a", "b.zip!c.txt"]
        assert [len(d["mentions"]) for d in result["documents"]] == [1, 1]
        assert [f["id"] for f in result["failures"]] == ["b.zip!d.xml"]
        assert list((tmp_path / "jobs").iterdir()) == []
        assert [j["id"] for j in client.get("/v1/jobs").json()["jobs"]] == [job["id"]]


def test_service_job_of_texts_runs_to_its_result() -> None:
    with client_of() as client:
        id = add_texts(client, 45, options={"lean": 1.0})
        assert wait_for_job(client, id)["n_done"] == 45
        documents = client.get(f"/v1/jobs/{id}/result").json()["documents"]
        assert [d["id"] for d in documents] == [f"t{n}" for n in range(45)]
        assert documents[0]["model"]["lean"] == 1.0


def test_service_job_survives_a_restart_without_doing_anything_twice(tmp_path: Path) -> None:
    engine = FakeEngine(seconds=0.05)
    with client_of(engine, state=tmp_path) as client:
        first = add_texts(client, 12)
        second = client.post("/v1/jobs", files=FILES).json()["id"]
        wait_until(lambda: client.get(f"/v1/jobs/{first}").json()["n_done"] >= 3)
    n_before = len(engine.calls)
    assert 3 <= n_before < 12
    again = FakeEngine()
    with client_of(again, state=tmp_path) as client:
        assert wait_for_job(client, first)["n_done"] == 12
        assert wait_for_job(client, second)["n_total"] == 3
        documents = client.get(f"/v1/jobs/{first}/result").json()["documents"]
        assert [d["id"] for d in documents] == [f"t{n}" for n in range(12)]
    assert n_before + len(again.calls) == 12 + 2


def test_service_job_left_running_by_a_crash_goes_on(tmp_path: Path) -> None:
    store = JobStore(tmp_path / "jobs.sqlite")
    id = new_id()
    store.add("address:testclient", Options(), [("a", TEXT), ("b", TEXT)], id=id)
    store.set_status(id, Status.RUNNING)
    store.put_outcome(id, 0, {"id": "a"}, is_failure=False)
    store.close()
    (tmp_path / "jobs" / "stray").mkdir(parents=True)
    (tmp_path / "uploads" / "upload-1").mkdir(parents=True)
    engine = FakeEngine()
    with client_of(engine, state=tmp_path) as client:
        assert wait_for_job(client, id)["n_done"] == 2
        assert not (tmp_path / "jobs" / "stray").exists()
        assert list((tmp_path / "uploads").iterdir()) == []
    assert engine.calls == [["b"]]


def test_service_job_is_stopped_and_deleted_while_it_runs(tmp_path: Path) -> None:
    engine = FakeEngine()
    engine.gate = threading.Event()
    with client_of(engine, state=tmp_path) as client:
        running = client.post("/v1/jobs", files=FILES).json()["id"]
        waiting = add_texts(client, 1)
        wait_until(lambda: engine.calls)
        check_problem(client.get(f"/v1/jobs/{running}/result"), 409, "job-not-done")
        assert client.delete(f"/v1/jobs/{running}").status_code == 204
        check_problem(client.get(f"/v1/jobs/{running}"), 404, "not-found")
        check_problem(client.delete(f"/v1/jobs/{running}"), 404, "not-found")
        assert not (tmp_path / "jobs" / running).exists()
        engine.gate.set()
        assert wait_for_job(client, waiting)["status"] == "done"


def test_service_job_fails_as_a_whole_with_its_reason() -> None:
    with client_of(job_documents=2) as client:
        raw = zip_of({f"{n}.txt": TEXT for n in range(3)})
        id = client.post("/v1/jobs", files={"files": ("a.zip", raw)}).json()["id"]
        job = wait_for_job(client, id)
        assert job["status"] == "failed"
        assert "at most 2" in job["error"]
        check_problem(client.get(f"/v1/jobs/{id}/result"), 409, "job-failed")


def test_service_job_goes_on_after_a_document_that_breaks_or_takes_too_long() -> None:
    engine = FakeEngine()
    engine.broken_by = "broken"
    with client_of(engine, seconds=5) as client:
        documents = [{"id": "a", "text": "broken"}, {"id": "b", "text": TEXT}]
        id = client.post("/v1/jobs", json={"documents": documents}).json()["id"]
        job = wait_for_job(client, id)
        assert (job["status"], job["n_done"], job["n_failed"]) == ("done", 1, 1)
        (failure,) = client.get(f"/v1/jobs/{id}/result").json()["failures"]
        assert failure["id"] == "a"
        assert "secret" not in failure["reason"]
    with client_of(FakeEngine(seconds=60), seconds=0.3) as client:
        id = add_texts(client, 1)
        assert wait_for_job(client, id)["n_failed"] == 1
        (failure,) = client.get(f"/v1/jobs/{id}/result").json()["failures"]
        assert failure == {"id": "t0", "reason": "took longer than 0.3 s"}


def test_service_jobs_are_refused_where_too_many_wait(tmp_path: Path) -> None:
    engine = FakeEngine()
    engine.gate = threading.Event()
    keys = tmp_path / "keys"
    headers = [{"X-API-Key": add_key(keys, name)} for name in "abcde"]
    body = {"documents": [{"id": "a", "text": TEXT}]}
    with client_of(engine, access=Access(keys=read_keys(keys)), jobs=4) as client:
        statuses = [client.post("/v1/jobs", json=body, headers=h).status_code for h in headers]
        assert statuses == [202, 202, 202, 202, 503]
        engine.gate.set()
    with client_of(FakeEngine(seconds=30), access=Access(keys=read_keys(keys)), jobs=4) as client:
        first, second = (client.post("/v1/jobs", json=body, headers=headers[0]) for _ in range(2))
        assert first.status_code == 202
        check_problem(second, 429, "too-many-requests")
        client.delete(first.headers["location"], headers=headers[0])


def test_service_jobs_are_seen_by_their_owner_alone(tmp_path: Path) -> None:
    keys = tmp_path / "keys"
    mine, other = ({"X-API-Key": add_key(keys, name)} for name in ("mine", "other"))
    with client_of(access=Access(keys=read_keys(keys))) as client:
        body = {"documents": [{"id": "a", "text": TEXT}]}
        place = client.post("/v1/jobs", json=body, headers=mine).headers["location"]
        assert client.get(place, headers=mine).status_code == 200
        for answer in (
            client.get(place, headers=other),
            client.get(f"{place}/result", headers=other),
            client.delete(place, headers=other),
        ):
            check_problem(answer, 404, "not-found")
        assert client.get("/v1/jobs", headers=other).json() == {"jobs": []}


def test_service_jobs_are_deleted_after_their_time(tmp_path: Path) -> None:
    with client_of(state=tmp_path) as client:
        id = add_texts(client, 1)
        wait_for_job(client, id)
    with client_of(state=tmp_path, keep_hours=1.0) as client:
        assert client.get(f"/v1/jobs/{id}").status_code == 200
    with client_of(state=tmp_path, keep_hours=0.0) as client:
        wait_until(lambda: client.get(f"/v1/jobs/{id}").status_code == 404)
    assert TEXT.encode() not in b"".join(p.read_bytes() for p in tmp_path.glob("jobs.sqlite*"))


@pytest.mark.parametrize(
    ("sent", "status", "kind"),
    [
        ({"json": {"documents": []}}, 422, "invalid-request"),
        ({"json": {"documents": [{"id": "a"}]}}, 422, "invalid-request"),
        (
            {"content": b"{", "headers": {"Content-Type": "application/json"}},
            422,
            "invalid-request",
        ),
        ({"files": {"other": ("a.txt", TEXT)}}, 422, "invalid-request"),
        ({"files": FILES, "data": {"lean": "much"}}, 422, "invalid-request"),
        ({"content": b"x"}, 415, "unsupported-media-type"),
        (
            {"content": b"x", "headers": {"Content-Type": "multipart/form-data"}},
            400,
            "bad-request",
        ),
    ],
)
def test_service_jobs_refuse_what_is_no_job(sent: Any, status: int, kind: str) -> None:
    with client_of() as client:
        check_problem(client.post("/v1/jobs", **sent), status, kind)
        assert client.get("/v1/jobs").json() == {"jobs": []}


def test_service_jobs_of_no_such_id() -> None:
    with client_of() as client:
        for id in ("x", "0" * 32, "%C3%BC", "a'; DROP TABLE jobs; --"):
            check_problem(client.get(f"/v1/jobs/{id}"), 404, "not-found")


def test_job_store_refuses_files_that_are_none(tmp_path: Path) -> None:
    path = tmp_path / "jobs.sqlite"
    path.write_bytes(b"no database" * 100)
    with pytest.raises(FormatError, match="no store of jobs"):
        JobStore(path)


def test_job_store_drops_outcomes_of_deleted_jobs(tmp_path: Path) -> None:
    store = JobStore(tmp_path / "jobs.sqlite")
    id = new_id()
    store.add("me", Options(), [("a", TEXT)], id=id)
    store.delete(id)
    store.put_outcome(id, 0, {"id": "a"}, is_failure=False)
    assert list(store.outcomes(id, is_failure=False)) == []
    assert store.text(id, 0) is None
    store.close()


def test_service_state_belongs_to_one_service(tmp_path: Path) -> None:
    with (
        client_of(state=tmp_path),
        pytest.raises(FormatError, match="another `somex serve`"),
        client_of(state=tmp_path),
    ):
        pass
