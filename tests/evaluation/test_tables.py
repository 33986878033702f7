"""Reports as text tables for a terminal."""

from toolkit.evaluation import report_table


def test_sections_rows_and_warnings() -> None:
    report = {
        "lengths": {
            "training": {"texts": 12_000, "cut_share": 0.125},
            "held_out": {"texts": 3, "mean": 2.5},
        },
        "training": {
            "memory_bytes": 1_234_000_000,
            "from": "3 steps",
            "common": ["a", "b"],
            "rate": 12345.6,
        },
        "columns": [],
        "warnings": [{"kind": "near_empty", "message": "2 texts (rows 3, 7)", "rows": [3, 7]}],
    }
    assert report_table(report) == (
        "lengths\n"
        "             texts  cut share  mean\n"
        "  training  12,000      12.5%     –\n"
        "  held out       3          –   2.5\n"
        "\n"
        "training\n"
        "  memory  1,234 MB\n"
        "  from    3 steps\n"
        "  common  a, b\n"
        "  rate    12,346\n"
        "\n"
        "warnings\n"
        "  near empty: 2 texts (rows 3, 7)"
    )


def test_nothing_to_warn_of_is_said() -> None:
    assert report_table({"labels": [{"label": "a\nb", "flagged": True}], "warnings": []}) == (
        "labels\n  label  flagged\n  a b        yes\n\nno warnings"
    )


def test_wide_characters_take_two_columns() -> None:
    table = report_table({"labels": [{"label": "好", "n": 1}, {"label": "ab", "n": 2}]})
    assert table.split("\n")[2:4] == ["  好     1", "  ab     2"]


def test_of_many_rows_the_number_of_the_others_is_shown() -> None:
    rows = [{"label": f"c{number}", "texts": 1} for number in range(1_200)]
    lines = report_table({"labels": rows}).split("\n")
    assert lines[2] == "  c0         1"
    assert lines[101:103] == ["  c99        1", "  ... and 1,100 more, which JSON has"]
    assert "more" not in report_table({"labels": rows[:100]})
