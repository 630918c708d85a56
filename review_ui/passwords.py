"""Moved: `store.passwords`."""

from store.passwords import check_password, decoy_hash, hash_password, verify_password

__all__ = ["check_password", "decoy_hash", "hash_password", "verify_password"]
