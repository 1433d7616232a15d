"""Where the files beside the code are: in a checkout at its top, in an installed package under `shipped`."""

from pathlib import Path
from typing import Final

_PACKAGE: Final = Path(__file__).parent
_SHIPPED: Final = _PACKAGE / "shipped"


def templates() -> Path:
    """The folder of `web/` (screens) and `email/` (mails)."""
    return _SHIPPED / "templates" if _SHIPPED.is_dir() else _PACKAGE.parent / "templates"


def workspace() -> Path:
    """The folder of the example workspace."""
    return _SHIPPED / "workspace" if _SHIPPED.is_dir() else _PACKAGE.parent / "config" / "workspace"
