from __future__ import annotations

import pytest

from somex.core import (
    AnnotationError,
    CallOut,
    Document,
    ElementLocator,
    Link,
    Origin,
    PageLocator,
    Reference,
)

TEXT = "We used R [1]."
ELEMENT = Origin(0, 7, ElementLocator("/article/body[1]/p[1]", 10, 17))
PAGE = Origin(8, 14, PageLocator(2, (10, 20, 70, 30), (10, 20, 30, 40, 50, 60, 70)))


def test_origins_of_a_span_are_clipped_with_their_source() -> None:
    document = Document("d", TEXT, origins=(ELEMENT, PAGE))
    left, right = document.origins_of(3, 9)
    assert left == Origin(3, 7, ElementLocator("/article/body[1]/p[1]", 13, 17))
    assert right == Origin(8, 9, PageLocator(2, (10, 20, 20, 30), (10, 20)))
    assert document.origin_of(7) is None
    assert document.origin_of(13) == Origin(13, 14, PageLocator(2, (60, 20, 70, 30), (60, 70)))
    assert document.origins_of(0, 7) == (ELEMENT,)
    assert Document("d", TEXT).origins_of(0, 5) == ()


def test_origins_of_rewritten_characters_stay_whole() -> None:
    whole = ElementLocator("", 4, 9)
    assert Origin(0, 2, whole).clip(1, 2) == Origin(1, 2, whole)
    box = PageLocator(1, (0, 0, 5, 5))
    assert Origin(0, 3, box).clip(1, 2).locator == box


def test_origins_references_and_urls_of_a_span() -> None:
    document = Document(
        "d",
        TEXT,
        references=(Reference("B1", "Smith 2001", "10.1/x"), Reference("B2", "Jones")),
        call_outs=(CallOut(11, 12, ("B1",)),),
        links=(Link(8, 9, "https://r.example"),),
    )
    assert document.references_of(10, 13) == (document.references[0],)
    assert document.references_of(0, 11) == ()
    assert document.urls_of(8, 9) == ("https://r.example",)
    assert document.urls_of(9, 14) == ()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Origin(3, 3, ElementLocator("", 0, 1)), "origin spans characters 3 to 3"),
        (lambda: ElementLocator("/p", 5, 2), "source of element '/p' spans characters 5 to 2"),
        (lambda: PageLocator(0, (0, 0, 1, 1)), "page is 0; the first page is 1"),
        (lambda: PageLocator(1, (2, 0, 1, 1)), "left <= right"),
        (lambda: PageLocator(1, (0, 0, float("nan"), 1)), "four finite numbers"),
        (lambda: Reference("", "Smith"), "needs an id that is not empty"),
        (lambda: CallOut(0, 1, ()), "names no reference"),
        (lambda: Link(0, 1, ""), "has no URL"),
        (lambda: Document("d", TEXT, origins=(PAGE, ELEMENT)), "origins come in order"),
        (lambda: Document("d", "We", origins=(ELEMENT,)), "ends after the text"),
        (lambda: Document("d", TEXT, links=(Link(8, 99, "u"),)), "ends after the text"),
        (
            lambda: Document("d", TEXT, call_outs=(CallOut(0, 1, ("B9",)),)),
            "names reference 'B9', which is not among the references",
        ),
        (
            lambda: Document("d", TEXT, references=(Reference("a", ""), Reference("a", ""))),
            "two references share an id",
        ),
    ],
)
def test_origins_that_make_no_sense_are_refused(make: object, message: str) -> None:
    with pytest.raises(AnnotationError, match=message):
        make()  # type: ignore[operator]
