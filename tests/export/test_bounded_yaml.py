"""YAML that is too deep, too large or repeats itself is refused at once, and says where."""

import datetime
from pathlib import Path

import pytest
import yaml

from toolkit.export import bounded_yaml, read_yaml


@pytest.fixture(params=["C", "Python"])
def read(request, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Reads text, with the loader in C and with that in Python alone."""
    if request.param == "Python":
        loader = type("_Loader", (yaml.SafeLoader,), {})
        for kind in ("int", "float"):
            loader.add_constructor(f"tag:yaml.org,2002:{kind}", bounded_yaml._number)
        monkeypatch.setattr(bounded_yaml, "_Loader", loader)

    def read(text: str | bytes):
        path = tmp_path / "a.yaml"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return read_yaml(path)

    return read


def bomb(levels: int, width: int = 9) -> str:
    """A list of lists of ..., each of which repeats the one before."""
    lines = [f"a0: &a0 [{','.join('1' * width)}]"]
    lines += [f"a{n}: &a{n} [{','.join([f'*a{n - 1}'] * width)}]" for n in range(1, levels)]
    return "\n".join(lines)


def test_what_it_reads_is_what_the_safe_loader_reads(read):
    text = (
        "a: &x [1, -2.5, 1_000, 0x1f, 1:30, true, null, ~, text, '007']\n"
        "b: {c: *x, d: [*x, *x], 2: 2020-01-01}\n<<: {e: é}\n"
    )
    assert read(text) == yaml.safe_load(text)
    assert read(text)["b"][2] == datetime.date(2020, 1, 1)
    assert read("") is None


def test_a_bomb_of_aliases(read):
    assert read(bomb(4))["a3"] == [read(bomb(3))["a2"]] * 9
    for text in (bomb(10), bomb(80), bomb(3, 300)):
        with pytest.raises(ValueError, match=r"a.yaml, line \d+, .*: the file has more than 300,0"):
            read(text)


@pytest.mark.parametrize("text", ["a: &a [*a]", "&a {b: {c: *a}}", "- &x\n  y: [1, *x]"])
def test_what_contains_itself(read, text):
    with pytest.raises(
        ValueError, match=r"a.yaml, line \d, column \d+: the file has a part that contains itself"
    ):
        read(text)


@pytest.mark.parametrize(
    "text",
    [
        "[" * 60,
        "[" * 2000,
        "{a: " * 999,
        "- " * 5000,
        "".join(" " * n + "a:\n" for n in range(99)),
    ],
    ids=["60 lists", "2000 lists", "mappings", "dashes", "indentation"],
)
def test_depth(read, text):
    with pytest.raises(ValueError, match=r"a.yaml, line \d+, column \d+: "):
        read(text)
    assert read("[" * 50 + "]" * 50) is not None


@pytest.mark.parametrize(
    "digits",
    ["1" * 101, "1:" * 9999 + "1", "1:" * 9999 + "1.5", "0x" + "f" * 400],
    ids=["decimal", "base 60", "base 60 with a part", "base 16"],
)
def test_long_numbers(read, digits):
    with pytest.raises(ValueError, match=r"line 1, column 4: a number has [\d,]+ characters"):
        read(f"a: {digits}")
    assert read(f"a: '{digits}'") == {"a": digits}


@pytest.mark.parametrize(
    "text",
    [
        "!!timestamp x",
        "!!bool x",
        "!!int ''",
        "!!float ''",
        "!!int x",
        "2020-02-31",
        "[",
        "\0",
        b"\xff",
        "!!python/object/apply:os.mkdir [evil]",
        "*a",
        "!!binary x",
        "{[a]: b}",
        "a: b: c",
    ],
)
def test_values_that_are_none(read, text):
    with pytest.raises(ValueError):  # noqa: PT011 (each has its own message)
        read(text)


def test_a_large_file(tmp_path: Path):
    path = tmp_path / "a.yaml"
    path.write_bytes(b"a" * (bounded_yaml.MOST_BYTES + 1))
    with pytest.raises(ValueError, match=r"a.yaml is larger than 4 MB$"):
        read_yaml(path)
    with pytest.raises(ValueError, match="is larger than 4 MB"):
        read_yaml("/dev/zero")
