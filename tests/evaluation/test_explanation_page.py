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
    strongest, all_parts = page.of("td")[:3], page.of("td")[3:]
    assert strongest == ["-0.2000", "+0.1000", "+0.0000"]
    assert all_parts == ["+0.1", "-0.2", "+0"]  # in their order, for paper and keyboards
    assert page.of("summary") == ["all parts"]
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
    assert "4: pos at “b”" in page.of("bdi")


def test_path_and_channels_are_on_the_page():
    path = {"path": {"pos": [0.25, 0.5, 0.75], "neg": [0.75, 0.5, 0.25]}}
    page = page_of(("a, b-c!", ANSWER | path))
    assert page.attributes("polyline", "points") == ["0,75.0 1,50.0 2,25.0"]
    assert page.of("td")[3:] == ["+0.1", "0.25", "-0.2", "0.5", "+0", "0.75"]
    number = {name: ANSWER[name] for name in ("baseline", "complete", "completeness_error")}
    number |= {"value": 3.0, "baseline_value": 2.0, "frames": [0, 1], "attributions": [0.6, 0.4]}
    number |= {"path": {"value": [1.0, 3.0]}, "channels": {"x": 0.2, "y": -0.8}}
    page = page_of(([[1.0], [2.0]], number))
    assert page.attributes("polyline", "points") == ["0,100.0 1,0.0"]
    assert [name for name in page.of("bdi") if name in "xy"] == ["y", "x"]  # the strongest first
    assert page.of("td")[2:4] == ["-0.8000", "+0.2000"]
    assert not page_of(("a, b-c!", ANSWER)).attributes("polyline", "points")


def test_what_cannot_be_seen_has_a_name():
    targets = {" ": "' '", "\n": r"'\n'", "": "the end of the text", " the": "' the'", "a b": "a b"}
    for target, name in targets.items():
        page = page_of(("a, b-c!", ANSWER | {"target": target}))
        assert page.of("bdi")[0] == f"1: {name}"
    page = page_of(
        ("\n", ANSWER | {"tokens": ["\n"], "starts": [0], "ends": [1], "attributions": [1]})
    )
    assert page.of("bdi")[1] == r"'\n' (0)"


def test_no_text_breaks_the_page():
    tokens = {"tokens": [EVIL], "starts": [0], "ends": [len(EVIL)], "attributions": [1.0]}
    page = page_of((EVIL, {**ANSWER, **tokens, "target": EVIL}))
    assert "script" not in [tag for tag, _ in page.tags]
    assert "img" not in [tag for tag, _ in page.tags]
    assert not page.attributes("link", "href")
