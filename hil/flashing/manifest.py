"""The firmware manifest: which images make up a firmware, where they are, and what they must be.

::

    version = 1

    [firmware]
    name = "AT 0.23.0.0 (SDK 1.0.1)"
    at_version = "0.23.0.0"                 # the four below: what AT+GMR answers (section 3)
    at_build = "Apr 24 2015 21:11:01"
    sdk_version = "1.0.1"
    compile_time = "Apr 24 2015 21:19:31"
    flash_map = "512+512"

    [[image]]
    role = "boot"                           # boot, user1, user2, blank, init_data
    path = "boot.bin"                       # relative to this file
    sha256 = "..."
    size_bytes = 2960                       # may be left out
    offset = "boot"                         # a rule or a number; left out: the role's rule

The manifest is strict: what is not listed above is an error. `at_version` and its companions may
be left out where nobody knows them; they read as ``unknown``.
"""

from __future__ import annotations

import difflib
import hashlib
import json
import os
import re
import tomllib
from dataclasses import dataclass, field, replace
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING

from hil.errors import ManifestError
from hil.units import format_offset

from .image import FlashMap, Role

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

MANIFEST_NAME = "firmware.toml"
MANIFEST_VERSION = 1
UNKNOWN = "unknown"
_WRONG_FILE = (
    "The file is not the one that the manifest was written for: put the right one back, "
    "or write the manifest again"
)


class OffsetRule(Enum):
    """Where an image belongs, as the document puts it; `layout` knows the addresses."""

    BOOT = "boot"
    USER1 = "user1"
    USER2 = "user2"
    BOTH_BLANKS = "both-blanks"
    FIRST_BLANK = "first-blank"
    SECOND_BLANK = "second-blank"
    INIT_DATA = "init-data"


RULE_OF_ROLE = {
    Role.BOOT: OffsetRule.BOOT,
    Role.USER1: OffsetRule.USER1,
    Role.USER2: OffsetRule.USER2,
    Role.BLANK: OffsetRule.BOTH_BLANKS,
    Role.INIT_DATA: OffsetRule.INIT_DATA,
}
REQUIRED_ROLES = (Role.BOOT, Role.USER1, Role.BLANK)


@dataclass(frozen=True, slots=True)
class ImageRef:
    """One image of a firmware: a file, or bytes in memory.

    Args:
        role: What it is for.
        path: Its file; None if it exists in memory only.
        sha256: Hash of its content, 64 hexadecimal digits.
        size_bytes: Its length.
        offset: A rule, or a flash address that overrides it.
        data: Its content, if it exists in memory.
    """

    role: Role
    path: Path | None
    sha256: str
    size_bytes: int
    offset: int | OffsetRule
    data: bytes | None = field(default=None, repr=False)

    @classmethod
    def of_bytes(cls, role: Role, data: bytes) -> ImageRef:
        """An image in memory, at the place that its role has by rule."""
        return cls(
            role, None, hashlib.sha256(data).hexdigest(), len(data), RULE_OF_ROLE[role], data
        )

    @property
    def name(self) -> str:
        """The file's name; for an image in memory, the name that the document gives it."""
        return self.path.name if self.path else f"{self.role.value}.bin"

    def read(self) -> bytes:
        """The image's content.

        Raises:
            ManifestError: The file is gone, or its content is not what the hash says.
        """
        data = self.read_unchecked()
        given = hashlib.sha256(data).hexdigest()
        if given != self.sha256:
            raise ManifestError(
                self.path,
                "",
                allowed=f"sha256 {self.sha256}",
                given=given,
                remedy=_WRONG_FILE,
            )
        return data

    def read_unchecked(self) -> bytes:
        """The image's content, whatever its hash is by now.

        Raises:
            ManifestError: The file is gone.
        """
        if self.data is not None:
            return self.data
        if self.path is None:
            raise ManifestError(None, self.name, allowed="a file or data", given="neither")
        try:
            return self.path.read_bytes()
        except OSError as error:
            raise ManifestError(
                self.path, "", allowed="an image file", given=error.strerror or str(error)
            ) from error


