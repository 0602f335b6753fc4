import pytest

from proxy.web.fields import Bare, Token, dictionary, item, joined, member, parameters


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("home-hero", '"home-hero"'),
        ("", '""'),
        ('say "hi" \\ bye', '"say \\"hi\\" \\\\ bye"'),
        ("Ärger", '%"%c3%84rger"'),
        ('100 % "größer"', '%"100 %25 %22gr%c3%b6%c3%9fer%22"'),
        ("a\r\nset-cookie: b=c", '%"a%0d%0aset-cookie: b=c"'),
        ("\x7f", '%"%7f"'),
        (0, "0"),
        (-17, "-17"),
        (True, "?1"),
        (False, "?0"),
        (Token("upstream-error"), "upstream-error"),
    ],
)
def test_a_value_is_written_as_rfc_9651_says(value: Bare, written: str) -> None:
    assert item(value) == written


def test_whatever_a_value_holds_it_stays_one_line_of_ascii() -> None:
    written = item("".join(map(chr, range(0x2100))))
    assert written.isascii()
    assert written.isprintable()
    assert written.count('"') == 2


def test_true_is_said_by_the_name_alone() -> None:
    assert parameters({"hit": True, "stored": False, "ttl": 5}) == ";hit;stored=?0;ttl=5"


def test_a_member_is_an_item_and_its_parameters() -> None:
    assert member(Token("decision-proxy"), {"fwd": Token("miss")}) == "decision-proxy;fwd=miss"


def test_a_dictionary_names_its_members() -> None:
    assert dictionary({"rule": "a b", "reason": Token("timeout")}) == 'rule="a b", reason=timeout'


def test_members_are_joined_into_a_list() -> None:
    assert joined(["a;x", "b"]) == "a;x, b"
