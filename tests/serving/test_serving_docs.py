"""The commands and clients of docs/serving.md, as they stand there."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from small_server import Server, over_a_network, served

PAGE = (Path(__file__).parents[2] / "docs" / "serving.md").read_text(encoding="utf-8")
EXAMPLES = dict(re.findall(r"<!-- (\S+) -->\n```\w*\n(.*?)```", PAGE, re.DOTALL))
COMMAND = re.compile(r"curl (?:-N )?-d '([^']*)' localhost:8501(\S+)\n")


@pytest.mark.parametrize("name", ["predict", "signature", "infer", "generate", "step"])
def test_commands_name_paths_that_there_are(server: Server, name: str) -> None:
    found = COMMAND.fullmatch(EXAMPLES[name])
    assert found
    assert json.loads(found[1])
    path = re.sub(r"/models/[^/:]+", "/models/{name}", found[2])
    assert path in server.get("/openapi.json")["paths"]


def test_commands_are_answered(server: Server) -> None:
    for name in ("predict", "infer"):
        found = COMMAND.fullmatch(EXAMPLES[name])
        assert found
        assert server.post(found[2].replace("reviews", "words"), json.loads(found[1]))


def test_the_client_in_python(runs: Path) -> None:
    namespace: dict[str, Any] = {}
    exec(EXAMPLES["client.py"], namespace)
    with over_a_network(served(runs / "words").app) as (address, _):
        answers = namespace["predict"](["a bc"], address, "words")
    assert answers == [{"word": ["a", "bc"], "size": [1, 2], "count": 2.0}]


def test_every_path_and_status_is_named(server: Server) -> None:
    for path in server.get("/openapi.json")["paths"]:
        word = re.split(r"[/:]", path.replace("/versions/{version}", ""))[-1]
        assert word.replace("{name}", "NAME") in PAGE, path
    for status in (400, 401, 404, 405, 408, 413, 429, 500, 503, 504):
        assert re.search(rf"^\|.*{status}.*\|", PAGE, re.MULTILINE), status
