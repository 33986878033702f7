"""The page on which models are tried: whole in the server, with nothing from elsewhere."""

import re
from pathlib import Path

import pytest
from small_server import Server, served

PAGE = Path(__file__).parents[2] / "toolkit" / "serving" / "page"


@pytest.mark.parametrize(
    ("path", "media_type"),
    [("/", "text/html"), ("/page.js", "text/javascript"), ("/page.css", "text/css")],
)
def test_its_files_are_served_without_a_token(runs: Path, path: str, media_type: str) -> None:
    response = served(runs / "words", token="secret").ask("GET", path)
    assert response.status_code == 200
    assert response.headers["content-type"].startswith(media_type)
    assert response.headers["content-security-policy"].startswith("default-src 'self'; ")
    assert response.content == (PAGE / (path[1:] or "index.html")).read_bytes()


def test_nothing_comes_from_elsewhere_and_the_script_is_short() -> None:
    for path in PAGE.iterdir():
        assert not re.search(r"(https?:)?//\w", path.read_text(encoding="utf-8")), path
    assert len((PAGE / "page.js").read_text(encoding="utf-8").splitlines()) <= 300


def test_what_the_script_finds_is_in_the_page() -> None:
    html = (PAGE / "index.html").read_text(encoding="utf-8")
    script = (PAGE / "page.js").read_text(encoding="utf-8")
    used = set(re.findall(r'part\("([\w-]+)"\)', script))
    assert {*re.findall(r'id="([\w-]+)"', html)} == used | {"buttons"}


def test_it_learns_what_each_model_takes(server: Server, runs: Path) -> None:
    words, series = server.get("/page.json")["models"]
    assert words == {
        "name": "words",
        "version": 1,
        "task": "",
        "kind": "text",
        "classes": [],
        "conditions": [],
        "example": [{"text": ""}],
    }
    assert (series["kind"], series["example"]) == ("other", [{"length": 0, "series": [[0, 0]]}])
    assert server.post("/v1/models/series:predict", {"instances": series["example"]})
    assert served(runs / "words", token="secret").ask("GET", "/page.json").status_code == 401
