from __future__ import annotations

import gzip
import io
import json
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from service_fakes import TEXT, FakeEngine, check_problem, client_of, zip_of

from somex.core.schema import EntityType, RelationType, is_compatible
from somex.readers.brat import read_brat
from somex.readers.jsonl import document_from_json
from somex.service import info
from somex.service.app import PAGE
from somex.service.guard import SECURITY_HEADERS

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def client() -> Iterator[TestClient]:
    with client_of() as found:
        yield found


def upload(client: TestClient, name: str, raw: bytes | str, **form: Any) -> dict[str, Any]:
    response = client.post("/v1/extract/file", files={"file": (name, raw)}, data=form)
    assert response.status_code == 200, response.text
    found: dict[str, Any] = response.json()
    return found


def test_service_extract_finds_mentions_and_tells_its_model(client: TestClient) -> None:
    answer = client.post("/v1/extract", json={"text": TEXT, "id": "methods"}).json()
    labeled = document_from_json(answer["document"])
    assert labeled.document.id == "methods"
    assert [str(m.type) for m in labeled.annotation.mentions] == ["Application", "Version"]
    assert [str(r.type) for r in labeled.annotation.relations] == ["Version_of"]
    assert answer["model"] == answer["document"]["model"]
    assert answer["seconds"] >= 0


def test_service_extract_takes_options(client: TestClient) -> None:
    options = {"min_confidence": 0.85, "lean": -1.5}
    answer = client.post("/v1/extract", json={"text": TEXT, "options": options}).json()
    assert [m["text"] for m in answer["document"]["mentions"]] == ["Sloperunner"]
    assert answer["model"]["lean"] == -1.5


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"text": ""},
        {"text": 3},
        {"text": TEXT, "more": 1},
        {"text": TEXT, "id": ""},
        {"text": TEXT, "id": "a\nb"},
        {"text": TEXT, "options": {"min_confidence": 1.1}},
        {"text": TEXT, "options": {"lean": "x"}},
        {"text": "x" * 1_000_001},
        [],
    ],
)
def test_service_extract_refuses_what_is_not_valid(client: TestClient, body: Any) -> None:
    problem = check_problem(client.post("/v1/extract", json=body), 422, "invalid-request")
    assert problem["errors"][0]["place"].startswith("body")


@pytest.mark.parametrize(
    "raw", [b"{", b"\xff", b"[" * 100_000, b'{"text": "\\ud800"}', b'{"text": NaN}', b""]
)
def test_service_extract_refuses_broken_json(client: TestClient, raw: bytes) -> None:
    headers = {"Content-Type": "application/json"}
    response = client.post("/v1/extract", content=raw, headers=headers)
    assert response.status_code in (400, 422)
    assert response.headers["content-type"] == "application/problem+json"


def test_service_sentences_keep_their_tokens(client: TestClient) -> None:
    sentences = [["We", "used", "Sloperunner", "1.8", "."], ["No", "software"]]
    answer = client.post("/v1/extract/sentences", json={"sentences": sentences}).json()
    first, second = (document_from_json(found) for found in answer["documents"])
    assert first.document.text == "We used Sloperunner 1.8 ."
    (sentence,) = first.document.sentences
    assert [first.document.slice(t.char_start, t.char_end) for t in sentence.tokens] == sentences[0]
    assert len(first.annotation.mentions) == 2
    assert second.annotation.mentions == ()


@pytest.mark.parametrize("sentences", [[], [[]], [["a b"]], [[""]], [[1]], ["words"]])
def test_service_sentences_refuse_what_is_no_token(client: TestClient, sentences: Any) -> None:
    response = client.post("/v1/extract/sentences", json={"sentences": sentences})
    check_problem(response, 422, "invalid-request")


def test_service_batch_annotates_each_text(client: TestClient) -> None:
    documents = [{"id": "a", "text": TEXT}, {"id": "b", "text": "Nothing."}]
    answer = client.post("/v1/extract/batch", json={"documents": documents}).json()
    assert [d["id"] for d in answer["documents"]] == ["a", "b"]
    assert [len(d["mentions"]) for d in answer["documents"]] == [2, 0]
    assert answer["failures"] == []


