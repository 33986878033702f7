"""A server's page in a browser, questions to both, and their known answers."""

import json
from base64 import b64decode
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

if TYPE_CHECKING:
    from playwright.sync_api import Page, Response

ROOT = Path(__file__).parents[2]
KEPT = ROOT / "saved_models"


class Served:
    """A server of models.

    Attributes:
        address: Its address.
    """

    def __init__(self, address: str) -> None:
        self.address = address

    def answer(self, model: str, instance: Any, signature: str = "serving_default") -> Any:
        """Return what a model answers to one instance."""
        body = {"signature_name": signature, "instances": [instance]}
        url = f"{self.address}/v1/models/{model}:predict"
        with urlopen(Request(url, json.dumps(body).encode())) as response:
            return json.load(response)["predictions"][0]


def golden(model: str) -> dict[str, Any]:
    """Return the first golden question of a kept model with its answer."""
    with (KEPT / model / "golden.jsonl").open(encoding="utf-8") as lines:
        found: dict[str, Any] = json.loads(next(lines))
    return found


def recording() -> bytes:
    """Return the recording of the first golden question of the recogniser, at 8000 Hz."""
    return b64decode(golden("spoken_digits")["inputs"]["wav"]["b64"])


class Opened:
    """A tab of the browser on the server's page.

    Attributes:
        page: The tab.
        server: The server.
        refused: The number of requests that the server may refuse, which the console shows.
    """

    def __init__(self, page: "Page", server: Served) -> None:
        self.page, self.server = page, server
        self.refused = 0
        self.requests: list[str] = []
        self.errors: list[str] = []
        page.on("request", lambda request: self.requests.append(request.url))
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on(
            "console",
            lambda message: (
                self.errors.append(message.text) if message.type in ("error", "warning") else None
            ),
        )

    def show(self, *models: str) -> None:
        """Show one model, or two beside each other."""
        self.page.goto(f"{self.server.address}/#{'/'.join(models)}")
        self.page.get_by_text(f"{models[0]}: ").wait_for()

    @staticmethod
    def instance(response: "Response") -> Any:
        """Return the instance that a request has asked for; None if it has asked for none."""
        body = response.request.post_data_json
        return body["instances"][0] if body and "instances" in body else None

    def type(self, text: str) -> None:
        """Type a text into the field, key by key, in the place of what is there."""
        self.page.locator("#text").fill("")
        self.page.locator("#text").press_sequentially(text)

    def check(self) -> None:
        """Check that no request has left for elsewhere, and that nothing went wrong."""
        own = urlsplit(self.server.address).netloc
        others = [url for url in self.requests if urlsplit(url).netloc != own]
        assert [url for url in others if not url.startswith("data:")] == []
        refused = [error for error in self.errors if "Failed to load resource" in error]
        assert len(refused) == self.refused, self.errors
        assert len(self.errors) == self.refused, self.errors
