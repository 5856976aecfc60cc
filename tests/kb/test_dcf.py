from __future__ import annotations

from kb_dumps import ids, read

PACKAGES = """\
Package: quuxmix
Version: 1.0
Depends: R (>= 3.5),
        methods
License: GPL-2

Package: rfoobolt
Title: Bolts for R
Author: Ann Bolt [aut, cre],
    Jürgen Nut [ctb]
Maintainer: Ann Bolt <ann@bolt.example>
URL: https://foobolt.example.org/,
  https://github.com/bolt/rfoobolt, https://CRAN.R-project.org/package=other
"""


def test_dcf_packages_of_cran(tmp_path):
    path = tmp_path / "PACKAGES"
    path.write_bytes(PACKAGES.encode("latin-1"))
    (first, second), file = read("cran", path)
    assert (first.name, ids(first), first.kind) == ("quuxmix", ["cran:quuxmix"], "R package")
    assert second.developers == ("Ann Bolt", "Jürgen Nut")
    assert second.homepage == "https://foobolt.example.org/"
    assert ids(second) == [
        "cran:rfoobolt",
        "url:https://foobolt.example.org/",
        "url:https://github.com/bolt/rfoobolt",
    ]
    assert file.faults.n_faults == 0


def test_dcf_views_of_bioconductor(tmp_path):
    path = tmp_path / "VIEWS"
    path.write_text(
        "Package: FooSeq\nMaintainer: Cy Quux <cy@quux.example>\n"
        "git_url: https://git.bioconductor.org/packages/FooSeq\nbiocViews: Software\n"
    )
    (found,), _ = read("bioconductor", path)
    assert (found.name, ids(found)) == ("FooSeq", ["bioconductor:FooSeq"])
    assert found.developers == ("Cy Quux",)


def test_dcf_faults_are_told_with_their_line(tmp_path):
    path = tmp_path / "PACKAGES"
    path.write_text(
        "  astray\nPackage: foo\nno field here\nURL: x\n\nVersion: 1\n\n\nPackage: bar\n"
    )
    found, file = read("cran", path)
    assert [software.name for software in found] == ["foo", "bar"]
    assert [fault.split(":")[0] for fault in file.faults.first] == ["line 1", "line 3", "line 6"]
    assert "has no valid name" in file.faults.first[2]
