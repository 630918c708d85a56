"""The two kinds of error a stage raises, and the ones with a name of their own.

Flows retry a `TransientError` and nothing else; a `PermanentError` ends the work on that
guide or card and is listed in the run's summary.
"""


class StageError(Exception):
    """Base of every error a stage raises on purpose; its text is shown to ops."""


class TransientError(StageError):
    """May go away by itself: a time-out, a 5xx, a rate limit.

    retry_after_s: seconds the other side asked us to wait, None when it did not say.
    """

    def __init__(self, message: str, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class InFlightError(TransientError):
    """Another live process is paying for the same model call; its answer will be ours, too."""


class RateLimitedError(TransientError):
    """The other side asks us to slow down; the work itself is fine."""


class ModelPausedError(TransientError):
    """A model is not asked for now: it asked for a longer pause than we wait, or it is down."""


class OutcomeUnknownError(TransientError):
    """The request went out and no answer came back that can be read: it may have been charged."""


class PermanentError(StageError):
    """Will fail again until a person changes something."""


class RefusedError(PermanentError):
    """We must not make this request: robots, scope, or an address we do not connect to."""


class ModelRefusedError(PermanentError):
    """A model does not serve us at all: key, credit or name. Every card would meet the same."""


class RequestRefusedError(PermanentError):
    """A model serves us but not this request: too long for it, or against its policy."""


class ConfigError(StageError):
    """A file or setting people wrote is wrong; the message names file, line, key and the fix."""


class BudgetError(StageError):
    """The next model call could exceed the budget of the run or the day."""