@dataclass(frozen=True, slots=True)
class Firmware:
    """A set of images that belong together.

    Args:
        name: What to call it in a report.
        at_version: First line of AT+GMR, ``0.23.0.0``; ``unknown`` if nobody said.
        sdk_version: Second line of AT+GMR, ``1.0.1``.
        compile_time: Third line of AT+GMR.
        at_build: The date in parentheses on the first line of AT+GMR.
        flash_map: What user1 was linked for.
        images: At least boot, user1 and blank.
        path: The manifest; None if the firmware was made in memory.
    """

    name: str
    at_version: str
    sdk_version: str
    compile_time: str
    at_build: str
    flash_map: FlashMap
    images: tuple[ImageRef, ...]
    path: Path | None = None

    def image(self, role: Role) -> ImageRef | None:
        """The first image with this role, if there is one."""
        return next((image for image in self.images if image.role is role), None)

    def read(self, role: Role) -> bytes:
        """Content of the image with this role, checked against the manifest's hash.

        Raises:
            ManifestError: There is no such image, its file is gone, or it changed.
        """
        image = self.image(role)
        if image is None:
            raise ManifestError(
                self.path,
                "image",
                allowed=f"an image with role = {role.value!r}",
                given=_listing(image.role.value for image in self.images),
            )
        return image.read()


class _Table:
    """One table of a manifest, read key by key; every complaint names file and key."""

    def __init__(
        self, path: Path, where: str, values: Mapping[str, object], keys: Iterable[str]
    ) -> None:
        self.path, self.where, self.values = path, where, values
        keys = tuple(keys)
        for key in values:
            if key not in keys:
                near = difflib.get_close_matches(key, keys, n=1)
                raise ManifestError(
                    path,
                    self.key(key),
                    allowed=f"one of the keys {_listing(keys)}",
                    given="an unknown key",
                    remedy=f"Did you mean {near[0]!r}?" if near else "",
                )

    def key(self, name: str) -> str:
        return f"{self.where}.{name}" if self.where else name

    def error(self, name: str, allowed: str, given: object, remedy: str = "") -> ManifestError:
        shown = "nothing" if given is None else given if isinstance(given, str) else repr(given)
        return ManifestError(self.path, self.key(name), allowed=allowed, given=shown, remedy=remedy)

    def text(self, name: str, default: str | None = None) -> str:
        value = self.values.get(name, default)
        if not isinstance(value, str) or not value:
            raise self.error(name, "a text", repr(value) if value == "" else value)
        return value

    def choice(self, name: str, choices: Iterable[str]) -> str:
        choices = tuple(choices)
        value = self.values.get(name)
        if isinstance(value, str) and value in choices:
            return value
        near = difflib.get_close_matches(value, choices, n=1) if isinstance(value, str) else []
        raise self.error(
            name,
            f"one of {_listing(choices)}",
            None if value is None else repr(value),
            f"Did you mean {near[0]!r}?" if near else "",
        )


def _listing(words: Iterable[str]) -> str:
    return ", ".join(words) or "none"


def load_firmware(path: Path) -> Firmware:
    """The firmware that a manifest describes, with every image present and unchanged.

    Args:
        path: The manifest, or the folder that holds a ``firmware.toml``.

    Raises:
        ManifestError: The manifest is not one, says something unknown, or an image is missing or
            has another size or hash. The file and the key are named.
    """
    path = path / MANIFEST_NAME if path.is_dir() else path
    top = _Table(path, "", _parse_toml(path), ("version", "firmware", "image"))
    version = top.values.get("version")
    if version != MANIFEST_VERSION or isinstance(version, bool):
        raise top.error("version", f"{MANIFEST_VERSION}", version)
    values = top.values.get("firmware")
    if not isinstance(values, dict):
        raise top.error("firmware", "a table [firmware]", values)
    table = _Table(
        path,
        "firmware",
        values,
        ("name", "at_version", "at_build", "sdk_version", "compile_time", "flash_map"),
    )
    return Firmware(
        name=table.text("name"),
        at_version=table.text("at_version", UNKNOWN),
        sdk_version=table.text("sdk_version", UNKNOWN),
        compile_time=table.text("compile_time", UNKNOWN),
        at_build=table.text("at_build", UNKNOWN),
        flash_map=FlashMap(table.choice("flash_map", (each.value for each in FlashMap))),
        images=_load_images(top),
        path=path,
    )


