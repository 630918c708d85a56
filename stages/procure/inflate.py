"""A response body within its cap: decoded piece by piece, never all of a bomb at once."""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import AsyncIterable

from stages.errors import PermanentError, TransientError

# What we can inflate within a cap, so all we ask for.
ACCEPT_ENCODING = "gzip, deflate"
_GZIP_MAGIC = b"\x1f\x8b"
_GZIP_OR_ZLIB_WINDOW = 32 + zlib.MAX_WBITS
_RAW_WINDOW = -zlib.MAX_WBITS


async def read_capped(
    pieces: AsyncIterable[bytes], encoding: str, max_bytes: int, url: str, *, is_cut: bool = False
) -> bytes:
    """The decoded body. encoding: the Content-Encoding header. is_cut: the first max_bytes of a
    longer body will do.

    Raises PermanentError when the body passes max_bytes, as sent or decoded, or the encoding is
    one we did not ask for; TransientError when the compressed data is broken or cut off.
    """
    inflater = _inflater_for(encoding, max_bytes, url)
    body = bytearray()
    received = 0
    async for piece in pieces:
        received += len(piece)
        body += piece if inflater is None else inflater.feed(piece, max_bytes + 1 - len(body))
        if len(body) > max_bytes or received > max_bytes:
            if is_cut:
                return bytes(body[:max_bytes])
            raise too_large(url, max_bytes)
    if inflater is not None and received and not inflater.is_whole:
        raise TransientError(f"{url} was cut off before its end")
    return bytes(body)


def inflate_file(data: bytes, max_bytes: int, url: str) -> bytes:
    """A gzip file (a sitemap sent as .gz), within the same cap.

    Raises PermanentError when it is larger, or no valid gzip file.
    """
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(data)) as file:
            body = file.read(max_bytes + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise PermanentError(f"{url} is no valid gzip file ({error})") from error
    if len(body) > max_bytes:
        raise too_large(url, max_bytes)
    return body


def too_large(url: str, max_bytes: int) -> PermanentError:
    return PermanentError(
        f"{url} is larger than {max_bytes:,} bytes; no guide is. Take the page off the source"
        " or raise the fetcher's max_bytes"
    )


def _inflater_for(encoding: str, max_bytes: int, url: str) -> _Inflater | None:
    """None for a body that is sent as it is."""
    names = [name.strip().lower() for name in encoding.split(",") if name.strip()]
    names = [name for name in names if name != "identity"]
    if not names:
        return None
    if len(names) > 1 or names[0] not in ("gzip", "x-gzip", "deflate"):
        raise PermanentError(
            f"{url} is sent as {encoding[:100]!r}, which was not asked for; the server must answer"
            f" with one of: {ACCEPT_ENCODING}, or uncompressed"
        )
    return _Inflater(names[0] == "deflate", url)


class _Inflater:
    """One stream of gzip or deflate data, with or without the header the standard asks for."""

    def __init__(self, is_deflate: bool, url: str) -> None:
        self._engine = zlib.decompressobj(_GZIP_OR_ZLIB_WINDOW)
        self._may_be_raw = is_deflate
        self._url = url

    @property
    def is_whole(self) -> bool:
        return self._engine.eof

    def feed(self, data: bytes, room: int) -> bytes:
        """At most room bytes, at least 1, of what data decodes to; the rest of data is dropped."""
        if self._may_be_raw and not _has_zlib_header(data):
            self._engine = zlib.decompressobj(_RAW_WINDOW)
        self._may_be_raw = False
        if self._engine.eof:
            return b""  # padding some servers send after the end
        try:
            body = self._engine.decompress(data, room)
        except zlib.error as error:
            raise TransientError(
                f"{self._url} was sent with broken compression ({error})"
            ) from error
        if self._engine.unused_data.startswith(_GZIP_MAGIC):
            raise PermanentError(
                f"{self._url} is sent as several gzip files in one; it is not read"
            )
        return body


def _has_zlib_header(data: bytes) -> bool:
    """Some servers send deflate without the zlib header the standard asks for."""
    return len(data) >= 2 and data[0] & 0x0F == 8 and (data[0] * 256 + data[1]) % 31 == 0
