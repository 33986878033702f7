"""The number of CPU threads of TensorFlow."""

import logging

from toolkit.errors import OptionError

logger = logging.getLogger("toolkit")


def set_threads(threads: int, required: bool = True) -> None:
    """Limit the number of TensorFlow's threads; 0 means all.

    Args:
        threads: The number.
        required: Whether it is an error, and not only logged, if TensorFlow already runs with
            another number.

    Raises:
        OptionError: The number is negative, or TensorFlow already runs with another number.
    """
    import tensorflow as tf

    if threads < 0:
        raise OptionError(f"threads is {threads}; it must be at least 0, and 0 means all")
    if threads in (0, tf.config.threading.get_intra_op_parallelism_threads()):
        return
    try:
        tf.config.threading.set_intra_op_parallelism_threads(threads)
        tf.config.threading.set_inter_op_parallelism_threads(threads)
    except RuntimeError:
        if required:
            raise OptionError(
                "threads can only be set before TensorFlow starts to run in this process"
            ) from None
        logger.warning(
            "the task was trained with %d threads, but TensorFlow already runs with another number "
            "in this process, which stays; the last bits of the weights may differ",
            threads,
        )
