"""The page on which models are tried: whole in the server, with nothing from elsewhere."""

import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from small_server import Server, served

from toolkit.report import rolls

PAGE = Path(__file__).parents[2] / "toolkit" / "serving" / "page"


def test_its_files_are_served_without_a_token(runs: Path) -> None:
    server = served(runs / "words", token="secret")
    types = {".html": "text/html", ".js": "text/javascript", ".css": "text/css"}
    for path in PAGE.iterdir():
        response = server.ask("GET", f"/{path.name}" if path.stem != "index" else "/")
        assert response.status_code == 200
        assert response.headers["content-type"].startswith(types[path.suffix])
        assert response.headers["content-security-policy"].startswith("default-src 'self'; ")
        assert response.content == path.read_bytes()
    for path, content in (("/roll.js", rolls.SCRIPT), ("/roll.css", rolls.STYLE)):
        assert server.ask("GET", path).text == content


def test_nothing_comes_from_elsewhere_and_no_data_becomes_html() -> None:
    for path in PAGE.iterdir():
        content = path.read_text(encoding="utf-8").replace("http://www.w3.org/2000/svg", "")
        assert not re.search(r"""["'(](https?:)?//\w""", content), path
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write", content)
        assert len(content.splitlines()) <= 200, path


def test_what_the_scripts_find_is_in_the_page() -> None:
    html = (PAGE / "index.html").read_text(encoding="utf-8")
    scripts = "".join(path.read_text(encoding="utf-8") for path in PAGE.glob("*.js"))
    used = set(re.findall(r'part\("([\w-]+)"\)', scripts))
    assert {*re.findall(r'id="([\w-]+)"', html)} == used | {"buttons"}
    for name in re.findall(r'from "\./([\w.]+)"|addModule\("([\w.]+)"\)', scripts):
        assert (PAGE / "".join(name)).is_file()


def test_it_learns_what_each_model_takes(server: Server, runs: Path) -> None:
    words, series = server.get("/page.json")["models"]
    assert words == {
        "name": "words",
        "version": 1,
        "task": "",
        "kind": "text",
        "classes": [],
        "conditions": [],
        "example": {"text": ""},
        "explains": [],
        "aligns": False,
        "rate": None,
        "step_seconds": 0.5,
    }
    assert (series["kind"], series["example"]) == ("other", {"length": 0, "series": [[0, 0]]})
    assert server.post("/v1/models/series:predict", {"instances": [series["example"]]})
    assert served(runs / "words", token="secret").ask("GET", "/page.json").status_code == 401


ROLLS = {"frames": "float32", "length": "int32"}
SAMPLING = {"max_length": "int32", "temperature": "float32", "seed": "int32"}
PROMPT = {"prompt": "string"}
WRITER = dict.fromkeys(("serving_default", "generate", "prefill", "step", "detokenize"), PROMPT)


@pytest.mark.parametrize(
    ("signatures", "facts", "kind"),
    [
        ({"serving_default": {"text": "string"}}, {}, "text"),
        ({"serving_default": {"wav": "string"}}, {"sample_rate": 8000}, "speech"),
        ({"serving_default": {"wav": "string"}}, {}, "other"),
        ({"serving_default": ROLLS, "generate": ROLLS | SAMPLING}, {}, "music"),
        ({"serving_default": ROLLS, "generate": ROLLS}, {}, "other"),
        (WRITER, {}, "writer"),
    ],
)
def test_what_a_model_takes_says_its_kind(signatures: Any, facts: Any, kind: str) -> None:
    def signature(inputs: dict[str, str]) -> Any:
        specs = {
            name: SimpleNamespace(name=name, dtype=SimpleNamespace(name=dtype))
            for name, dtype in inputs.items()
        }
        return SimpleNamespace(specs=specs)

    from toolkit.serving import pages

    found = {name: signature(inputs) for name, inputs in signatures.items()}
    version: Any = SimpleNamespace(
        signatures=found, signature=found.get, description={"facts": facts}
    )
    assert pages.kind_of(version) == kind
