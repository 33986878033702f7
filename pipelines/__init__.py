"""A script a task; the verbs that all share are in ``pipelines.command``."""
