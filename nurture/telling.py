"""Structured logs: one JSON object a line on stderr, without addresses or secrets."""

import logging
import sys
import traceback
from types import TracebackType

import structlog


def set_up_logs(level: str) -> None:
    """Write structlog's events of at least `level` to stderr, as JSON with UTC times."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.dict_tracebacks,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level)),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )


def where_of(trace: TracebackType | None) -> list[str]:
    """The last frames of a trace as `file:line`: all of an error that may be logged, for its text may not."""
    return [f"{frame.filename}:{frame.lineno}" for frame in traceback.extract_tb(trace)][-6:]
