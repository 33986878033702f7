"""Text is a function of seed, prompt and number: alone, in any batch, streamed and exported."""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from pipelines.language_model import main
from toolkit.export import Servable
from toolkit.tasks import LanguageModel

SMALL: dict[str, Any] = {"embedding_size": 6, "hidden_size": 6, "window": 4, "epochs": 1, "ema": 0}
DRAWN = {"max_length": 12, "temperature": 1.5, "top_k": 0, "top_p": 1.0, "repetition_penalty": 1.0}
TEXTS = ["the owl flies", "a fox hides", "the hare runs", "an elk drinks"] * 4
PROMPTS = ["the ", "a ", "the ", "", "the ", "a "]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of characters that has learnt next to nothing."""
    folder = tmp_path_factory.mktemp("noise") / "run"
    model = LanguageModel(validation_split=0.0, storage="float32", **SMALL)
    model.fit([". ".join(TEXTS)])  # a single text, so that no end is learnt
    model.save(folder)
    model.export(folder)
    return folder


@pytest.fixture(scope="module")
def conditioned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("noise") / "conditioned"
    options = SMALL | {"condition_column": "label", "storage": "float32"}
    model = LanguageModel(validation_split=0.0, **options)
    model.fit((TEXTS, ["day", "night"] * 8)).export(folder)
    return folder


def texts_of(answers: list[dict[str, Any]]) -> list[str]:
    return [answer["text"] for answer in answers]


def exported(model: Servable, prompts: list[str], seed: list[int], **more: Any) -> list[str]:
    asked = {"prompt": prompts, "seed": seed, **more, **DRAWN}
    texts: list[str] = model(signature="generate", **asked)["text"].tolist()
    return texts


@pytest.mark.slow
def test_prompts_are_answered_alike_everywhere(run: Path) -> None:
    model, servable = LanguageModel.load(run), Servable.load(run)
    together = texts_of(model.predict(PROMPTS, seed=5, **DRAWN))
    assert len(set(together)) == len(PROMPTS)  # also those of equal prompts
    assert exported(servable, PROMPTS, [5, 0]) == together
    counts: Counter[Any] = Counter()
    for place, prompt in enumerate(PROMPTS):
        number = PROMPTS[:place].count(prompt)
        assert exported(servable, [prompt], [5, number]) == [together[place]]
        assert "".join(model.stream(prompt, counts, seed=5, **DRAWN)) == together[place]
        if number == 0:  # alone as among others
            assert model.generate(prompt, seed=5, **DRAWN) == together[place]
    assert (
        texts_of(model.predict(["the "], counts, seed=5, **DRAWN))
        == (texts_of(model.predict(["the "] * 4, seed=5, **DRAWN))[3:])
    )
    assert not set(together) & set(texts_of(model.predict(PROMPTS, seed=6, **DRAWN)))


@pytest.mark.slow
def test_the_condition_is_part_of_the_prompt(conditioned: Path) -> None:
    model, servable = LanguageModel.load(conditioned), Servable.load(conditioned)
    asked = [("the ", "day"), ("the ", "night"), ("the ", "day"), ("", "night")]
    together = texts_of(model.predict(asked, seed=2, **DRAWN))
    prompts, conditions = ([*side] for side in zip(*asked, strict=True))
    assert exported(servable, prompts, [2, 0], condition=conditions) == together
    for place in (0, 1, 3):
        assert texts_of(model.predict([asked[place]], seed=2, **DRAWN)) == [together[place]]
        assert "".join(model.stream(asked[place], seed=2, **DRAWN)) == together[place]
    assert together[0] != together[2]


@pytest.mark.slow
def test_samples_on_the_command_line(run: Path, tmp_path: Path, capsys: Any) -> None:
    model = LanguageModel.load(run)
    drawn = ["--max-length", "12", "--temperature", "1.5", "--seed", "7"]

    def ask(*words: Any) -> str:
        assert main(["predict", str(run), *map(str, words), *drawn]) == 0
        out: str = capsys.readouterr().out
        return out

    repeated = [prompt for prompt in ["the ", "a "] for _ in range(3)]
    wanted = texts_of(model.predict(repeated, seed=7, **DRAWN))
    rows = ask("the ", "a ", "--samples", 3, "--format", "csv")
    assert rows.splitlines()[0] == "text,prompt"
    (tmp_path / "prompts.txt").write_text("the \na \n" + "the \n" * 300)  # more than one batch
    lines = ask("--data", tmp_path / "prompts.txt", "--stream").splitlines()
    assert "".join(ask("the ", "a ", "--samples", 3, "--stream")) == "\n".join([*wanted, ""])
    assert lines[:3] == [wanted[0], wanted[3], wanted[1]]
    assert len(set(lines)) == 302
    assert main(["predict", str(run), "x", "--samples", "0"]) == 2
    assert capsys.readouterr().err == "error: --samples is 0; it must be at least 1\n"
