"""A run's description: older formats are upgraded, and newer ones are refused."""

import re
from pathlib import Path

import pytest
import yaml

from toolkit.errors import ModelError
from toolkit.export import description, read_description, upgrade_description

OLDEST = {
    "task": "EntityTagger",
    "options": {"cell": "gru", "units": "compounds", "layers": 1},
    "facts": {"units": "words", "command": "train --units compounds"},
    "metrics": {"units": 111_539},
}
UPGRADED = {
    "task": "EntityTagger",
    "options": {"cell": "gru", "token_level": "treebank_words", "layers": 1},
    "facts": {"token_level": "words", "command": "train --units compounds"},
    "metrics": {"units": 111_539},
    "format": 4,
}


def test_a_description_without_a_format_is_upgraded():
    before = yaml.safe_dump(OLDEST)
    assert upgrade_description(OLDEST) == UPGRADED
    assert list(upgrade_description(OLDEST)["options"]) == ["cell", "token_level", "layers"]
    assert yaml.safe_dump(OLDEST) == before


def test_the_current_format_is_left_as_it_is():
    assert upgrade_description(UPGRADED) == UPGRADED
    of_today = {**UPGRADED, "options": {"units": 5}}  # an old name may get a new meaning
    assert upgrade_description(of_today) == of_today


def test_each_format_is_upgraded_from_the_one_before(monkeypatch):
    monkeypatch.setattr(description, "FORMAT", 5)
    renamings = [
        description.Renaming("token_level", "level", {"words": "word"}),
        description.Renaming("layers", "depth", {}),
    ]
    monkeypatch.setitem(description.UPGRADES, 5, renamings)
    for config in (OLDEST, UPGRADED):
        upgraded = upgrade_description(config)
        assert upgraded["format"] == 5
        assert upgraded["options"] == {"cell": "gru", "level": "treebank_words", "depth": 1}
        assert upgraded["facts"] == {"level": "word", "command": "train --units compounds"}


def test_a_newer_format_is_refused():
    with pytest.raises(ModelError) as caught:
        upgrade_description({**UPGRADED, "format": 5}, "runs/a/config.yaml")
    assert str(caught.value) == (
        "runs/a/config.yaml has format 5, and this toolkit reads formats up to 4; "
        "use a newer version of the toolkit"
    )


def test_the_lstm_of_earlier_formats_was_that_of_keras():
    for written in (1, 2):
        config = {"options": {"cell": "lstm"}, "facts": {"cell": "lstm"}, "format": written}
        upgraded = upgrade_description(config)
        assert upgraded["options"] == upgraded["facts"] == {"cell": "keras_lstm"}
    assert upgrade_description({**config, "format": 3})["options"] == {"cell": "lstm"}


def test_the_beginning_of_comments_had_another_name():
    config = {"options": {"comment_prefix": "#"}, "facts": {"comment_prefix": "#"}, "format": 3}
    upgraded = upgrade_description(config)
    assert upgraded["options"] == upgraded["facts"] == {"comment": "#"}


@pytest.mark.parametrize("written", [0, "2", None, [2]])
def test_a_format_that_is_none(written):
    with pytest.raises(ValueError, match=re.escape(f"the format is {written!r}")):
        upgrade_description({**OLDEST, "format": written})


@pytest.mark.parametrize("config", [None, [], "text", {}, {"options": {}}, {"options": 1}])
def test_what_is_no_description(config):
    with pytest.raises((TypeError, KeyError)):
        upgrade_description(config)


def test_a_run_is_read_in_any_format_up_to_our_own(exported, tmp_path):
    run = tmp_path / "run"
    (run / "1" / "assets").mkdir(parents=True)
    (run / "1" / "saved_model.pb").touch()
    path = run / "1" / "assets" / "config.yaml"
    for config in (OLDEST, UPGRADED):
        path.write_text(yaml.safe_dump(config))
        assert read_description(run, "EntityTagger") == {
            name: UPGRADED[name] for name in ("options", "facts", "metrics")
        }
    path.write_text(yaml.safe_dump({**UPGRADED, "format": 5}))
    with pytest.raises(ModelError, match=rf"^{re.escape(str(path))} has format 5"):
        read_description(run, "EntityTagger")
    path.write_text(yaml.safe_dump({**UPGRADED, "format": "new"}))
    with pytest.raises(ModelError, match="cannot be used: it is none that this toolkit wrote"):
        read_description(run, "EntityTagger")


def test_the_kept_models_have_the_current_format():
    folder = Path(__file__).parents[2] / "saved_models"
    paths = [*folder.glob("*/config.yaml"), *folder.glob("*/1/assets/config.yaml")]
    assert len(paths) == 2 * len([*folder.glob("*/golden.jsonl")]) >= 14
    for path in paths:
        config = yaml.safe_load(path.read_text(encoding="utf-8"))
        assert upgrade_description(config) == config
        assert next(iter(config)) == "format"
        assert "units" not in {**config["options"], **config["facts"]}
