"""The application of a server: all paths, with what they share."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import Response
from starlette.exceptions import HTTPException

from toolkit import __version__
from toolkit.serving import open_inference, pages, streams, tensorflow_serving
from toolkit.serving.metrics import Metrics
from toolkit.serving.options import ServingOptions
from toolkit.serving.registry import Registry
from toolkit.serving.runs import ServedRun
from toolkit.serving.stopping import stop_on_signals
from toolkit.serving.web import Gate, Serving, error_response


def create_app(runs: Sequence[ServedRun], options: ServingOptions) -> FastAPI:
    """Return the application that serves runs; all are loaded first.

    Raises:
        ModelError: A run cannot be loaded.
    """
    metrics = Metrics()
    registry = Registry(runs, options, metrics)
    serving = Serving(registry, options, metrics)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        watch = asyncio.create_task(registry.watch())
        stop_on_signals(serving.stop)
        yield
        watch.cancel()
        serving.close()

    app = FastAPI(
        title="recurrent-toolkit",
        version=__version__,
        description="Models of recurrent-toolkit, as TensorFlow Serving and KServe answer.",
        lifespan=lifespan,
        docs_url=None,  # pages that fetch their scripts from elsewhere
        redoc_url=None,
    )
    app.state.serving = serving
    app.add_middleware(Gate, serving=serving, files=pages.FILES.keys())
    app.include_router(tensorflow_serving.routes(serving))
    app.include_router(open_inference.routes(serving))
    app.include_router(streams.routes(serving))
    app.include_router(pages.routes(serving))
    app.add_exception_handler(HTTPException, _refuse)

    @app.get("/metrics", tags=["server"])
    async def counters() -> Response:
        """Return the counters of the server for Prometheus."""
        content, media_type = metrics.text()
        return Response(content, media_type=media_type)

    return app


async def _refuse(request: Request, error: Any) -> Response:
    """Return the response to a request that no path answers, or that a path refuses."""
    message = error.detail
    if error.status_code == 404 and message == "Not Found":
        message = f"there is nothing at {request.url.path}"
    elif error.status_code == 405 and message == "Method Not Allowed":
        message = f"{request.url.path} does not answer {request.method}"
    return error_response(error.status_code, message, error.headers)
