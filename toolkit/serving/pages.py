"""The page at ``/`` on which a server's models are tried."""

from pathlib import Path, PurePath
from typing import Any

from fastapi import APIRouter
from fastapi.responses import Response

from toolkit.music.midi import step_seconds
from toolkit.report import rolls
from toolkit.serving.models import DEFAULT_SIGNATURE, Version
from toolkit.serving.streams import writes_texts
from toolkit.serving.web import Serving, json_response

_FOLDER = Path(__file__).with_name("page")
_TYPES = {".html": "text/html", ".js": "text/javascript", ".css": "text/css"}
#: The rolls of music are those of reports.
_SHARED = {"/roll.js": rolls.SCRIPT, "/roll.css": rolls.STYLE}
#: The contents of the page's files by their paths.
FILES = {
    "/": (_FOLDER / "index.html").read_text("utf-8"),
    **{f"/{path.name}": path.read_text("utf-8") for path in sorted(_FOLDER.glob("*.[jc]s*"))},
    **_SHARED,
}
#: The inputs of the signature by which a model writes music.
MUSIC = {"frames", "length", "max_length", "temperature", "seed"}
#: What the page may do: load its own files, and ask its own server.
POLICY = (
    "default-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def routes(serving: Serving) -> APIRouter:
    """Return the paths of the page."""
    router = APIRouter(include_in_schema=False)
    for path, content in FILES.items():
        router.add_api_route(path, _file(content, _TYPES[PurePath(path).suffix or ".html"]))

    @router.get("/page.json")
    async def models() -> Response:
        """Return what the page needs to know of each model."""
        found = [
            {"name": name, **_described(model.version)}
            for name, model in serving.registry.models.items()
        ]
        return json_response({"models": found})

    return router


def _file(content: str, media_type: str) -> Any:
    """Return the function that answers with a file."""

    async def answer() -> Response:
        headers = {"Content-Security-Policy": POLICY, "X-Content-Type-Options": "nosniff"}
        return Response(content, headers=headers, media_type=media_type)

    return answer


def _described(version: Version) -> dict[str, Any]:
    """Return what a model takes and says."""
    specs = version.signature(DEFAULT_SIGNATURE).specs
    kind = kind_of(version)
    facts, options = (version.description.get(name, {}) for name in ("facts", "options"))
    explain = version.signatures.get("explain")
    are_conditions = kind == "writer" and "condition" in version.signatures["generate"].specs
    return {
        "version": version.number,
        "task": version.description.get("task", ""),
        "kind": kind,
        "classes": [] if are_conditions else version.classes,
        "conditions": version.classes if are_conditions else [],
        "example": {name: _zeros(spec) for name, spec in specs.items()},
        "explains": [] if explain is None else [*explain.specs],
        "aligns": "align" in version.signatures,
        "rate": facts.get("sample_rate"),
        "step_seconds": step_seconds(options.get("steps_per_quarter", 1), facts.get("tempo")),
    }


def kind_of(version: Version) -> str:
    """Return the kind of a model, which says what the page asks it and how it shows answers."""
    specs = version.signature(DEFAULT_SIGNATURE).specs
    takes = [(spec.name, spec.dtype.name) for spec in specs.values()]
    generate = version.signatures.get("generate")
    if writes_texts(version):
        return "writer"
    if takes == [("text", "string")]:
        return "text"
    if takes == [("wav", "string")] and "sample_rate" in version.description.get("facts", {}):
        return "speech"
    return "music" if generate is not None and generate.specs.keys() == MUSIC else "other"


def _zeros(spec: Any) -> Any:
    """Return a row of zeros or empty strings, with one step where there may be any number."""
    value: Any = "" if spec.dtype.name == "string" else 0
    for size in reversed(spec.shape.as_list()[1:]):
        value = [value] * (1 if size is None else size)
    return value
