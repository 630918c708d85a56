"""Passwords: the rules for new ones, and argon2 for keeping and checking them."""

from __future__ import annotations

from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from stages.errors import ConfigError

MIN_CHARS = 12
MAX_BYTES = 1024
"""Longer input is refused unread: hashing it would only cost us time."""

_HASHER = PasswordHasher()  # the library's defaults: RFC 9106's low-memory choice, argon2id


class WeakPasswordError(ConfigError):
    """why: `short`, `long`, `same` or `name`, for whoever says it in other words."""

    def __init__(self, why: str, words: str) -> None:
        super().__init__(words)
        self.why = why


def check_password(password: str, name: str = "") -> None:
    """See that a new password may be used for the user called name.

    Length and variety only: rules about digits and capitals make passwords worse, not better.
    Raises WeakPasswordError saying what is wrong.
    """
    if len(password) < MIN_CHARS:
        raise WeakPasswordError(
            "short",
            f"The password has {len(password)} characters; at least {MIN_CHARS} are needed. "
            "A few unrelated words make a good one.",
        )
    if len(password.encode(errors="replace")) > MAX_BYTES:
        raise WeakPasswordError("long", f"The password is longer than {MAX_BYTES} bytes.")
    if len(set(password)) < 5:
        raise WeakPasswordError("same", "The password repeats the same few characters.")
    if name and password.casefold().replace(name.casefold(), "") == "":
        raise WeakPasswordError("name", "The password is the name of the user.")


def hash_password(password: str) -> str:
    """The argon2id hash to store, salt and parameters included."""
    return _HASHER.hash(password)


def verify_password(password_hash: str, password: str) -> bool:
    """Whether password is the one that was hashed; False for a hash that cannot be read."""
    if len(password.encode(errors="replace")) > MAX_BYTES:
        return False
    try:
        return _HASHER.verify(password_hash, password)
    except (VerificationError, InvalidHashError):
        return False


@cache
def decoy_hash() -> str:
    """A hash nobody knows the password of, so that an unknown name takes as long as a known one."""
    return _HASHER.hash("nobody signs in with this")
