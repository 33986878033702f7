"""Strands that remember the name of their record, and what to call them."""


class NamedStrand(str):
    """A strand with the name of its record.

    Attributes:
        name: The name.
    """

    name: str

    @classmethod
    def of(cls, strand: str, name: object) -> str:
        """Return a strand with its name, or the strand alone if it has none."""
        if not isinstance(name, str) or not name:
            return strand
        named = cls(strand)
        named.name = name
        return named


def called(place: int, strand: str) -> str:
    """Return what to call a strand: its place among others, and its name if it has one."""
    name = getattr(strand, "name", None)
    return f"{place}: {name}" if name else f"{place}"
