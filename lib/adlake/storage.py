"""Files of the landing zone and of the lake, on a local disk or on S3, behind one small value.

Delta tables are read and written by Spark and delta-rs; everything that is a plain file (delivered files, the writer
lock, reports) goes through here, so that no path is ever local-only.
"""

import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import obstore
from obstore.exceptions import AlreadyExistsError, NotFoundError, PreconditionError
from obstore.store import LocalStore, S3Store

READ_AHEAD_BYTES = 4 * 1024 * 1024


class StaleTagError(Exception):
    """The object is there already, or is no longer the one that was read."""


@dataclass(frozen=True)
class Entry:
    """One file: path relative to its root, size, last change (UTC) and the store's version tag."""

    path: str
    size_bytes: int
    modified_at: datetime
    tag: str


@dataclass(frozen=True)
class S3Options:
    """Where S3 is, when it is not the default endpoint and region."""

    endpoint_url: str | None = None
    region: str | None = None

    def delta_rs(self) -> dict[str, str]:
        """Options in the words of delta-rs."""
        options = {}
        if self.endpoint_url:
            options["AWS_ENDPOINT_URL"] = self.endpoint_url
            options["AWS_ALLOW_HTTP"] = str(self.endpoint_url.startswith("http://")).lower()
            options["AWS_VIRTUAL_HOSTED_STYLE_REQUEST"] = "false"
        if self.region:
            options["AWS_REGION"] = self.region
        return options


@dataclass(frozen=True)
class Storage:
    """A folder that holds files: a local directory or a prefix of an S3 bucket."""

    root: str
    options: S3Options = S3Options()
    _store: Any = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_store", _open_store(self.root, self.options))

    @property
    def is_local(self) -> bool:
        """Whether the root is a local directory."""
        return not self.root.startswith("s3://")

    def uri(self, path: str = "") -> str:
        """The address under which delta-rs finds the path."""
        return "/".join(part for part in (self.root.rstrip("/"), path) if part)

    def spark_uri(self, path: str = "") -> str:
        """The address under which Spark finds the path, written as Hadoop writes it: `file:/…` or `s3a://…`."""
        uri = self.uri(path)
        return f"file:{uri}" if self.is_local else uri.replace("s3://", "s3a://", 1)

    def entries(self, prefix: str = "") -> Iterator[Entry]:
        """Every file below the prefix, in no promised order; nothing when there is no such prefix."""
        for page in obstore.list(self._store, prefix=prefix or None):
            for meta in page:
                yield _entry(meta)

    def entry(self, path: str) -> Entry | None:
        """The file at the path, or None."""
        try:
            return _entry(obstore.head(self._store, path))
        except (NotFoundError, FileNotFoundError):
            return None

    def open(self, path: str) -> io.BufferedIOBase:
        """The file as a stream of bytes, read ahead in pieces.

        Raises:
            FileNotFoundError: there is none.
        """
        try:
            return self._reader(path)
        except NotFoundError as error:
            raise FileNotFoundError(path) from error

    def _reader(self, path: str) -> io.BufferedIOBase:
        return obstore.open_reader(self._store, path, buffer_size=READ_AHEAD_BYTES)  # type: ignore[return-value]

    def read(self, path: str) -> tuple[bytes, str] | None:
        """Content and version tag of a small file, or None when it is not there."""
        try:
            result = obstore.get(self._store, path)
        except (NotFoundError, FileNotFoundError):
            return None
        return bytes(result.bytes()), result.meta["e_tag"] or ""

    def write(self, path: str, content: bytes) -> str:
        """Write a small file whole (readers see the old or the new one) and return its version tag."""
        return obstore.put(self._store, path, content)["e_tag"] or ""

    def create(self, path: str, content: bytes) -> str:
        """Write a file that must not be there yet and return its version tag.

        Raises:
            StaleTagError: somebody else created it first.
        """
        try:
            return obstore.put(self._store, path, content, mode="create")["e_tag"] or ""
        except AlreadyExistsError as error:
            raise StaleTagError(path) from error

    def swap(self, path: str, content: bytes, tag: str) -> str:
        """Replace the file only if it still carries the tag (S3 `If-Match`) and return the new tag.

        Raises:
            StaleTagError: the file changed since the tag was read.
        """
        try:
            return obstore.put(self._store, path, content, mode={"e_tag": tag})["e_tag"] or ""
        except PreconditionError as error:
            raise StaleTagError(path) from error

    def delete(self, path: str) -> None:
        """Remove the file; nothing happens when it is not there."""
        try:
            obstore.delete(self._store, path)
        except (NotFoundError, FileNotFoundError):
            return


def _open_store(root: str, options: S3Options) -> LocalStore | S3Store:
    if not root.startswith("s3://"):
        return LocalStore(root, mkdir=True)
    settings: dict[str, Any] = {}
    if options.region:
        settings["region"] = options.region
    if options.endpoint_url:
        settings["endpoint"] = options.endpoint_url
        settings["virtual_hosted_style_request"] = False
        settings["client_options"] = {"allow_http": options.endpoint_url.startswith("http://")}
    return S3Store.from_url(root, **settings)


def _entry(meta: Mapping[str, Any]) -> Entry:
    return Entry(meta["path"], meta["size"], meta["last_modified"], meta["e_tag"] or "")
