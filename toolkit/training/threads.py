"""The number of CPU threads of TensorFlow."""

from toolkit.errors import OptionError


def set_threads(threads: int) -> None:
    """Limit the number of TensorFlow's threads; 0 means all.

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
        raise OptionError(
            "threads can only be set before TensorFlow starts to run in this process"
        ) from None
