"""The one kind of error of this room."""


class EmbeddedError(RuntimeError):
    """A server cannot be run here; the message says what to change."""


class FolderInUse(EmbeddedError):
    """Another living process works on the same data folder."""


class PartFailed(EmbeddedError):
    """A part did not become ready."""
