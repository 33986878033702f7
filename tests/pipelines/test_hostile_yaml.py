"""Deep and repetitive YAML, as `--config` and as the description of a run, is one line."""

import pytest

DEEP = "options: " + "[" * 2000
BOMB = "\n".join(
    ["a0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1]"]
    + [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12)]
)
WIDE = "hidden_size: &a [" + "1," * 9999 + "]\nlowercase: *a\n"
FILES = pytest.mark.parametrize("text", [DEEP, BOMB, WIDE], ids=["deep", "bomb", "wide"])


@FILES
def test_a_configuration(call, data, tmp_path, text):
    path = tmp_path / "hostile.yaml"
    path.write_text(text)
    code, output, error = call(
        "train", "--data", data, "--config", path, "--output", tmp_path / "r"
    )
    assert (code, output) == (2, "")
    assert error.startswith("error: --")
    assert error.count("\n") == 1
    assert len(error) < 300
    assert not (tmp_path / "r").exists()


@FILES
def test_the_description_of_a_run(call, data, model, text):
    (model / "1" / "assets" / "config.yaml").write_text(text)
    (model / "config.yaml").write_text(text)
    for verb in (
        ["predict", model, "a"],
        ["evaluate", model, "--data", data],
        ["export", model],
        ["train", "--data", data, "--output", model],
    ):
        code, output, error = call(*verb)
        assert (code, output) == (2, "")
        assert error.startswith("error: ")
        assert error.count("\n") == 1
