"""Log lines of a run: readable ones on a terminal, one JSON object a line where machines collect them."""

import sys
from typing import TextIO

import structlog
from structlog.typing import Processor


def set_up_logs(run_id: str, *, as_json: bool, stream: TextIO | None = None) -> None:
    """Logging for the rest of the process, the run id on every line.

    Args:
        run_id: of the run that is about to start; a second call replaces the first one's.
        as_json: one JSON object a line, as Glue wants it, instead of text for people.
        stream: where the lines go; by default standard error, so that standard output stays with results.
    """
    target = stream or sys.stderr
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            *(_for_machines() if as_json else _for_people(is_coloured=target.isatty())),
        ],
        logger_factory=structlog.PrintLoggerFactory(target),
        cache_logger_on_first_use=False,
    )
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(run_id=run_id)


def _for_machines() -> list[Processor]:
    return [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(sort_keys=True)]


def _for_people(*, is_coloured: bool) -> list[Processor]:
    # structlog's own choice of traceback shows local variables, a secret among them.
    plain = structlog.dev.plain_traceback
    return [structlog.dev.ConsoleRenderer(colors=is_coloured, pad_event_to=0, exception_formatter=plain)]
