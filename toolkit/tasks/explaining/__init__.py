"""What the tasks that explain their answers share: signatures, plain answers, and ``explain``."""
