"""Passwords: hashed with argon2, checked in the same time whether or not the person exists."""

import secrets

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from core.language import _

_hasher = PasswordHasher()
_NOBODYS_HASH = "$argon2id$v=19$m=65536,t=3,p=4$c29tZXNhbHRzb21lc2FsdA$3QVXkCN5rDfnvKBJRVNv8CTNuh8dKBHbrvIjTQ7mBSE"
MINIMUM = 8
ONE_TIME_HOURS = 24
_EASY = {"12345678", "123456789", "password", "11111111", "88888888", "66666666", "qwertyui", "00000000"}


def hash_password(password: str) -> str:
    """Return the argon2id hash of a password."""
    return _hasher.hash(password)


def verify(password_hash: str | None, password: str) -> bool:
    """Say whether the password fits; without a hash the same work is done, and the answer is no."""
    try:
        return _hasher.verify(password_hash or _NOBODYS_HASH, password) and password_hash is not None
    except (VerificationError, InvalidHashError):
        return False


def one_time_password() -> str:
    """Return a password an administrator can read out on the telephone: ten unmistakable characters."""
    alphabet = "abcdefghjkmnpqrstuvwxyz23456789"
    return "".join(secrets.choice(alphabet) for _position in range(10))


def weakness(password: str, username: str) -> str | None:
    """Return what is wrong with a new password, in the person's language, or None."""
    if len(password) < MINIMUM:
        return _("Use at least %(count)s characters.", count=MINIMUM)
    if password.lower() in _EASY or password.lower() == username.lower():
        return _("This password is too easy to guess.")
    return None
