"""The server's page in a browser: what it shows is what the server answers."""

import io
import re
import wave
from base64 import b64decode
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from opened_page import Opened, golden, recording
from scipy.signal import resample_poly

if TYPE_CHECKING:
    from playwright.sync_api import Route

pytestmark = pytest.mark.browser

TEXT = "A warm, funny film with a brilliant cast."
NAMES = "Angela Merkel met Tim Cook of Apple in Berlin."
DOCS = Path(__file__).parents[2] / "docs" / "serving.md"


def numbers(opened: Opened, selector: str) -> list[float]:
    """Return the numbers that elements show."""
    words = opened.page.locator(selector).all_text_contents()
    return [float(word.replace("−", "-").rstrip(" %") or 0) for word in words]


def test_typing_gives_an_answer_without_a_button(opened: Opened) -> None:
    opened.show("imdb_sentiment")
    with opened.page.expect_response(lambda response: opened.instance(response) == TEXT):
        opened.type(TEXT)
    answer = opened.server.answer("imdb_sentiment", TEXT)
    opened.page.locator("caption", has_text=answer["label"]).wait_for()
    shown = numbers(opened, "td.number")
    assert shown == [round(100 * p, 1) for p in sorted(answer["probabilities"], reverse=True)]
    assert opened.page.get_by_text("export --explain").is_visible()
    opened.page.locator("#text").fill("")
    opened.page.locator("caption").wait_for(state="detached")
    assert not opened.page.locator("#answers table, #answers .hint").count()


def test_entities_are_marked(opened: Opened) -> None:
    opened.show("conll_ner")
    opened.type(NAMES)
    answer = opened.server.answer("conll_ner", NAMES)
    assert answer["entity_count"] == 4
    opened.page.locator("mark").nth(3).wait_for()
    marks = opened.page.locator("mark").all_text_contents()
    assert marks == [
        text + label
        for text, label in zip(answer["entity_text"], answer["entity_label"], strict=True)
    ]
    whole = NAMES
    for end, label in sorted(zip(answer["entity_end"], answer["entity_label"], strict=True))[::-1]:
        whole = whole[:end] + label + whole[end:]
    assert opened.page.locator("p.text").text_content() == whole
    hues = opened.page.locator("mark").evaluate_all(
        "marks => marks.map(mark => getComputedStyle(mark).backgroundColor)"
    )
    assert len({*zip(answer["entity_label"], hues, strict=True)}) == len({*answer["entity_label"]})


def test_two_models_answer_side_by_side(opened: Opened) -> None:
    opened.show("imdb_sentiment")
    opened.type(TEXT)
    second = opened.page.get_by_label("Beside it")
    assert "shakespeare" not in second.locator("option").all_text_contents()
    second.select_option("conll_ner")
    headings = opened.page.locator("h2")
    headings.nth(1).wait_for()
    assert headings.all_text_contents() == ["imdb_sentiment", "conll_ner"]
    one, other = (
        opened.page.get_by_role("region", name=f"Answer of {name}")
        for name in ("imdb_sentiment", "conll_ner")
    )
    one.locator("caption").wait_for()
    other.locator("p.text").first.wait_for()
    assert other.locator("p.text").first.text_content() == TEXT
    boxes = [each.bounding_box() for each in (one, other)]
    assert boxes[0]
    assert boxes[1]
    assert boxes[0]["y"] == boxes[1]["y"]
    assert boxes[0]["x"] + boxes[0]["width"] < boxes[1]["x"]
    opened.page.reload()
    assert opened.page.locator("h2").nth(1).text_content() == "conll_ner"


def test_a_page_of_an_earlier_version_asks_to_be_loaded_again(opened: Opened) -> None:
    def earlier(route: "Route") -> None:
        known = route.fetch().json()
        for model in known["models"]:
            model["version"] += 1
        route.fulfill(json=known)

    opened.page.route("**/page.json", earlier)
    opened.show("imdb_sentiment")
    opened.page.locator("#text").fill(TEXT)
    opened.page.get_by_text("version 1 answers; load this page again").wait_for()
    opened.refused = 1
    opened.page.unroute("**/page.json")
    opened.page.reload()
    opened.page.locator("#text").fill(TEXT)
    opened.page.locator("caption").wait_for()


