"""Every mistake falls into one category, and the counts add up."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from somex.core import Annotation, Document, LabeledDocument, Mention, Relation
from somex.core.schema import EntityType as E
from somex.core.schema import RelationType as R
from somex.error_analysis import MENTION_CATEGORIES, analyze_errors

TEXT = "We used Hill Sloperunner 1.8 by Moor Labs and Fenwalker."
HILL = Mention(E.APPLICATION, 8, 24)
SLOPE = Mention(E.APPLICATION, 13, 24)
VERSION = Mention(E.VERSION, 25, 28)
MOOR = Mention(E.DEVELOPER, 32, 41)
FEN = Mention(E.APPLICATION, 46, 55)


def _labeled(mentions: list[Mention], relations: list[Relation] | None = None) -> LabeledDocument:
    return LabeledDocument(Document("d", TEXT), Annotation.build(mentions, relations or []))


def _mention_counts(gold: list[Mention], predicted: list[Mention]) -> dict[str, dict[str, int]]:
    found = analyze_errors([_labeled(gold)], [_labeled(predicted)]).to_json()["mentions"]
    return {name: found[name] for name in MENTION_CATEGORIES if found[name]}


def test_error_analysis_of_the_gold_finds_nothing() -> None:
    relation = Relation(R.VERSION_OF, VERSION, SLOPE)
    gold = _labeled([SLOPE, VERSION], [relation])
    found = analyze_errors([gold], [gold])
    assert (found.n_mentions, found.n_relations) == (2, 1)
    assert found.mentions == found.relations == ()


def test_error_analysis_tells_the_categories_of_mentions() -> None:
    assert _mention_counts([SLOPE], [HILL]) == {"nested": {"Application": 1}}
    plugin = Mention(E.PLUGIN, 13, 24)
    assert _mention_counts([SLOPE], [plugin]) == {"type": {"Application as PlugIn": 1}}
    assert _mention_counts([SLOPE], []) == {"missed": {"Application": 1}}
    assert _mention_counts([], [MOOR]) == {"spurious": {"Developer": 1}}
    late = Mention(E.APPLICATION, 18, 28)
    assert _mention_counts([SLOPE], [late]) == {"boundary": {"Application": 1}}


def test_error_analysis_counts_a_stray_prediction_beside_a_right_one() -> None:
    assert _mention_counts([HILL], [HILL, SLOPE]) == {"spurious": {"Application": 1}}


def test_error_analysis_tells_the_categories_of_relations() -> None:
    mentions = [SLOPE, VERSION, MOOR, FEN]
    right = [Relation(R.VERSION_OF, VERSION, SLOPE), Relation(R.DEVELOPER_OF, MOOR, SLOPE)]
    wrong = [Relation(R.DEVELOPER_OF, MOOR, FEN)]
    found = analyze_errors([_labeled(mentions, right)], [_labeled(mentions, wrong)])
    assert {(m.category, m.type) for m in found.relations} == {
        ("wrong host", "Developer_of"),
        ("missed", "Version_of"),
    }
    assert found.n_relations == 0
    found = analyze_errors([_labeled(mentions)], [_labeled(mentions, wrong)])
    assert [m.category for m in found.relations] == ["spurious"]
    assert found.relations[0].crosses_clause  # "and" stands between
    found = analyze_errors([_labeled(mentions, right)], [_labeled([SLOPE])])
    assert [m.category for m in found.relations] == ["mention", "mention"]


def test_error_analysis_tells_a_wrong_label() -> None:
    plugin = Mention(E.PLUGIN, 46, 55)
    mentions = [SLOPE, plugin]
    right = [Relation(R.PLUGIN_OF, plugin, SLOPE)]
    wrong = [Relation(R.SPECIFICATION_OF, plugin, SLOPE)]
    found = analyze_errors([_labeled(mentions, right)], [_labeled(mentions, wrong)])
    assert [m.category for m in found.relations] == ["label"]


def test_error_analysis_counts_by_category_with_the_gold() -> None:
    right = [Relation(R.VERSION_OF, VERSION, SLOPE), Relation(R.DEVELOPER_OF, MOOR, SLOPE)]
    wrong = [Relation(R.VERSION_OF, VERSION, SLOPE), Relation(R.DEVELOPER_OF, MOOR, FEN)]
    gold = _labeled([SLOPE, VERSION, MOOR], right)
    counts = analyze_errors([gold], [_labeled([SLOPE, VERSION, MOOR, FEN], wrong)]).counts()
    assert {name: n for name, n in counts.items() if n} == {
        "mentions/gold": 3,
        "mentions/right": 3,
        "mentions/spurious": 1,
        "relations/gold": 2,
        "relations/right": 1,
        "relations/wrong host": 1,
    }


def test_error_analysis_describes_mistakes() -> None:
    found = analyze_errors([_labeled([SLOPE])], [_labeled([HILL])]).to_json(1)
    assert found["mentions"]["examples"]["nested"] == [
        "d: Application 'Sloperunner' -> Application 'Hill Sloperunner'"
    ]


_SPANS = st.tuples(
    st.sampled_from([E.APPLICATION, E.PLUGIN]), st.integers(0, 20), st.integers(1, 12)
)
_MENTIONS = st.lists(
    _SPANS.map(lambda s: Mention(s[0], s[1], s[1] + s[2])), max_size=6, unique_by=lambda m: m.key
)


@given(_MENTIONS, _MENTIONS)
def test_error_analysis_counts_every_gold_mention_once(
    gold: list[Mention], predicted: list[Mention]
) -> None:
    found = analyze_errors([_labeled(gold)], [_labeled(predicted)])
    of_gold = [mistake.gold for mistake in found.mentions if mistake.gold is not None]
    assert found.n_mentions + len(of_gold) == len(gold)
    assert len(set(of_gold)) == len(of_gold)
    spurious = sum(mistake.category == "spurious" for mistake in found.mentions)
    assert found.n_mentions + spurious <= len(predicted)
