"""Measure the seconds and the memory that exported models take for one long text.

Run ``python -m benchmarks.robustness.long_texts``. It trains a model of each task, of the default
size, for one epoch on its embedded sample, and asks each signature for texts of growing length:
sentences of the sample's words, the same words without a full stop, and a single letter repeated,
which is one word. Every series of lengths is a process of its own. The report is a Markdown table
on standard output.

``--folder`` keeps the models, and uses those that it has. ``--models`` and ``--lengths`` choose.
"""

import argparse
import contextlib
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from benchmarks.machine import description
from benchmarks.timing import say
from toolkit.errors import WorkError

LENGTHS = (1_000, 10_000, 100_000, 1_000_000)
#: The lengths of a translation to align with a text, and of what is generated.
SHORT = 100

#: The models by name: the pipeline, and further arguments of ``train``.
MODELS = {
    "classifier": ("sentiment", ()),
    "tagger": ("ner", ()),
    "translator": ("translation", ()),
    "language model": ("language_model", ()),
    "language model of words": ("language_model", ("--token-level", "words")),
}
#: The words of each pipeline's texts.
WORDS = {
    "sentiment": "the film was good and bad but never dull a warm story with lovely music",
    "ner": "Mary Smith works for the bank in Paris and he saw John Baker near London again",
    "translation": "two hundred and seven thousand forty one nine eighty six million three",
    "language_model": "if the value is a matrix then its rows can be equal and all are the same",
}
#: How texts are made.
KINDS = ("sentences", "words", "letter")
#: What a signature is asked besides the text, by name; the others take a text alone.
FURTHER: dict[str, dict[str, Any]] = {
    "beam": {"beam_size": 5},
    "generate": {
        "max_length": SHORT,
        "temperature": 1.0,
        "top_k": 0,
        "top_p": 1.0,
        "repetition_penalty": 1.0,
        "seed": [0, 0],
    },
}
#: The signatures of each pipeline that take a text.
SIGNATURES = {
    "sentiment": ("serving_default",),
    "ner": ("serving_default", "tag_tokens"),
    "translation": ("serving_default", "beam", "align"),
    "language_model": ("serving_default", "generate", "prefill", "score", "read"),
}

#: Longer answers are given up.
LIMIT_SECONDS = 900


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(
        "python -m benchmarks.robustness.long_texts", description=__doc__
    )
    parser.add_argument(
        "--folder", type=Path, help="where the models are kept; none to delete them"
    )
    parser.add_argument("--models", nargs="+", choices=MODELS, default=[*MODELS])
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=[*KINDS])
    parser.add_argument("--signatures", nargs="+", metavar="NAME", help="by default all")
    parser.add_argument("--lengths", nargs="+", type=int, default=[*LENGTHS], metavar="N")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--child", nargs=4, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        run, signature, kind, words = options.child
        _answer(Path(run), signature, kind, words, options.lengths)
        return
    print(f"{description(options.threads)}\n")
    print(*_heading(options.lengths), sep="\n", flush=True)
    with contextlib.ExitStack() as stack:
        folder = options.folder or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        for name in options.models:
            pipeline, arguments = MODELS[name]
            run = folder / name.replace(" ", "_")
            if not (run / "README.md").exists():
                train(pipeline, arguments, run, options.threads)
            for signature in SIGNATURES[pipeline]:
                if signature not in (options.signatures or SIGNATURES[pipeline]):
                    continue
                for kind in options.kinds:
                    answers = measure(run, signature, kind, WORDS[pipeline], options)
                    print(_row(name, signature, kind, answers), flush=True)


def train(pipeline: str, arguments: Sequence[str], run: Path, threads: int) -> None:
    """Train a pipeline for one epoch on its sample.

    Raises:
        WorkError: The training failed.
    """
    say(f"{run.name}: training")
    command = [sys.executable, "-m", f"pipelines.{pipeline}", "train", "--output", str(run)]
    command += ["--data", "sample", "--epochs", "1", "--threads", str(threads), *arguments]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise WorkError(f"the training of {run.name} failed: {done.stderr.strip()}")


