"""The page of explanations, read back by an HTML parser."""

from page_reader import EVIL, Reader

from toolkit.evaluation import explanation_page

ANSWER = {
    "target": "pos",
    "log_probability": -0.5,
    "baseline": "as many unknown tokens",
    "baseline_log_probability": -0.7,
    "completeness_error": 2e-5,
    "complete": True,
    "tokens": ["a", "b", "c"],
    "starts": [0, 3, 5],
    "ends": [1, 4, 6],
    "attributions": [0.1, -0.2, 0.0],
}


def page_of(*answers):
    """The page of texts with their explanations."""
    return Reader("".join(explanation_page(answers, title="run")))


def test_each_part_has_its_number_and_its_sign_without_colours():
    page = page_of(("a, b-c!", ANSWER))
    parts = [attrs for tag, attrs in page.tags if tag == "span" and "title" in attrs]
    assert [part["title"] for part in parts] == ["+0.1", "-0.2", "+0"]
    assert ["minus" in part["class"] for part in parts] == [False, True, False]
    assert [part["style"] for part in parts] == ["--share: 0.30", "--share: 0.60", "--share: 0.00"]
    assert "".join(text for tag, text in page.texts if tag in ("p", "span")).startswith("a, b-c!")
    assert page.of("td") == ["-0.2000", "+0.1000", "+0.0000"]  # the strongest first
    (scores,) = page.of("small")
    assert scores == (
        "log probability -0.5000; of as many unknown tokens -0.7000; error of the sum 2e-05"
    )


def test_what_the_page_says_of_other_explanations():
    left_out = {name: ANSWER[name] for name in ("target", "tokens", "starts", "ends")}
    left_out |= {"log_probability": -0.5, "baseline": "the text without it"}
    frames = {**ANSWER, "frames": [0, 1], "complete": False, "attributions": [0.5, -0.1]}
    del frames["tokens"]
    number = {"value": 3.0, "baseline": "means", "baseline_value": 2.0, "complete": True}
    number |= {"completeness_error": 0.0, "tokens": ["x"], "attributions": [1.0]}
    tag = ANSWER | {"token": {"number": 1, "text": "b", "start": 3, "end": 4}}
    page = page_of(
        ("a, b c", left_out | {"attributions": [0.0, 0.0, 0.0]}),
        ([[1.0], [2.0]], frames),
        ("other text", number),
        ("a, b c", tag),
    )
    scores = page.of("small")
    assert "leave-one-out" in scores[0]
    assert "too large" in scores[1]
    assert scores[2].startswith("value 3.0000; of means 2.0000")
    assert page.of("bdi")[-4] == "4: pos at “b”"


def test_no_text_breaks_the_page():
    tokens = {"tokens": [EVIL], "starts": [0], "ends": [len(EVIL)], "attributions": [1.0]}
    page = page_of((EVIL, {**ANSWER, **tokens, "target": EVIL}))
    assert "script" not in [tag for tag, _ in page.tags]
    assert "img" not in [tag for tag, _ in page.tags]
    assert not page.attributes("link", "href")