def test_service_file_reads_every_format(client: TestClient) -> None:
    for path in sorted((ROOT / "examples" / "papers").iterdir()):
        answer = upload(client, path.name, path.read_bytes())
        assert answer["failures"] == []
        (found,) = answer["documents"]
        assert document_from_json(found).document.text
        assert found["provenance"]["path"] == path.name


def test_service_file_reads_archives_and_tells_failures(client: TestClient) -> None:
    raw = zip_of({"a/one.txt": TEXT, "two.txt": b"\xff\xfe", "../three.txt": TEXT})
    answer = upload(client, "papers.zip", raw)
    assert [d["id"] for d in answer["documents"]] == ["papers.zip!a/one.txt"]
    reasons = {failure["id"]: failure["reason"] for failure in answer["failures"]}
    assert set(reasons) == {"papers.zip!two.txt", "papers.zip!../three.txt"}
    assert "UTF-8" in reasons["papers.zip!two.txt"]
    assert "'..'" in reasons["papers.zip!../three.txt"]


def test_service_file_reads_packed_tar_and_gz(client: TestClient) -> None:
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w:gz") as archive:
        member = tarfile.TarInfo("one.txt")
        member.size = len(TEXT)
        archive.addfile(member, io.BytesIO(TEXT.encode()))
    assert len(upload(client, "papers.tgz", raw.getvalue())["documents"]) == 1
    assert len(upload(client, "one.txt.gz", gzip.compress(TEXT.encode()))["documents"]) == 1


def test_service_file_reads_json_lines_anew(client: TestClient) -> None:
    lines = [client.post("/v1/extract", json={"text": TEXT, "id": id}).json() for id in "ab"]
    raw = "\n".join(json.dumps(line["document"]) for line in lines)
    answer = upload(client, "documents.jsonl", raw, min_confidence=0.85)
    assert [d["id"] for d in answer["documents"]] == ["a", "b"]
    assert [len(d["mentions"]) for d in answer["documents"]] == [1, 1]


@pytest.mark.parametrize("name", ["../../etc/passwd", "..", "/tmp/a.txt", "*.txt", "", "ü.txt"])
def test_service_file_makes_names_harmless(client: TestClient, name: str) -> None:
    if not name:  # a part without file name is a text, no file
        response = client.post("/v1/extract/file", files={"file": (name, TEXT)})
        check_problem(response, 422, "invalid-request")
        return
    answer = upload(client, name, TEXT)
    (found,) = answer["documents"]
    assert "/" not in found["id"]
    assert ".." not in found["id"]


def test_service_deletes_uploads(tmp_path: Path) -> None:
    with client_of(state=tmp_path) as client:
        upload(client, "one.txt", TEXT)
        upload(client, "broken.zip", b"no zip")
        assert list((tmp_path / "uploads").iterdir()) == []


def example(client: TestClient, id: str = "methods") -> dict[str, Any]:
    found: dict[str, Any] = client.post("/v1/extract", json={"text": TEXT, "id": id}).json()
    return dict(found["document"])


@pytest.mark.parametrize("to", ["csv", "brat", "turtle", "jsonld", "somd", "web-annotation"])
def test_service_convert_writes_each_format(client: TestClient, to: str) -> None:
    response = client.post("/v1/convert", json={"document": example(client), "to": to})
    assert response.status_code == 200, response.text
    assert response.headers["content-disposition"].startswith('attachment; filename="methods.')
    if response.headers["content-type"] == "application/zip":
        with zipfile.ZipFile(io.BytesIO(response.content)) as archive:
            content = b"".join(archive.read(name) for name in archive.namelist())
    else:
        content = response.content
    assert b"Sloperunner" in content


def test_service_convert_writes_corrected_annotation(client: TestClient, tmp_path: Path) -> None:
    corrected = example(client)
    corrected["mentions"][0]["type"] = "PlugIn"
    corrected["relations"] = []
    body = {"documents": [corrected, example(client, "second")], "to": "brat"}
    response = client.post("/v1/convert", json=body)
    losses = json.loads(response.headers["x-somex-losses"])
    assert losses["confidence"] > 0
    with zipfile.ZipFile(io.BytesIO(response.content)) as archive:
        archive.extractall(tmp_path)
    found = {labeled.document.id: labeled.annotation for labeled in read_brat(tmp_path)}
    assert set(found) == {"methods", "second"}
    assert found["methods"].mentions[0].type is EntityType.PLUGIN
    assert found["methods"].relations == ()