def _parse_toml(path: Path) -> dict[str, object]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ManifestError(
            path,
            "",
            allowed="a firmware manifest",
            given=error.strerror or str(error),
            remedy="`hil firmware import` and `hil firmware synthesize` write one",
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ManifestError(path, "", allowed="TOML", given=str(error)) from error


def _load_images(top: _Table) -> tuple[ImageRef, ...]:
    entries = top.values.get("image")
    if not isinstance(entries, list) or not all(isinstance(each, dict) for each in entries):
        raise top.error("image", "tables [[image]]", entries)
    images = tuple(_load_image(top.path, index, each) for index, each in enumerate(entries))
    roles = [image.role for image in images]
    missing = [role.value for role in REQUIRED_ROLES if role not in roles]
    if missing:
        raise top.error(
            "image",
            f"images with the roles {_listing(role.value for role in REQUIRED_ROLES)}",
            f"none with role {_listing(missing)}",
            "The document downloads all three (section 1, lines 124 to 128)",
        )
    for index, role in enumerate(roles):
        if role in roles[:index] and role is not Role.BLANK:
            raise top.error(f"image[{index}].role", "each role once", f"a second {role.value!r}")
    return images


def _load_image(manifest: Path, index: int, values: Mapping[str, object]) -> ImageRef:
    table = _Table(
        manifest, f"image[{index}]", values, ("role", "path", "sha256", "size_bytes", "offset")
    )
    role = Role(table.choice("role", (each.value for each in RULE_OF_ROLE)))
    path = (manifest.parent / table.text("path")).resolve()
    sha256 = table.text("sha256").lower()
    if not re.fullmatch("[0-9a-f]{64}", sha256):
        raise table.error("sha256", "64 hexadecimal digits", repr(sha256))
    try:
        data = path.read_bytes()
    except OSError as error:
        raise table.error("path", "an image file", f"{path}: {error.strerror}") from error
    size_bytes = values.get("size_bytes", len(data))
    if size_bytes != len(data) or isinstance(size_bytes, bool):
        raise table.error("size_bytes", f"the size of {path}, {len(data)}", size_bytes)
    actual = hashlib.sha256(data).hexdigest()
    if actual != sha256:
        raise table.error(
            "sha256",
            f"the hash of {path}, {actual}",
            sha256,
            _WRONG_FILE,
        )
    return ImageRef(role, path, sha256, len(data), _load_offset(table, role))


def _load_offset(table: _Table, role: Role) -> int | OffsetRule:
    value = table.values.get("offset", RULE_OF_ROLE[role].value)
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    if isinstance(value, str):
        return OffsetRule(table.choice("offset", (each.value for each in OffsetRule)))
    raise table.error("offset", "a flash address or the name of a rule", value)


def write_manifest(firmware: Firmware, path: Path) -> Firmware:
    """Write a manifest that refers to the images by paths relative to it.

    Args:
        firmware: Every image of it has a file.
        path: The manifest to write; its folder exists.

    Returns:
        The same firmware, with the new manifest as its path.

    Raises:
        ManifestError: An image exists in memory only (`save_firmware` writes those), or the
            manifest cannot be written.
    """
    lines = [
        f"version = {MANIFEST_VERSION}",
        "",
        "[firmware]",
        f"name = {_quote(firmware.name)}",
        f"at_version = {_quote(firmware.at_version)}",
        f"at_build = {_quote(firmware.at_build)}",
        f"sdk_version = {_quote(firmware.sdk_version)}",
        f"compile_time = {_quote(firmware.compile_time)}",
        f"flash_map = {_quote(firmware.flash_map.value)}",
    ]
    for image in firmware.images:
        if image.path is None:
            raise ManifestError(path, image.name, allowed="an image file", given="bytes in memory")
        lines += [
            "",
            "[[image]]",
            f"role = {_quote(image.role.value)}",
            f"path = {_quote(_relative(image.path, path.parent))}",
            f"sha256 = {_quote(image.sha256)}",
            f"size_bytes = {image.size_bytes}",
            f"offset = {_format_offset(image.offset)}",
        ]
    _write(path, "\n".join([*lines, ""]).encode())
    return replace(firmware, path=path)


def _relative(path: Path, folder: Path) -> str:
    return Path(os.path.relpath(path.resolve(), folder.resolve())).as_posix()


def _format_offset(offset: int | OffsetRule) -> str:
    return _quote(offset.value) if isinstance(offset, OffsetRule) else format_offset(offset)


def save_firmware(firmware: Firmware, folder: Path) -> Firmware:
    """Write all images and the manifest into one folder, which is made if need be.

    Returns:
        The firmware as it lies in the folder.

    Raises:
        ManifestError: An image cannot be read, or a file cannot be written.
    """
    images = []
    for image in firmware.images:
        path = folder.resolve() / image.name
        _write(path, image.read())
        images.append(replace(image, path=path, data=None))
    return write_manifest(replace(firmware, images=tuple(images)), folder / MANIFEST_NAME)


def _write(path: Path, data: bytes) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    except OSError as error:
        raise ManifestError(
            path, "", allowed="a file that can be written", given=error.strerror or str(error)
        ) from error


def _quote(text: str) -> str:
    # JSON escapes what TOML's basic strings want escaped, except DEL.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
