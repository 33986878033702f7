"""Measure the server under load, beside calls in a loop and a plain handler around PyTorch.

Run ``python -m benchmarks.speed.serving``. ``--quick`` tests the benchmark itself. The report is
Markdown on standard output; progress is on standard error.
"""

import argparse
import asyncio
import json
import multiprocessing
import socket
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.http_load import Client, Load, load
from benchmarks.speed import report
from benchmarks.timing import SETTLE, fastest, interleaved, rate, say
from toolkit.errors import WorkError
from toolkit.serving import ServingOptions, serve

#: The numbers of clients, the seconds of each load, the rounds, and the texts.
CLIENTS, SECONDS, ROUNDS, TEXTS = (1, 8, 64), 8.0, 3, 512
HIDDEN_SIZE = 64
TOLERANCE = 1e-4
CLASSES = ("neg", "pos")
#: The seconds after which a server that does not answer has failed.
PATIENCE = 180

NOTES = f"""\
The classifier of `benchmarks.speed.classifier` (H = {HIDDEN_SIZE}, random weights, texts as long as
film reviews), one text a request; each client asks again when it is answered. Clients and servers
share the machine.

- in a loop: the SavedModel called in a process of its own, without HTTP, one text a call or 64.
- toolkit: `recurrent-toolkit serve`, `:predict`, one worker, with batching (its defaults) or
  without (`--max-batch 1`).
- PyTorch: the same weights; a FastAPI handler that calls the model for the text of a request, with
  the tokenizer in Python, served by Uvicorn; all threads or one, as is faster for one text.
- Servers take turns over {ROUNDS} rounds of {SECONDS:g} s; percentiles are of all requests."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit code."""
    return report.run(_report, report.argument_parser("serving", __doc__).parse_args(arguments))


def _report(options: argparse.Namespace) -> None:
    from benchmarks.speed.classifier.workload import generated

    report.print_header("Speed of the server", options)
    seconds, rounds = (0.5, 1) if options.quick else (SECONDS, ROUNDS)
    workload = generated()
    texts = workload.texts[: 64 if options.quick else TEXTS]
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        say("exporting")
        loops = _export(folder, workload, texts, options.threads)
        run = folder / "run"
        kinds: dict[str, tuple[Any, ...]] = {
            "toolkit": (toolkit_server, [run], {}),
            "toolkit, no batching": (toolkit_server, [run], {"max_batch": 1}),
            "PyTorch": (_pytorch, folder),
        }
        servers = {name: stack.enter_context(started(*kind))[0] for name, kind in kinds.items()}
        paths = dict.fromkeys(servers, "/v1/models/run:predict") | {"PyTorch": "/predict"}
        bodies = [{"instances": [text]} for text in texts]
        agreement = _agreement(servers, paths, bodies)
        loads: dict[tuple[str, int], list[Load]] = {}
        for number in range(rounds):
            for clients in CLIENTS:
                names = [*servers]
                first = number % len(names)
                for server in names[first:] + names[:first]:
                    say(f"round {number + 1}: {server}, {clients} clients")
                    time.sleep(SETTLE)
                    seen = load(servers[server], paths[server], bodies, clients, seconds)
                    if {*seen.statuses} != {200}:
                        raise WorkError(f"{server} answered with {seen.statuses}")
                    loads.setdefault((server, clients), []).append(seen)
    lines = ["| | clients | texts/s | p50, ms | p99, ms |", "|---|---:|---:|---:|---:|"]
    lines += [f"| {name} | | {speed:,.0f} | | |" for name, speed in loops.items()]
    lines += [_row(*key, loads[key]) for n in CLIENTS for key in product(servers, [n])]
    report.print_section("One text a request", "\n".join(lines), f"{NOTES}\n- {agreement}")


def _row(server: str, clients: int, loads: Sequence[Load]) -> str:
    """Return a line of the table."""
    seconds = [each for seen in loads for each in seen.seconds]
    speed = len(seconds) / sum(seen.elapsed for seen in loads)
    half, most = 1000 * np.percentile(seconds, [50, 99])
    return f"| {server} | {clients} | {speed:,.0f} | {half:.1f} | {most:.1f} |"


