"""Tiny models for the tests of the server, and applications that are asked without a network."""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from toolkit.serving import ServingOptions, served_runs

#: What the model of words answers beyond a text's words.
PADDING = {"word": "", "size": -1}


def write_words(run: Path, factor: float = 1.0) -> Path:
    """Write a version of a model that cuts texts into words, and return its folder.

    ``serving_default`` gives the words, their sizes in bytes, and their number times the factor.
    ``shout`` has one output, ``times`` an input without rows, and ``refuse`` takes no 'bad'.
    ``turn`` takes as long as it is told to.
    """
    import tensorflow as tf

    from toolkit.export import write_golden, write_saved_model

    text = tf.TensorSpec([None], tf.string, name="text")

    @tf.function(input_signature=[text])
    def serving_default(text: Any) -> Any:
        words = tf.strings.split(text)
        sizes = tf.ragged.map_flat_values(tf.strings.length, words)
        return {
            "word": words.to_tensor(""),
            "size": sizes.to_tensor(-1),
            "count": factor * tf.cast(words.row_lengths(), tf.float32),
        }

    @tf.function(input_signature=[text])
    def shout(text: Any) -> Any:
        return {"loud": tf.strings.upper(text)}

    @tf.function(input_signature=[text, tf.TensorSpec([], tf.int32, name="count")])
    def times(text: Any, count: Any) -> Any:
        return {"copies_bytes": tf.tile(text[:, None], [1, count]), "of": tf.constant(["a", "b"])}

    @tf.function(input_signature=[text])
    def refuse(text: Any) -> Any:
        good = tf.reduce_all(text != "bad")
        with tf.control_dependencies([tf.debugging.Assert(good, ["no bad texts,", tf.size(text)])]):
            return {"text": tf.identity(text)}

    @tf.function(input_signature=[tf.TensorSpec([], tf.int64, name="rounds")])
    def turn(rounds: Any) -> Any:
        return {
            "rounds": tf.while_loop(
                lambda done: done < rounds, lambda done: (done + 1,), (tf.constant(0, tf.int64),)
            )[0]
        }

    functions = {"serving_default": serving_default, "shout": shout, "times": times}
    folder = write_saved_model(run, {**functions, "refuse": refuse, "turn": turn})
    answer = {"word": ["a"], "size": [1], "count": factor}
    write_golden(run, [{"text": "a"}], [answer], padding=PADDING)
    return folder


def write_series(run: Path) -> Path:
    """Write a model of series [B, T, 2] with lengths, which sums them, and return its folder."""
    import tensorflow as tf

    from toolkit.export import write_golden, write_saved_model

    @tf.function(
        input_signature=[
            tf.TensorSpec([None, None, 2], tf.float32, name="series"),
            tf.TensorSpec([None], tf.int32, name="length"),
        ]
    )
    def serving_default(series: Any, length: Any) -> Any:
        mask = tf.sequence_mask(length, tf.shape(series)[1], tf.float32)
        return {"sums": tf.reduce_sum(series * mask[:, :, None], axis=1)}

    folder = write_saved_model(run, {"serving_default": serving_default})
    question = {"series": [[1.0, 2.0]], "length": 1}
    write_golden(run, [question], [{"sums": [1.0, 2.0]}], input_padding={"series": 0.0})
    return folder


Scenario = Callable[[httpx.AsyncClient], Awaitable[None]]
Answer = Callable[..., httpx.Response]


class Server:
    """An application under test, asked without a network.

    Args:
        app: The application.
        headers: Headers of each request.
    """

    def __init__(self, app: Any, headers: dict[str, str] | None = None) -> None:
        self.app = app
        self.headers = headers

    @property
    def serving(self) -> Any:
        """Its state."""
        return self.app.state.serving

    @property
    def version(self) -> Any:
        """The version of the model of words that answers."""
        return self.serving.registry.models["words"].version

    def play(self, scenario: Scenario) -> None:
        """Run requests on one event loop, so that the test decides on their order."""

        async def run() -> None:
            transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
            async with httpx.AsyncClient(
                transport=transport, base_url="http://localhost", headers=self.headers
            ) as client:
                await asyncio.wait_for(scenario(client), 30)

        asyncio.run(run())

    def ask(self, method: str, path: str, **arguments: Any) -> httpx.Response:
        """Return the response to one request."""
        found: list[httpx.Response] = []

        async def scenario(client: httpx.AsyncClient) -> None:
            found.append(await client.request(method, path, **arguments))

        self.play(scenario)
        return found[0]

    def get(self, path: str, **arguments: Any) -> Any:
        """Return the JSON of a successful answer."""
        response = self.ask("GET", path, **arguments)
        assert response.status_code == 200, response.text
        return response.json()

    def post(self, path: str, body: Any, **arguments: Any) -> Any:
        """Return the JSON of a successful answer."""
        response = self.ask("POST", path, json=body, **arguments)
        assert response.status_code == 200, response.text
        return response.json()


def served(*runs: Path | str, headers: dict[str, str] | None = None, **options: Any) -> Server:
    """Return a server of runs."""
    from toolkit.serving.app import create_app

    app = create_app(served_runs([str(run) for run in runs]), ServingOptions(**options))
    return Server(app, headers)


class Held:
    """Calls of a signature that wait until they are let go.

    Attributes:
        entered: Released once for each call that has begun.
        go: Lets calls go on.
        sizes: The number of questions of each call.
    """

    def __init__(self) -> None:
        self.entered = threading.Semaphore(0)
        self.go = threading.Event()
        self.sizes: list[int] = []

    async def wait(self) -> None:
        """Wait until a call has begun."""
        assert await asyncio.to_thread(self.entered.acquire, timeout=20)


@contextmanager
def held(version: Any, name: str, calls: int = 1) -> Iterator[Held]:
    """Let calls of a signature wait within the context.

    Args:
        version: The version of a model.
        name: The name of the signature.
        calls: The largest number of calls at once.
    """
    held = Held()
    batcher = version.batchers[name]
    answer, free = batcher._answer, batcher._free

    def waiting(questions: Any) -> Any:
        held.sizes.append(len(questions))
        held.entered.release()
        assert held.go.wait(20)
        return answer(questions)

    batcher._answer, batcher._free = waiting, calls
    try:
        yield held
    finally:
        held.go.set()
        batcher._answer, batcher._free = answer, free


@contextmanager
def over_a_network(app: Any) -> Iterator[tuple[str, Any]]:
    """Yield the address and the server of an application that Uvicorn serves in a thread."""
    import uvicorn

    from toolkit.serving.server import listen

    listening = listen(ServingOptions(port=0))
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="on"))
    thread = threading.Thread(target=server.run, args=([listening],))
    thread.start()
    try:
        yield "http://{}:{}".format(*listening.getsockname()), server
    finally:
        server.should_exit = True
        thread.join(20)
        assert not thread.is_alive()
