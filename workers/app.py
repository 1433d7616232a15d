"""This process's App, built from the environment at first use."""

import os
from functools import cache

from nurture.bootstrap import build_app
from nurture.ports import App
from nurture.settings import from_env


@cache
def app() -> App:
    """The one App of this process."""
    return build_app(from_env(os.environ))
