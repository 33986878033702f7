"""The console command: ``recurrent-toolkit PIPELINE VERB ...``.

It stands outside the packages ``toolkit`` and ``pipelines``, whose names are usual ones, so that it
can say when Python finds others in their place.
"""

import difflib
import importlib
import importlib.util
import sys
from collections.abc import Sequence
from pathlib import Path

#: What each package of the project contains.
CONTENTS = {"toolkit": "tasks", "pipelines": "verbs"}
#: The pipelines, with what their models answer.
PIPELINES = {
    "sentiment": "the class, labels or number of a text",
    "ner": "the named entities of a text",
    "translation": "the translation of a text",
    "language-model": "text that goes on, and the likelihood of texts",
    "activity": "the class of a series of vectors, a moving skeleton or a video",
    "dna": "the class of a strand, or its spans",
    "speech": "the text of a recording",
    "music": "music that goes on",
}
#: The pipeline of spans in strands, which ``dna --target spans`` runs as well.
SPANS = "dna-spans"
#: The verb that needs no pipeline.
SERVE = "serve"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command line and return the exit code.

    Args:
        arguments: The words after the program's name; those of the process when None.
    """
    if complaint := _other_package():
        sys.stderr.write(f"error: {complaint}\n")
        return 1
    from pipelines import COMMAND, console
    from pipelines.pipeline import Pipeline

    first, *rest = [*(sys.argv[1:] if arguments is None else arguments)] or [""]
    name = first.replace("_", "-")
    if name == SERVE:
        if arguments is None:
            sys.argv[1:] = rest
        served: int = importlib.import_module("pipelines.command").serve_main(
            None if arguments is None else rest
        )
        return served
    if name not in (*PIPELINES, SPANS):
        console.set_up(debug=False)
        return console.exit_code(lambda: _answer(first), debug=False)
    Pipeline.program = COMMAND
    module = importlib.import_module(f"pipelines.{name.replace('-', '_')}")
    if arguments is None:
        sys.argv[1:] = rest
    code: int = module.main(None if arguments is None else rest)
    return code


def _other_package() -> str | None:
    """Return a complaint if Python finds another package in the place of one of the project's."""
    for name, content in CONTENTS.items():
        spec = importlib.util.find_spec(name)
        if spec is None:
            return f"the package {name} is missing; install recurrent-toolkit again"
        place = Path(next(iter(spec.submodule_search_locations or [spec.origin or ""])))
        if not (place / content).is_dir():
            return (
                f"Python finds another package {name} than that of recurrent-toolkit, at {place}; "
                "uninstall or rename it, or use an environment of its own"
            )
    return None


def _answer(word: str) -> int:
    """Answer ``--help`` and ``--version``.

    Raises:
        OptionError: The word is something else.
    """
    from pipelines.pipeline import version
    from toolkit.errors import OptionError

    if word == "--version":
        sys.stdout.write(version())
    elif word in ("-h", "--help"):
        sys.stdout.write(_help())
    else:
        near = difflib.get_close_matches(word, [*PIPELINES, SERVE], n=1)
        fault = f"there is no pipeline {word}" if word else "a pipeline is missing"
        hint = f"; did you mean {near[0]}?" if near else ";"
        raise OptionError(f"{fault}{hint} it can be {', '.join(PIPELINES)} (or --help)")
    return 0


def _help() -> str:
    """Return the help text."""
    width = max(map(len, PIPELINES))
    lines = "\n".join(f"  {name:{width}}  {answer}" for name, answer in PIPELINES.items())
    return (
        "usage: recurrent-toolkit PIPELINE VERB [options]\n\n"
        f"Recurrent networks that train in minutes on a CPU. Each pipeline's models answer:\n\n"
        f"{lines}\n\n"
        "recurrent-toolkit PIPELINE --help lists the verbs, such as train and predict.\n"
        f"recurrent-toolkit {SERVE} RUN ... answers over HTTP for runs of any pipelines.\n"
    )
