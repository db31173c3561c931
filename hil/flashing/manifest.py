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

import hashlib
import json
import os
import re
from dataclasses import dataclass, field, replace
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hil.errors import ManifestError
from hil.toml_table import Table, load_toml
from hil.units import MIB, format_offset

from .image import FlashMap, Role

if TYPE_CHECKING:
    from collections.abc import Iterable

MANIFEST_NAME = "firmware.toml"
MANIFEST_VERSION = 1
UNKNOWN = "unknown"
_LARGEST_FLASH_BYTES = 16 * MIB
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


def load_firmware(path: Path) -> Firmware:
    """The firmware that a manifest describes, with every image present and unchanged.

    Args:
        path: The manifest, or the folder that holds a ``firmware.toml``.

    Raises:
        ManifestError: The manifest is not one, says something unknown, or an image is missing or
            has another size or hash. The file and the key are named.
    """
    path = path / MANIFEST_NAME if path.is_dir() else path
    content = load_toml(path, ManifestError, "a firmware manifest")
    top = Table(content, path=path, place="", error=ManifestError)
    top.require_known(("version", "firmware", "image"))
    top.integer("version", MANIFEST_VERSION, MANIFEST_VERSION)
    table = top.table("firmware")
    table.require_known(
        ("name", "at_version", "at_build", "sdk_version", "compile_time", "flash_map")
    )
    return Firmware(
        name=table.text("name"),
        at_version=table.text("at_version", UNKNOWN),
        sdk_version=table.text("sdk_version", UNKNOWN),
        compile_time=table.text("compile_time", UNKNOWN),
        at_build=table.text("at_build", UNKNOWN),
        flash_map=FlashMap(table.choice("flash_map", [each.value for each in FlashMap])),
        images=_load_images(top, content, path),
        path=path,
    )


def _load_images(top: Table, content: dict[str, Any], path: Path) -> tuple[ImageRef, ...]:
    tables = top.tables("image", allowed="tables [[image]]")
    images = tuple(
        _load_image(table, values, path.parent)
        for table, values in zip(tables, content["image"], strict=True)
    )
    roles = [image.role for image in images]
    missing = [role.value for role in REQUIRED_ROLES if role not in roles]
    if missing:
        raise ManifestError(
            path,
            "image",
            allowed=f"images with the roles {_listing(role.value for role in REQUIRED_ROLES)}",
            given=f"none with the role {_listing(missing)}",
            remedy="The document downloads all three (section 1, lines 124 to 128)",
        )
    for index, role in enumerate(roles):
        if role in roles[:index] and role is not Role.BLANK:
            raise tables[index].mistake("role", allowed="each role once", given=role.value)
    return images


def _load_image(table: Table, values: dict[str, Any], folder: Path) -> ImageRef:
    table.require_known(("role", "path", "sha256", "size_bytes", "offset"))
    role = Role(table.choice("role", [each.value for each in RULE_OF_ROLE]))
    path = (folder / table.text("path")).resolve()
    sha256 = table.text("sha256").lower()
    if not re.fullmatch("[0-9a-f]{64}", sha256):
        raise table.mistake("sha256", allowed="64 hexadecimal digits", given=sha256)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ManifestError(
            table.path,
            table.key_name("path"),
            allowed="an image file",
            given=f"{path}: {error.strerror}",
        ) from error
    size_bytes = table.integer("size_bytes", 0, _LARGEST_FLASH_BYTES, len(data))
    if size_bytes != len(data):
        allowed = f"the size of {path}, {len(data)}"
        raise table.mistake("size_bytes", allowed=allowed, given=size_bytes, remedy=_WRONG_FILE)
    actual = hashlib.sha256(data).hexdigest()
    if actual != sha256:
        allowed = f"the hash of {path}, {actual}"
        raise table.mistake("sha256", allowed=allowed, given=sha256, remedy=_WRONG_FILE)
    offset = _load_offset(table, values.get("offset", RULE_OF_ROLE[role].value))
    return ImageRef(role, path, sha256, len(data), offset)


def _load_offset(table: Table, value: object) -> int | OffsetRule:
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    if isinstance(value, str):
        rules = [each.value for each in OffsetRule]
        return OffsetRule(table.choice("offset", rules, default=value))
    raise table.mistake("offset", allowed="a flash address or the name of a rule", given=value)


def _listing(words: Iterable[str]) -> str:
    return ", ".join(words) or "none"


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