def test_salience_colours_the_tokens_of_each_edit(opened: Opened) -> None:
    opened.show("moods")
    for text in ("it was sunny and bleak", "it was sunny and bright"):
        opened.type(text)
        opened.page.locator(".more p.text", has_text=text).wait_for()
        opened.page.locator("section:not([aria-busy])").wait_for()
        answer = opened.server.answer("moods", {"text": text, "target": ""}, "explain")
        assert opened.page.locator(".more p.text .part").all_text_contents() == text.split()
        shown = numbers(opened, "details td.number")
        assert shown == pytest.approx(answer["attributions"], abs=1e-4)
        assert sum(shown) == pytest.approx(
            answer["log_probability"] - answer["baseline_log_probability"], abs=2e-3
        )
        minus = opened.page.locator(".more p.text .minus").all_text_contents()
        assert minus == [
            token
            for token, value in zip(answer["tokens"], answer["attributions"], strict=True)
            if value < 0
        ]
    other = "sad" if answer["target"] == "glad" else "glad"
    opened.page.get_by_label("Explain").select_option(other)
    opened.page.locator("h3", has_text=f"“{other}”").wait_for()


def test_attention_of_a_translation(opened: Opened) -> None:
    text = golden("multi30k_en_de")["inputs"]["text"]
    opened.show("multi30k_en_de")
    opened.page.locator("#text").fill(text)
    table = opened.page.locator("table.attention")
    table.wait_for()
    translation = opened.server.answer("multi30k_en_de", text)["translation"]
    assert opened.page.locator(".text").text_content() == translation
    answer = opened.server.answer(
        "multi30k_en_de", {"text": text, "translation": translation}, "align"
    )
    assert table.locator("thead th").all_text_contents() == answer["source"]
    assert table.locator("tbody th").all_text_contents() == answer["target"]
    shown = np.array(numbers(opened, ".attention tbody td")).reshape(len(answer["target"]), -1)
    np.testing.assert_allclose(shown, 100 * np.array(answer["weights"]), atol=1)


def test_a_text_is_written(opened: Opened) -> None:
    opened.show("shakespeare")
    opened.page.locator("#text").fill("ROMEO:")
    opened.page.get_by_label("max length").fill("30")
    opened.page.get_by_role("button", name="Write").click()
    opened.page.locator("section:not([aria-busy]) .text").wait_for()
    written = opened.page.locator(".text").text_content()
    assert written is not None
    assert written.startswith("ROMEO:")
    assert len(written) == len("ROMEO:") + 30
    assert opened.page.get_by_role("button", name="Stop").is_hidden()


def test_music_is_drawn_and_plays(opened: Opened) -> None:
    opened.show("chorales")
    opened.page.get_by_label("max length").fill("24")
    opened.page.get_by_label("seed").fill("3")
    with opened.page.expect_response("**/infer") as answered:
        opened.page.get_by_role("button", name="Write").click()
    roll = opened.page.get_by_role("img")
    roll.wait_for()
    name = roll.get_attribute("aria-label")
    assert name is not None
    found = re.fullmatch(r"Piano roll of (\d+) notes in 24 frames", name)
    assert found
    path = roll.locator("path").get_attribute("d")
    assert path is not None
    notes = re.findall(r"M(\d+) (\d+)h([\d.]+)v.8H\1z", path)
    (frames,) = (each for each in answered.value.json()["outputs"] if each["name"] == "frames")
    sounds = np.array(frames["data"]).reshape(24, 88)
    drawn = np.zeros_like(sounds)
    highest = np.flatnonzero(sounds.sum(axis=0)).max()  # in the row 1
    for start, row, width in notes:
        drawn[int(start) : round(int(start) + float(width) + 0.1), highest + 1 - int(row)] = 1
    np.testing.assert_array_equal(drawn, sounds)
    begins = np.diff(sounds, axis=0, prepend=0) == 1  # a key that sounds on is one note
    assert len(notes) == int(found[1]) == begins.sum() > 10
    opened.page.get_by_role("button", name="play").click()
    line = roll.locator("line[visibility=visible]")
    line.wait_for(state="attached")
    opened.page.get_by_role("button", name="stop", exact=True).click()
    line.wait_for(state="detached")


def sounding(content: bytes) -> np.ndarray:
    """Return the samples of a WAV file of one channel."""
    with wave.open(io.BytesIO(content)) as file:
        return np.frombuffer(file.readframes(file.getnframes()), np.int16).astype(float)