def test_service_convert_round_trips_json_lines(client: TestClient) -> None:
    given = example(client)
    response = client.post("/v1/convert", json={"document": given, "to": "jsonl"})
    assert json.loads(response.text) == given


def test_service_convert_refuses_invalid_documents(client: TestClient) -> None:
    for change in (
        {"mentions": [{"id": "T1", "type": "Tool", "char_start": 0, "char_end": 1, "text": "S"}]},
        {"relations": [{"type": "Version_of", "head": "T9", "tail": "T1"}]},
        {"schema": "other/1"},
        {"id": 3},
    ):
        body = {"document": example(client) | change, "to": "jsonl"}
        problem = check_problem(client.post("/v1/convert", json=body), 422, "invalid-document")
        assert problem["detail"].startswith("document 0")
    body = {"documents": [example(client)] * 2, "to": "jsonl"}
    problem = check_problem(client.post("/v1/convert", json=body), 422, "not-convertible")
    assert "/" not in problem["detail"]


def test_service_convert_refuses_ids_that_are_no_file_names(client: TestClient) -> None:
    body = {"document": example(client, "../up"), "to": "brat"}
    problem = check_problem(client.post("/v1/convert", json=body), 422, "not-convertible")
    assert "../up" in problem["detail"]


@pytest.mark.parametrize("body", [{"to": "csv"}, {"to": "exe", "document": {}}, {"document": {}}])
def test_service_convert_needs_a_document_and_a_format(
    client: TestClient, body: dict[str, Any]
) -> None:
    check_problem(client.post("/v1/convert", json=body), 422, "invalid-request")


def test_service_schema_tells_what_core_knows(client: TestClient) -> None:
    schema = client.get("/v1/schema").json()
    assert schema["entity_types"] == [str(type) for type in EntityType]
    assert schema["relation_types"] == [str(type) for type in RelationType]
    told = {(r["type"], r["from"], r["to"]) for r in schema["relations"]}
    for relation in RelationType:
        for head in EntityType:
            for tail in EntityType:
                is_told = (str(relation), str(head), str(tail)) in told
                assert is_told == is_compatible(relation, head, tail)
    assert set(schema["colours"]) == set(schema["entity_types"])


def test_service_models_lists_the_loaded_one_first(client: TestClient) -> None:
    first, *others = client.get("/v1/models").json()["models"]
    assert first == {"name": "fake", "fingerprint": "0123456789ab", "is_loaded": True}
    assert not any(model["is_loaded"] for model in others)