def measure(run: Path, signature: str, kind: str, words: str, options: Any) -> list[list[float]]:
    """Return the seconds of an answer, and the peak memory in MB, for each length of a text.

    Memory counts from that of an answer to a short text, with the model loaded. A length that took
    too long or failed, and those after it, are missing.
    """
    say(f"{run.name}: {signature}, {kind}")
    command = [sys.executable, "-m", "benchmarks.robustness.long_texts"]
    command += ["--lengths", *map(str, options.lengths)]
    command += ["--child", str(run), signature, kind, words]
    threads = str(options.threads)
    environment = os.environ | {
        "TF_NUM_INTRAOP_THREADS": threads,
        "TF_NUM_INTEROP_THREADS": threads,
        "TF_CPP_MIN_LOG_LEVEL": "3",
    }
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=LIMIT_SECONDS, env=environment
        )
        output, error = done.stdout, done.stderr if done.returncode else ""
    except subprocess.TimeoutExpired as late:
        output, error = (late.stdout or b"").decode(), f"no answer within {LIMIT_SECONDS} s"
    if error:
        say(error.strip().splitlines()[-1])
    return [json.loads(line) for line in output.splitlines()]


def text_of(kind: str, words: str, length: int) -> str:
    """Return a text of a number of characters.

    Args:
        kind: ``sentences`` of 5 to 25 words, ``words`` without a full stop, or one ``letter``.
        words: The words, with spaces between them.
        length: The number of characters.
    """
    if kind == "letter":
        return "a" * length

    def pieces() -> Iterator[str]:
        rng, known = random.Random(0), words.split()
        size = 0
        while size < length:
            sentence = " ".join(rng.choices(known, k=rng.randint(5, 25)))
            piece = sentence + (". " if kind == "sentences" else " ")
            size += len(piece)
            yield piece

    return "".join(pieces())[:length]


def _answer(run: Path, signature: str, kind: str, words: str, lengths: Sequence[int]) -> None:
    """Print the seconds, the memory in MB and whether the text was cut, for each length."""
    import tensorflow as tf

    model = tf.saved_model.load(str(run / "1"))
    function = model.signatures[signature]
    specs = {spec.name: spec for spec in tf.nest.flatten(function.structured_input_signature)}

    def ask(text: str) -> Any:
        inputs: dict[str, Any] = {
            name: tf.zeros([1, *spec.shape[1:]], spec.dtype)  # states and the token before
            for name, spec in specs.items()
            if spec.dtype != tf.string and spec.shape.rank
        }
        inputs |= {name: tf.constant([text]) for name in ("text", "prompt") if name in specs}
        inputs |= {"translation": tf.constant([text[:SHORT]])} if "translation" in specs else {}
        inputs |= {"tokens": tf.constant([text.split()])} if "tokens" in specs else {}
        for name, value in FURTHER.get(signature, {}).items():
            inputs[name] = tf.constant(value, specs[name].dtype)
        return {name: output.numpy() for name, output in function(**inputs).items()}

    ask(text_of(kind, words, SHORT))
    before = _peak()
    for length in lengths:
        text = text_of(kind, words, length)
        start = time.perf_counter()
        outputs = ask(text)
        seconds = time.perf_counter() - start
        cut = bool(outputs["truncated"][0]) if "truncated" in outputs else False
        print(json.dumps([seconds, _peak() - before, cut]), flush=True)


def _peak() -> float:
    """Return the peak resident memory of the process in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6


def _heading(lengths: Sequence[int]) -> list[str]:
    columns = [f"{length:,}" for length in lengths]
    return [
        f"| model | signature | text | {' | '.join(columns)} |",
        f"|---|---|---|{'---:|' * len(lengths)}",
    ]


def _row(name: str, signature: str, kind: str, answers: Sequence[Sequence[float]]) -> str:
    cells = [
        f"{float(f'{seconds:.2g}'):g} s, {memory:,.0f} MB{', cut' if cut else ''}"
        for seconds, memory, cut in answers
    ]
    return f"| {name} | `{signature}` | {kind} | {' | '.join(cells)} |"


if __name__ == "__main__":
    main()
