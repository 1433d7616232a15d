"""Refusals of the API, each saying what to change."""

from collections.abc import Mapping, Sequence

from pydantic import ValidationError
from werkzeug.exceptions import BadRequest, HTTPException, UnprocessableEntity


class Faulty(UnprocessableEntity):
    """Well-formed JSON that is not what the API takes; `errors` has `field` and `detail` of each fault."""

    def __init__(self, errors: Sequence[Mapping[str, str]]) -> None:
        super().__init__("Correct the fields named in `errors` and send it again.")
        self.errors = list(errors)


def refusal(error: ValidationError) -> HTTPException:
    """The refusal for what pydantic found. The values are left out: they are the sender's own."""
    faults = error.errors(include_url=False, include_input=False, include_context=False)
    if any(fault["type"] == "json_invalid" for fault in faults):
        return BadRequest("The body is not valid JSON in UTF-8.")
    return Faulty([{"field": ".".join(map(str, fault["loc"])), "detail": fault["msg"]} for fault in faults])
