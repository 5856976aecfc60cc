import hashlib
import io
import json
import threading
import zipfile
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest

from somex.core import FormatError
from somex.readers import fetch as fetching
from somex.readers.fetch import LOCK_NAME, FetchError, Trust, fetch_corpus, unpack_zip
from somex.readers.public_corpora import CORPORA, PublicCorpus, RemoteFile

CONTENT = b"One line.\n"


class QuietHandler(SimpleHTTPRequestHandler):
    asked: list[str]

    def __init__(self, *args, asked, **options):
        self.asked = asked
        super().__init__(*args, **options)

    def do_GET(self):
        self.asked.append(self.path)
        super().do_GET()

    def log_message(self, *_):
        pass


@pytest.fixture
def server(tmp_path):
    root = tmp_path / "served"
    root.mkdir()
    asked: list[str] = []
    handler = partial(QuietHandler, directory=str(root), asked=asked)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield root, f"http://127.0.0.1:{running.server_port}/", asked
        running.shutdown()


def corpus(monkeypatch, sha256, *, path="sub dir/a.txt", unpack=False) -> None:
    file = RemoteFile("a.txt" if not unpack else "a.zip", path, sha256)
    made = PublicCorpus("tiny", "", "", "home", "r1", None, (file,), unpack, "name a base")
    monkeypatch.setattr(fetching, "get_corpus", {"tiny": made}.__getitem__)


def serve(root, content=CONTENT, path="sub dir/a.txt") -> str:
    (root / path).parent.mkdir(exist_ok=True)
    (root / path).write_bytes(content)
    return hashlib.sha256(content).hexdigest()


def test_fetch_keeps_a_right_file_and_skips_it_next_time(server, tmp_path, monkeypatch):
    root, url, asked = server
    corpus(monkeypatch, serve(root))
    (first,) = fetch_corpus("tiny", folder=tmp_path / "d", base_url=url, n_retries=0)
    assert first.status == "fetched"
    assert first.path.read_bytes() == CONTENT
    (second,) = fetch_corpus("tiny", folder=tmp_path / "d", base_url=url, n_retries=0)
    assert second.status == "present"
    assert asked == ["/sub%20dir/a.txt"]


def test_fetch_keeps_no_file_of_a_wrong_checksum(server, tmp_path, monkeypatch):
    root, url, _ = server
    serve(root)
    corpus(monkeypatch, "0" * 64)
    with pytest.raises(FetchError, match=r"has not the sha256 0000.* and was not kept"):
        fetch_corpus("tiny", folder=tmp_path / "d", base_url=url, n_retries=0)
    assert list((tmp_path / "d" / "tiny").iterdir()) == []


def test_fetch_names_what_the_server_answers(server, tmp_path, monkeypatch):
    _, url, _ = server
    corpus(monkeypatch, "0" * 64)
    with pytest.raises(FetchError, match="answers with status 404"):
        fetch_corpus("tiny", folder=tmp_path / "d", base_url=url, n_retries=0)
    with pytest.raises(FetchError, match="can't be reached"):
        fetch_corpus("tiny", folder=tmp_path / "d", base_url="http://127.0.0.1:9", n_retries=0)


def test_fetch_leaves_a_changed_local_file(server, tmp_path, monkeypatch):
    root, url, _ = server
    corpus(monkeypatch, serve(root))
    path = tmp_path / "d" / "tiny" / "a.txt"
    path.parent.mkdir(parents=True)
    path.write_text("mine")
    with pytest.raises(FetchError, match="move it away first"):
        fetch_corpus("tiny", folder=tmp_path / "d", base_url=url, n_retries=0)
    assert path.read_text() == "mine"


def test_fetch_without_checksum_needs_trust_which_is_locked(server, tmp_path, monkeypatch):
    root, url, asked = server
    sha256 = serve(root)
    corpus(monkeypatch, None)
    fetch = partial(fetch_corpus, "tiny", folder=tmp_path / "d", base_url=url, n_retries=0)
    with pytest.raises(FetchError, match=r"no checksum is known for tiny/a\.txt"):
        fetch()
    assert asked == []
    (first,) = fetch(trust=Trust(first_download=True))
    assert first.sha256 == sha256
    lock = json.loads((tmp_path / "d" / LOCK_NAME).read_text())
    assert lock["tiny/a.txt"] == {
        "sha256": sha256,
        "url": f"{url}sub dir/a.txt",
        "revision": "r1",
        "trust": "first download",
    }
    first.path.unlink()
    serve(root, b"changed at its home")
    with pytest.raises(FetchError, match=f"has not the sha256 {sha256}"):
        fetch()


def test_fetch_takes_the_checksum_of_the_user(server, tmp_path, monkeypatch):
    root, url, _ = server
    sha256 = serve(root)
    corpus(monkeypatch, None)
    fetch = partial(fetch_corpus, "tiny", folder=tmp_path / "d", base_url=url, n_retries=0)
    with pytest.raises(FetchError, match="was not kept"):
        fetch(trust=Trust("1" * 64))
    assert fetch(trust=Trust(sha256))[0].sha256 == sha256
    corpus(monkeypatch, "2" * 64)
    with pytest.raises(FetchError, match="has the recorded sha256 2222"):
        fetch(trust=Trust(sha256))


def test_fetch_checks_what_it_is_told(tmp_path, monkeypatch):
    with pytest.raises(FetchError, match="'abc' is not 64 hexadecimal digits"):
        Trust("abc")
    with pytest.raises(FormatError, match="unknown corpus 'x'; valid: somd2025, somesci, soft"):
        fetch_corpus("x", folder=tmp_path)
    with pytest.raises(FetchError, match="somd2025 has 7 files"):
        fetch_corpus("somd2025", folder=tmp_path, trust=Trust("0" * 64))
    with pytest.raises(FetchError, match="--base-url"):
        fetch_corpus("softcite", folder=tmp_path)
    (tmp_path / LOCK_NAME).write_text("{")
    with pytest.raises(FormatError, match="is no JSON"):
        fetch_corpus("somesci", folder=tmp_path)


def test_fetch_unpacks_archives_and_those_inside(server, tmp_path, monkeypatch):
    root, url, asked = server
    inner, outer = io.BytesIO(), io.BytesIO()
    with zipfile.ZipFile(inner, "w") as archive:
        archive.writestr("docs/a.txt", "A")
    with zipfile.ZipFile(outer, "w") as archive:
        archive.writestr("all.zip", inner.getvalue())
    corpus(monkeypatch, serve(root, outer.getvalue(), "c.zip"), path="c.zip", unpack=True)
    for _ in range(2):
        fetch_corpus("tiny", folder=tmp_path / "d", base_url=url, n_retries=0)
    assert (tmp_path / "d" / "tiny" / "docs" / "a.txt").read_text() == "A"
    assert len(asked) == 1


def test_fetch_unpacks_nothing_outside_its_folder(tmp_path):
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("../evil.txt", "x")
    with pytest.raises(FetchError, match="outside its folder"):
        unpack_zip(path, tmp_path / "in")
    assert not (tmp_path / "evil.txt").exists()
    path.write_bytes(b"no archive")
    with pytest.raises(FetchError, match="is no zip archive"):
        unpack_zip(path, tmp_path / "in")


def test_fetch_registry_is_pinned():
    for name, found in CORPORA.items():
        assert found.name == name
        assert found.licence
        assert found.base_url is None or found.base_url.startswith("https://")
        for file in found.files:
            assert file.sha256 is None or len(file.sha256) == 64
            assert ".." not in file.path
