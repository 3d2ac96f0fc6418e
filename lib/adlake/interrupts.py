"""Ctrl-C while Spark works: the run ends at once, with one exception, and leaves nothing running.

pyspark answers an interrupt with a call to Java from inside whatever call to Java is going on, which breaks both. A
lake may be left at any moment, so here Java is told to end instead, and whatever fails for that reason is the
interrupt.
"""

import logging
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType, SimpleNamespace

import psutil
from pyspark.core import context


@contextmanager
def interruptible() -> Iterator[None]:
    """Nothing; an interrupt inside the block ends Java and comes out of the block as KeyboardInterrupt.

    Only the main thread may use it. Processes that were started inside the block are ended, Java among them; those from
    before it go on.
    """
    was_interrupted = False
    from_before = set(psutil.Process().children(recursive=True))

    def end_all(_number: int, _frame: FrameType | None) -> None:
        nonlocal was_interrupted
        was_interrupted = True
        # what now fails says so at length
        logging.disable(logging.CRITICAL)
        for child in set(psutil.Process().children(recursive=True)) - from_before:
            with suppress(psutil.NoSuchProcess):
                child.terminate()
        raise KeyboardInterrupt

    before, of_pyspark = signal.signal(signal.SIGINT, end_all), context.signal  # type: ignore[attr-defined]
    context.signal = SimpleNamespace(SIGINT=signal.SIGINT, signal=lambda *_: None)  # type: ignore[attr-defined, assignment]
    try:
        yield
    finally:
        context.signal = of_pyspark  # type: ignore[attr-defined]
        signal.signal(signal.SIGINT, before)
        if was_interrupted:
            logging.disable(logging.NOTSET)
            raise KeyboardInterrupt
