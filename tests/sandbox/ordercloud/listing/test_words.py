import pytest

from sandbox.ordercloud.listing.words import stems


@pytest.mark.parametrize(
    "forms",
    [
        ("watch", "watches", "Watched", "watching"),
        ("shoe", "shoes"),
        ("run", "runs", "running"),
        ("box", "boxes"),
        ("glass", "glasses"),
        ("city", "cities"),
        ("love", "loves", "loving", "loved"),
        ("roll", "rolling"),
        ("eat", "eats"),
        ("tie", "ties"),
    ],
)
def test_the_forms_of_a_word_have_one_stem(forms: tuple[str, ...]) -> None:
    assert len({stem for form in forms for stem in stems(form)}) == 1


@pytest.mark.parametrize("word", ["red", "string", "bus", "tennis", "dress", "bed", "shoe", "is"])
def test_what_only_looks_like_an_ending_stays(word: str) -> None:
    assert stems(word) == [word]


def test_words_end_where_letters_and_digits_do() -> None:
    assert stems("Red-shoe's, 2nd") == ["red", "shoe", "s", "2nd"]
