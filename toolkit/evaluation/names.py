"""Class names as tables and pictures can show them."""


def one_line(name: str, longest: int) -> str:
    """Returns a name without line breaks and control characters, shortened where it must be."""
    line = "".join(c if c.isprintable() else " " for c in name)
    return line if len(line) <= longest else line[: longest - 1] + "…"
