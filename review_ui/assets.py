"""Static files: an explicit map, read once, served under a path that names their content."""

from __future__ import annotations

import gzip
import hashlib
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
STATIC = HERE / "static"
NODE_MODULES = HERE / "node_modules"

# Address -> file of a package that set-up installed.
VENDOR = {
    "vendor/htmx.js": "htmx.org/dist/htmx.min.js",
    "vendor/figtree.woff2": "@fontsource-variable/figtree/files/figtree-latin-wght-normal.woff2",
    "vendor/figtree-ext.woff2": (
        "@fontsource-variable/figtree/files/figtree-latin-ext-wght-normal.woff2"
    ),
    "vendor/literata.woff2": (
        "@fontsource-variable/literata/files/literata-latin-wght-normal.woff2"
    ),
    "vendor/literata-ext.woff2": (
        "@fontsource-variable/literata/files/literata-latin-ext-wght-normal.woff2"
    ),
}

TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
}

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Asset:
    body: bytes
    gzipped: bytes
    media_type: str


@dataclass(frozen=True, slots=True)
class Assets:
    """files: by address below `/static/{version}/`. version: hash over all of them, so that a
    browser may keep each file for ever and files may name each other by relative addresses.
    """

    files: Mapping[str, Asset]
    version: str

    def url(self, name: str) -> str:
        return f"/static/{self.version}/{name}"


def load_assets() -> Assets:
    """Read our own files and those of VENDOR; a vendor file that is missing is left out."""
    files = {
        path.relative_to(STATIC).as_posix(): _asset(path)
        for path in sorted(STATIC.rglob("*"))
        if path.suffix in TYPES
    }
    for address, name in VENDOR.items():
        path = NODE_MODULES / name
        if path.is_file():
            files[address] = _asset(path)
        else:
            log.warning("%s is missing: run `make setup`. The pages work without it.", path)
    digest = hashlib.sha256()
    for address in sorted(files):
        digest.update(address.encode() + b"\0" + files[address].body + b"\0")
    return Assets(files, digest.hexdigest()[:12])


def _asset(path: Path) -> Asset:
    body = path.read_bytes()
    is_text = path.suffix != ".woff2"
    return Asset(body, gzip.compress(body, mtime=0) if is_text else b"", TYPES[path.suffix])
