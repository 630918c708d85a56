"""A response body within its cap: decoded piece by piece, never all of a bomb at once."""

from __future__ import annotations

import zlib
from collections.abc import AsyncIterator

from stages.errors import PermanentError, TransientError

# What we can inflate within a cap, so all we ask for.
ACCEPT_ENCODING = "gzip, deflate"
_GZIP_OR_ZLIB_WINDOW = 32 + zlib.MAX_WBITS
_RAW_WINDOW = -zlib.MAX_WBITS


async def read_capped(
    pieces: AsyncIterator[bytes], encoding: str, max_bytes: int, url: str
) -> bytes:
    """The decoded body. encoding: the Content-Encoding header.

    Raises PermanentError when the decoded body passes max_bytes or the encoding is one we did not
    ask for, TransientError when the compressed data is broken or cut off.
    """
    names = [name.strip().lower() for name in encoding.split(",") if name.strip()]
    names = [name for name in names if name != "identity"]
    if not names:
        return await _read_plain(pieces, max_bytes, url)
    if len(names) > 1 or names[0] not in ("gzip", "x-gzip", "deflate"):
        raise PermanentError(
            f"{url} is sent as {encoding!r}, which was not asked for; the server must answer"
            f" with one of: {ACCEPT_ENCODING}, or uncompressed"
        )
    return await _inflate(pieces, names[0], max_bytes, url)


def _too_large(url: str, max_bytes: int) -> PermanentError:
    return PermanentError(
        f"{url} is larger than {max_bytes:,} bytes; no guide is. Take the page off the source"
        " or raise the fetcher's max_bytes"
    )


async def _read_plain(pieces: AsyncIterator[bytes], max_bytes: int, url: str) -> bytes:
    body = bytearray()
    async for piece in pieces:
        body += piece
        if len(body) > max_bytes:
            raise _too_large(url, max_bytes)
    return bytes(body)


async def _inflate(pieces: AsyncIterator[bytes], encoding: str, max_bytes: int, url: str) -> bytes:
    body = bytearray()
    engine = zlib.decompressobj(_GZIP_OR_ZLIB_WINDOW)
    is_first = True
    try:
        async for piece in pieces:
            data = piece
            if is_first and encoding == "deflate" and not _has_zlib_header(data):
                engine = zlib.decompressobj(_RAW_WINDOW)
            is_first = False
            while data and not engine.eof:
                body += engine.decompress(data, max_bytes + 1 - len(body))
                if len(body) > max_bytes:
                    raise _too_large(url, max_bytes)
                data = engine.unconsumed_tail
    except zlib.error as error:
        raise TransientError(f"{url} was sent with broken compression ({error})") from error
    if not engine.eof and not is_first:
        raise TransientError(f"{url} was cut off before its end")
    return bytes(body)


def _has_zlib_header(data: bytes) -> bool:
    """Some servers send deflate without the zlib header the standard asks for."""
    return len(data) >= 2 and data[0] & 0x0F == 8 and (data[0] * 256 + data[1]) % 31 == 0


def inflate_whole(data: bytes, max_bytes: int, url: str) -> bytes:
    """A gzip file (a sitemap sent as .gz), within the same cap and with the same errors."""
    engine = zlib.decompressobj(_GZIP_OR_ZLIB_WINDOW)
    try:
        body = engine.decompress(data, max_bytes + 1)
    except zlib.error as error:
        raise PermanentError(f"{url} is no valid gzip file ({error})") from error
    if len(body) > max_bytes:
        raise _too_large(url, max_bytes)
    return body
