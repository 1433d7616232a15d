"""What a worker does for whoever can write to Redis: what `nurture.wakeups` asks, and no more."""

from typing import Any, Final

from rq.job import Job

from nurture.jobs import QUEUE_OF

_CALLS: Final = frozenset(f"workers.jobs.{name}" for name in QUEUE_OF)
# Each names something that RQ would call, fetch or do again around the job.
_EXTRAS: Final = frozenset(
    {
        b"success_callback_name",
        b"failure_callback_name",
        b"stopped_callback_name",
        b"webhooks",
        b"dependency_id",
        b"dependency_ids",
        b"retries_left",
        b"repeats_left",
    }
)


class ForeignJob(Exception):
    """The job is not one of ours; nothing of it was executed."""


class OwnJob(Job):
    """A job that runs only as one of our functions on ids, and brings nothing along that RQ would act on."""

    _has_extras = False

    def restore(self, raw_data: Any) -> Any:
        """Take over what Redis holds, without callbacks, webhooks, retries and the like."""
        self._has_extras = not _EXTRAS.isdisjoint(key for key, value in raw_data.items() if value)
        super().restore({key: value for key, value in raw_data.items() if key not in _EXTRAS})

    def perform(self) -> Any:
        """Run the function; raises ForeignJob for any other than ours, or arguments that are no ids."""
        if self._has_extras or not self._is_call_of_ours():
            raise ForeignJob
        return super().perform()

    def _is_call_of_ours(self) -> bool:
        return (
            self.func_name in _CALLS
            and self.instance is None
            and self.kwargs == {}
            and isinstance(self.args, list)
            and all(type(argument) is int for argument in self.args)
        )
