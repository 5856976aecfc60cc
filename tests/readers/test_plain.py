import pytest

from somex.core import FormatError
from somex.readers.plain import check_texts, read_text, read_texts


def test_plain_keeps_newlines_and_removes_the_byte_order_mark(tmp_path):
    path = tmp_path / "a.b.txt"
    path.write_bytes("\ufeffFoo\r\nbär\x0c\n".encode())
    labeled = read_text(path)
    assert (labeled.document.id, labeled.document.text) == ("a.b", "Foo\r\nbär\x0c\n")
    assert labeled.annotation.mentions == ()


def test_plain_reads_empty_files(tmp_path):
    path = tmp_path / "e.txt"
    path.write_bytes(b"")
    assert read_text(path).document.text == ""
    assert list(check_texts(path)) == []


def test_plain_gives_byte_and_line_of_bad_utf8(tmp_path):
    path = tmp_path / "a.txt"
    path.write_bytes(b"ab\ncd\n\x80")
    with pytest.raises(FormatError, match=r"a\.txt:3: byte 6 \(0x80\) is not UTF-8"):
        read_text(path)
    (problem,) = check_texts(tmp_path)
    assert problem.line == 3


def test_plain_reads_folders_sorted(tmp_path):
    with pytest.raises(FormatError, match=r"holds no \.txt file"):
        list(read_texts(tmp_path))
    for name in ("b/x.txt", "a.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(name)
    assert [labeled.document.id for labeled in read_texts(tmp_path)] == ["a", "b/x"]
    with pytest.raises(FormatError, match="no such file"):
        list(read_texts(tmp_path / "none.txt"))
