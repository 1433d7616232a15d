"""Reads a form into a checked value, or says next to each field what to change."""

import re
from collections.abc import Mapping
from typing import Annotated, TypeVar

from flask import request
from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


class Form(BaseModel):
    """A form. Fields it does not name are ignored, whatever their value (X12)."""

    model_config = ConfigDict(extra="ignore", frozen=True)


FormType = TypeVar("FormType", bound=Form)


def _clean(text: object) -> object:
    """Text as PostgreSQL and a mail can hold it: no controls but line breaks and tabs."""
    if not isinstance(text, str):
        return text
    return _CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n")).strip()


def _clean_line(text: object) -> object:
    text = _clean(text)
    return " ".join(text.split()) if isinstance(text, str) else text


Text = Annotated[str, BeforeValidator(_clean)]
Line = Annotated[str, BeforeValidator(_clean_line)]


def read_form(form: type[FormType], says: Mapping[str, str]) -> tuple[FormType | None, dict[str, str]]:
    """The posted form, and {} ; or None, and for each field at fault what `says` about it."""
    try:
        return form.model_validate(request.form.to_dict()), {}
    except ValidationError as error:
        names = [str(fault["loc"][0]) if fault["loc"] else "" for fault in error.errors()]
        return None, {name: says.get(name, "Please check this.") for name in names}
