"""The page at ``/`` on which a server's models are tried."""

from pathlib import Path
from typing import Any

from fastapi import APIRouter
from fastapi.responses import Response

from toolkit.serving.models import DEFAULT_SIGNATURE, Version
from toolkit.serving.streams import writes_texts
from toolkit.serving.web import Serving, json_response

_FOLDER = Path(__file__).with_name("page")
#: The files of the page by their paths, with the types of their contents.
FILES = {
    "/": ("index.html", "text/html"),
    "/page.js": ("page.js", "text/javascript"),
    "/page.css": ("page.css", "text/css"),
}
#: What the page may load: nothing from elsewhere.
POLICY = (
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src data:; frame-ancestors 'none'"
)


def routes(serving: Serving) -> APIRouter:
    """Return the paths of the page."""
    router = APIRouter(include_in_schema=False)
    for path, (name, media_type) in FILES.items():
        router.add_api_route(path, _file((_FOLDER / name).read_bytes(), media_type))

    @router.get("/page.json")
    async def models() -> Response:
        """Return what the page needs to know of each model."""
        found = [
            {"name": name, **_described(model.version)}
            for name, model in serving.registry.models.items()
        ]
        return json_response({"models": found})

    return router


def _file(content: bytes, media_type: str) -> Any:
    """Return the function that answers with a file."""

    async def answer() -> Response:
        headers = {"Content-Security-Policy": POLICY, "X-Content-Type-Options": "nosniff"}
        return Response(content, headers=headers, media_type=media_type)

    return answer


def _described(version: Version) -> dict[str, Any]:
    """Return what a model takes and says."""
    specs = version.signature(DEFAULT_SIGNATURE).specs
    classes = version.description.get("facts", {}).get("classes", [])
    takes_texts = [(spec.name, spec.dtype.name) for spec in specs.values()] == [("text", "string")]
    kind = "writer" if writes_texts(version) else "text" if takes_texts else "other"
    has_conditions = kind == "writer" and "condition" in version.signatures["generate"].specs
    return {
        "version": version.number,
        "task": version.description.get("task", ""),
        "kind": kind,
        "classes": [] if has_conditions else [*classes],
        "conditions": [*classes] if has_conditions else [],
        "example": [{name: _zeros(spec) for name, spec in specs.items()}],
    }


def _zeros(spec: Any) -> Any:
    """Return a row of zeros or empty strings, with one step where there may be any number."""
    value: Any = "" if spec.dtype.name == "string" else 0
    for size in reversed(spec.shape.as_list()[1:]):
        value = [value] * (1 if size is None else size)
    return value