def _export(folder: Path, workload: Any, texts: Sequence[str], threads: int) -> dict[str, float]:
    """Write both models into a folder, and return the speeds of calls in a loop, texts/s."""
    import torch

    from benchmarks.peers.torch_classifier import PythonTokenizer, from_toolkit, predictor
    from benchmarks.peers.torch_gru import variants
    from benchmarks.speed.classifier.inference import _with_large_weights
    from benchmarks.speed.classifier.network import classifier
    from benchmarks.speed.classifier.workload import MAX_LENGTH
    from toolkit.export import Servable, write_saved_model
    from toolkit.models import SequenceModel
    from toolkit.tasks.classification.serving import signature

    network = _with_large_weights(classifier("toolkit", HIDDEN_SIZE, reset_after=True))
    model = SequenceModel(workload.tokenizer, network)
    signatures = {"serving_default": signature(model, CLASSES, MAX_LENGTH)}
    servable = Servable.load(write_saved_model(folder / "run", signatures, [model]))
    peer, tokenizer = from_toolkit(network), PythonTokenizer(workload.tokenizer)
    some = texts[:32]
    trials: dict[Any, Callable[[], object]] = {
        variant: partial(_in_a_loop, predictor(peer, tokenizer, variant), some, 1)
        for variant in variants(threads, "padded")
    }
    say("PyTorch on single texts")
    variant = fastest(trials, len(some), "texts/s")
    torch.save([peer, tokenizer, variant], folder / "torch.pt")

    def ask(some: Sequence[str]) -> Any:
        return servable(text=some)

    runs = {
        "SavedModel in a loop, one text a call": partial(_in_a_loop, ask, texts, 1),
        "SavedModel in a loop, 64 texts a call": partial(_in_a_loop, ask, texts, 64),
    }
    for run in runs.values():
        run()
    return {name: rate(len(texts), each) for name, each in interleaved(runs, 3).items()}


def _in_a_loop(predict: Callable[[Sequence[str]], Any], texts: Sequence[str], batch: int) -> None:
    for start in range(0, len(texts), batch):
        predict(texts[start : start + batch])


@contextmanager
def started(serve_on: Callable[..., None], *arguments: Any) -> Iterator[tuple[str, Any]]:
    """Yield the address and the process of a server, when it answers.

    Args:
        serve_on: Serves; it gets the arguments and a port.
        arguments: The arguments.
    """
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    spawn = multiprocessing.get_context("spawn")
    process = spawn.Process(target=serve_on, args=(*arguments, port))
    process.start()
    try:
        _wait_for(address, process)
        yield address, process
    finally:
        process.terminate()
        process.join()


def _wait_for(address: str, process: Any) -> None:
    """Wait until a server answers."""

    async def answers() -> bool:
        client = Client(address)
        try:
            status, _ = await client.ask("/v2/health/ready", b"", "GET")
        except OSError:
            return False
        client.close()
        return status in (200, 404)

    for _ in range(PATIENCE * 10):
        if asyncio.run(answers()):
            return
        if not process.is_alive():
            break
        time.sleep(0.1)
    raise WorkError(f"the server at {address} does not answer")


def toolkit_server(runs: Sequence[Path], options: dict[str, Any], port: int) -> None:
    """Serve runs as the command line does."""
    serve([*map(str, runs)], ServingOptions(port=port, queue=1000, **options))


def _pytorch(folder: Path, port: int) -> None:
    """Serve the model of PyTorch as its users would write it."""
    import torch
    import uvicorn
    from fastapi import FastAPI
    from pydantic import BaseModel

    from benchmarks.peers.torch_classifier import predictor

    predict = predictor(*torch.load(folder / "torch.pt", weights_only=False))

    class Texts(BaseModel):
        instances: list[str]

    app = FastAPI()

    @app.post("/predict")
    def answer(texts: Texts) -> dict[str, Any]:
        rows = predict(texts.instances)
        return {
            "predictions": [
                {
                    "label": CLASSES[int(row.argmax())],
                    "score": float(row.max()),
                    "probabilities": row.tolist(),
                }
                for row in rows
            ]
        }

    uvicorn.run(app, port=port, log_config=None, access_log=False)


def _agreement(servers: dict[str, str], paths: dict[str, str], bodies: Sequence[Any]) -> str:
    """Return in words how much the probabilities of the servers differ.

    Raises:
        WorkError: They differ by more than the tolerance, although the models are the same.
    """

    async def answers(server: str) -> list[list[float]]:
        client = Client(servers[server])
        found = []
        for body in bodies:
            status, content = await client.ask(paths[server], json.dumps(body).encode())
            if status != 200:
                raise WorkError(f"{server} answers {status}: {content.decode()}")
            found.append(json.loads(content)["predictions"][0]["probabilities"])
        client.close()
        return found

    ours, theirs = (np.array(asyncio.run(answers(name))) for name in ("toolkit", "PyTorch"))
    differs = np.abs(ours - theirs).max(axis=1) > TOLERANCE
    if differs.mean() > 0.02:  # the tokenizer in Python cuts a few unusual texts in another way
        raise WorkError("the servers do not give the same probabilities")
    return f"{len(bodies) - int(differs.sum())} of {len(bodies)} texts have the same probabilities."


if __name__ == "__main__":
    sys.exit(main())
