"""Static files: an explicit map, read once, served under a path that names their content."""

from __future__ import annotations

import gzip
import hashlib
import logging
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
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

# Files that name others of ours: packed into one each, as every file costs a page milliseconds.
ENTRIES = ("main.js", "site.css", "more.css")
PACK = ("--bundle", "--minify", "--format=esm", "--external:*.woff2", "--external:*.svg")

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


@cache
def load_assets() -> Assets:
    """Read our own files and those of VENDOR, once for the whole process; a vendor file that is
    missing is left out.
    """
    files = {
        path.relative_to(STATIC).as_posix(): _asset(path)
        for path in sorted(STATIC.rglob("*"))
        if path.suffix in TYPES
    }
    files.update(_pack_entries())
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


def _pack_entries() -> dict[str, Asset]:
    """What takes the place of ENTRIES; nothing where esbuild does not run, and the files then name
    each other in the browser.
    """
    program = next(NODE_MODULES.glob("@esbuild/*/bin/esbuild"), None)
    packed = {}
    try:
        for name in ENTRIES if program else ():
            command = (str(program), *PACK, name)
            body = subprocess.run(  # noqa: S603  # our own files, by the program set-up put there
                command, cwd=STATIC, capture_output=True, check=True
            ).stdout
            packed[name] = _make(body, Path(name).suffix)
    except (OSError, subprocess.CalledProcessError) as error:
        log.warning("Pages load more slowly, as esbuild failed: %s", error)
        return {}
    return packed


def _asset(path: Path) -> Asset:
    return _make(path.read_bytes(), path.suffix)


def _make(body: bytes, suffix: str) -> Asset:
    is_text = suffix != ".woff2"
    return Asset(body, gzip.compress(body, mtime=0) if is_text else b"", TYPES[suffix])