@pytest.mark.parametrize(("rate", "tolerance"), [(8_000, 0.0), (24_000, 0.03)])
def test_a_recording_file_gets_its_transcript(opened: Opened, rate: int, tolerance: float) -> None:
    samples = sounding(recording())
    resampled = np.rint(resample_poly(samples, rate // 8_000, 1)).clip(-32768, 32767)
    content = io.BytesIO()
    with wave.open(content, "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(np.repeat(resampled.astype(np.int16), 2).tobytes())
    opened.show("spoken_digits")
    with opened.page.expect_request("**:predict") as asked:
        opened.page.get_by_label("A recording").set_input_files(
            {"name": "spoken.wav", "mimeType": "audio/wav", "buffer": content.getvalue()}
        )
    sent = asked.value.post_data_json["instances"][0]
    shown = opened.page.locator(".text")
    shown.wait_for()
    assert shown.text_content() == opened.server.answer("spoken_digits", sent)["text"]
    difference = sounding(b64decode(sent["b64"])) - samples  # as many, at the model's rate
    assert np.linalg.norm(difference) <= tolerance * np.linalg.norm(samples)
    if rate == 8_000:
        assert shown.text_content() == golden("spoken_digits")["outputs"]["text"]


def test_the_microphone_gets_a_transcript_while_it_records(opened: Opened) -> None:
    opened.show("spoken_digits")
    opened.page.get_by_role("button", name="Record", exact=True).click()
    opened.page.locator(".text").wait_for()
    stop = opened.page.get_by_role("button", name="Stop recording")
    with opened.page.expect_response(lambda response: not stop.is_visible()) as last:
        stop.click()
    sent = opened.instance(last.value)
    last.value.finished()
    expected = opened.server.answer("spoken_digits", sent)["text"]
    assert len(sounding(b64decode(sent["b64"]))) > 8_000  # more than a second
    assert expected
    opened.page.locator(".text", has_text=expected).wait_for()
    assert opened.page.locator(".text").text_content() == expected


def test_no_recording_is_told_in_a_line(opened: Opened) -> None:
    opened.show("spoken_digits")
    opened.page.get_by_label("A recording").set_input_files(
        {"name": "text.wav", "mimeType": "audio/wav", "buffer": b"no sound"}
    )
    said = opened.page.get_by_text("this is no recording that the browser can read")
    said.wait_for()
    assert said.get_attribute("role") == "alert"
    assert not opened.page.locator(".text").count()


def test_other_inputs_are_json_and_refusals_are_told_in_a_line(opened: Opened) -> None:
    opened.show("utd_mhad_actions")
    ask = opened.page.get_by_role("button", name="Ask")
    ask.click()
    opened.page.locator("caption").wait_for()
    opened.page.locator("#text").fill("{")
    ask.click()
    opened.page.locator(".problem", has_text="this is no JSON").wait_for()
    assert not opened.page.locator("caption").count()
    opened.page.locator("#text").fill('{"series": 1, "length": 1}')
    ask.click()
    problem = opened.page.locator(".problem", has_text="series")
    problem.wait_for()
    assert "\n" not in (problem.text_content() or "\n")
    opened.refused = 1


def test_it_works_by_keyboard_alone(opened: Opened) -> None:
    opened.show("shakespeare")
    press = opened.page.keyboard.press
    opened.page.keyboard.type("JULIET:")  # the field has the focus
    for key in ("Tab", "5", "Tab", "Tab", "Enter"):
        press(key)
    line = opened.page.locator("section:not([aria-busy]) .text")
    line.wait_for()
    assert len(line.text_content() or "") == len("JULIET:") + 5


@pytest.mark.parametrize("width", [390, 1280])
def test_nothing_is_wider_than_the_screen(opened: Opened, width: int) -> None:
    opened.page.set_viewport_size({"width": width, "height": 800})
    for models in (("imdb_sentiment", "moods"), ("multi30k_en_de",), ("spoken_digits",)):
        opened.show(*models)
        if models[0] != "spoken_digits":
            opened.page.locator("#text").fill(TEXT)
            opened.page.locator("section:not([aria-busy]) .more > *").first.wait_for()
        assert opened.page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_client_of_the_docs(opened: Opened) -> None:
    page = DOCS.read_text(encoding="utf-8")
    client = re.search(r"<!-- client.js -->\n```javascript\n(.*?)```", page, re.DOTALL)
    assert client
    opened.show("shakespeare")
    parts = opened.page.evaluate(
        f"""async address => {{
          {client[1]}
          const parts = [];
          for await (const part of generate("ROMEO:", address)) parts.push(part);
          return parts;
        }}""",
        opened.server.address,
    )
    assert len("".join(parts)) == 80
    assert len(parts) == 80