def test_service_models_leaves_out_what_is_broken(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(name: str) -> None:
        raise AttributeError("/secret/place has no such model")

    monkeypatch.setattr(info, "find_model", broken)
    info._installed.cache_clear()
    try:
        response = client.get("/v1/models")
    finally:
        info._installed.cache_clear()
    assert [model["name"] for model in response.json()["models"]] == ["fake"]


def test_service_examples_are_those_of_the_repository(client: TestClient) -> None:
    examples = client.get("/v1/examples").json()
    assert len(examples) >= 5
    for found in examples:
        path = ROOT / "examples" / "papers" / f"{found['id']}.txt"
        assert found["text"] == path.read_text(encoding="utf-8")
        assert found["title"]


def test_service_answers_are_not_kept_and_have_security_headers(client: TestClient) -> None:
    for path in ("/health", "/v1/schema", "/nothing"):
        headers = client.get(path).headers
        for name, value in SECURITY_HEADERS.items():
            assert headers[name] == value
        assert headers["cache-control"] == "no-store"
        assert "server" not in headers
        assert len(headers["x-request-id"]) == 16


def test_service_serves_its_page(client: TestClient) -> None:
    for path in sorted(PAGE.iterdir()):
        for place in (f"/{path.name}", f"/static/{path.name}"):
            assert client.get(place).content == path.read_bytes()
    assert client.get("/").headers["content-type"].startswith("text/html")


@pytest.mark.parametrize(
    "path", ["/app.py", "/..%2fapp.py", "/static/..%2fapp.py", "/.env", "/x/y"]
)
def test_service_serves_nothing_but_its_page(client: TestClient, path: str) -> None:
    assert check_problem(client.get(path), 404, "not-found")


def test_service_refuses_wrong_methods(client: TestClient) -> None:
    response = client.put("/v1/extract")
    check_problem(response, 405, "method-not-allowed")
    assert response.headers["allow"] == "POST"


def test_service_metrics_count_requests_and_mentions(client: TestClient) -> None:
    client.post("/v1/extract", json={"text": TEXT})
    client.get("/made/up/path")
    text = client.get("/metrics").text
    assert 'somex_mentions_total{type="Application"}' in text
    assert 'somex_requests_total{method="POST",route="/v1/extract",status="200"}' in text
    assert "made" not in text
    assert "process_resident_memory_bytes" in text
    assert "somex_jobs_open 0.0" in text


def test_service_health_and_readiness() -> None:
    with client_of() as client:
        assert client.get("/health").json() == {"status": "ok"}
        assert client.get("/ready").json() == {"status": "ready"}
        client.app.state.runtime.is_ready = False  # type: ignore[attr-defined]
        check_problem(client.get("/ready"), 503, "not-ready")


def test_service_openapi_has_examples_and_problems(client: TestClient) -> None:
    found = client.get("/openapi.json").json()
    extract = found["paths"]["/v1/extract"]["post"]
    assert {"200", "401", "413", "422", "429", "503"} <= set(extract["responses"])
    assert "application/problem+json" in extract["responses"]["429"]["content"]
    assert found["components"]["schemas"]["ExtractIn"]["examples"]
    for methods in found["paths"].values():
        for operation in methods.values():
            validation = operation["responses"].get("422", {"content": {}})
            assert "application/json" not in validation["content"]


def test_service_tells_no_path_where_it_breaks(caplog: pytest.LogCaptureFixture) -> None:
    engine = FakeEngine()
    engine.broken_by = "Sloperunner"
    with client_of(engine) as client:
        response = client.post("/v1/extract", json={"text": TEXT})
        problem = check_problem(response, 500, "internal")
        assert "secret" not in response.text
        assert response.headers["x-request-id"] in problem["detail"]
        assert response.headers["x-request-id"] in caplog.text
        assert client.post("/v1/extract", json={"text": "Nothing."}).status_code == 200


def test_service_dashboard_needs_a_store(client: TestClient) -> None:
    check_problem(client.get("/v1/dashboard"), 404, "no-store")


def test_service_dashboard_tells_what_the_papers_use(tmp_path: Path) -> None:
    pytest.importorskip("pyoxigraph", reason="needs pyoxigraph (extra graph)")
    from somex.graph.loading import GraphSource, load_graph
    from somex.graph.store import EmbeddedStore

    texts = {"a": "Sloperunner 1.8 was used.", "b": "We ran Sloperunner 2.0 twice."}
    with client_of() as client:
        body = {"documents": [{"id": id, "text": text} for id, text in texts.items()]}
        documents = client.post("/v1/extract/batch", json=body).json()["documents"]
    documents[0]["provenance"]["published"] = "2021-05"
    lines = tmp_path / "documents.jsonl"
    lines.write_text("".join(json.dumps(d) + "\n" for d in documents), encoding="utf-8")
    store = EmbeddedStore.open(tmp_path / "store")
    list(load_graph(GraphSource((lines,)), store))
    store.close()
    del store
    with client_of(store=tmp_path / "store") as client:
        found = client.get("/v1/dashboard", params={"limit": 5}).json()
        check_problem(client.get("/v1/dashboard?limit=0"), 422, "invalid-request")
    assert (found["n_papers"], found["n_software"], found["n_mentions"]) == (2, 1, 2)
    assert found["most_used"] == [{"name": "Sloperunner", "papers": 2, "mentions": 2}]
    rows = [
        {"version": "1.8", "year": 2021, "papers": 1},
        {"version": "2.0", "year": None, "papers": 1},
    ]
    assert found["versions"] == [{"name": "Sloperunner", "rows": rows}]
    assert found["co_use"] == {"nodes": [], "links": []}
    (badly,) = found["badly_cited"]
    assert (badly["without_citation"], badly["without_version"]) == (2, 0)
