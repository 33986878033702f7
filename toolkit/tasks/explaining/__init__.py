"""Signatures, plain answers and ``explain``, shared by the tasks that explain their answers."""

#: No task is exported from here.
EXPORTS: dict[str, str] = {}
