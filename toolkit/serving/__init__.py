"""A server of exported models over HTTP: TensorFlow Serving's REST and KServe's protocol.

It reads the SavedModels of runs and needs neither Keras nor the tasks that wrote them. The packages
of the extra ``serve`` are imported by ``serve``, and TensorFlow when the input has been checked.
"""

import logging
from collections.abc import Sequence

from toolkit.packages import check_packages
from toolkit.serving.hosts import is_own
from toolkit.serving.options import ServingOptions
from toolkit.serving.runs import ServedRun, served_runs

__all__ = ["ServedRun", "ServingOptions", "serve", "served_runs"]

logger = logging.getLogger("toolkit.serving")

#: The modules of the extra ``serve``.
PACKAGES = ("fastapi", "uvicorn", "prometheus_client")


def serve(runs: Sequence[str], options: ServingOptions | None = None) -> None:
    """Serve runs over HTTP until the process gets SIGINT or SIGTERM.

    Example::

        serve(["saved_models/reviews"], ServingOptions(port=8501))

    Args:
        runs: The folders of runs or of their versions, each plain or as ``NAME=FOLDER``.
        options: The options of the server.

    Raises:
        ModelError: A folder holds no version that can be served.
        OptionError: The extra ``serve`` is not installed, or a name cannot be served.
        OSError: The address cannot be used.
    """
    options = options or ServingOptions()
    found = served_runs(runs)
    check_packages("serve needs", *PACKAGES)
    if not is_own(options.host) and options.token is None:
        logger.warning(
            "%s is an address that others can reach, and no token is set: anybody who reaches it "
            "can ask the models",
            options.host,
        )
    from toolkit.serving.server import run_server

    run_server(found, options)
