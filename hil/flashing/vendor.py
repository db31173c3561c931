"""A firmware out of the bin folder of one of Espressif's SDKs.

Such a folder holds several boot loaders, AT images for several flash maps and for SDIO, images that
run without a boot loader, and init data for several chips. Each file is recognised by its content,
one of each is chosen, and every choice is said aloud: nothing is guessed from a file's name.

The images tell the version of the SDK in letters. The version of AT is there in letters only from
SDK 2.2.0 on; before, it follows from the SDK's releases, or the operator says it.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from hil.errors import ImageError
from hil.units import format_size

from .check import require_sound
from .image import (
    FlashMap,
    Role,
    is_at_firmware,
    parse_image,
    read_boot_version,
    read_init_data_version,
    read_versions,
    recognise,
    speaks_sdio,
)
from .layout import SMALL_FLASH_BYTES, find_smallest_flash, has_map
from .manifest import RULE_OF_ROLE, UNKNOWN, Firmware, ImageRef

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from .image import ImageVersions

# Espressif's release notes; AT+GMR fills up with zeros to four numbers.
AT_OF_SDK = {
    "0.9.5": "0.21",
    "1.0.0": "0.22",
    "1.0.1": "0.23",
    "1.1.0": "0.24",
    "1.1.1": "0.25",
    "1.2.0": "0.30",
    "1.3.0": "0.40",
    "1.4.0": "0.50",
    "1.5.0": "0.51",
    "1.5.2": "0.60",
    "1.5.3": "1.0",
    "1.5.4": "1.1",
    "2.0.0": "1.3",
    "2.1.0": "1.4",
    "3.0.3": "1.7.3",  # its images call themselves 3.0.3 where others tell the version of AT
}
# The document's addresses are those of the 512+512 map, so that one comes first.
_PREFERRED_MAPS = (FlashMap.SPLIT_512, FlashMap.SPLIT_1024, FlashMap.SPLIT_256)
_CHOSEN = "chosen"
_UNDECIDED = ""


@dataclass(frozen=True, slots=True)
class FoundImage:
    """One file of a vendor's tree.

    Args:
        path: The file.
        role: What its content says it is; None for nothing of an AT firmware.
        description: The same for people, with the version.
        verdict: ``chosen``, or why it was not.
        data: Its content.
        flash_map: What it is linked for, if it is a user image in one piece.
        versions: What it says about itself, if it is a user image.
    """

    path: Path
    role: Role | None
    description: str
    verdict: str
    data: bytes
    flash_map: FlashMap | None = None
    versions: ImageVersions | None = None

    @property
    def is_chosen(self) -> bool:
        """Whether it became part of the firmware."""
        return self.verdict == _CHOSEN


@dataclass(frozen=True, slots=True)
class ImportedTree:
    """What came out of a vendor's tree.

    Args:
        firmware: The chosen images, where they lie.
        found: Every ``.bin`` file of the tree with what became of it.
        notes: How the flash map and the version of AT were arrived at.
    """

    firmware: Firmware
    found: tuple[FoundImage, ...]
    notes: tuple[str, ...]


def import_tree(
    tree: Path,
    *,
    flash_size_bytes: int | None = None,
    flash_map: FlashMap | None = None,
    at_version: str | None = None,
) -> ImportedTree:
    """The firmware that an SDK's bin folder holds.

    Args:
        tree: The SDK's folder, or its ``bin``.
        flash_size_bytes: Choose what fits a flash of this size; None for any.
        flash_map: Choose this map; None for 512+512 where the tree has it.
        at_version: What AT+GMR answers; None to take it from the images or the SDK's releases.

    Raises:
        ImageError: The tree lacks boot, user1 or blank, or what was chosen is not sound. The
            files that came close are in the text, with the reason.
    """
    found = [
        _reject_other_maps(_look_at(path), flash_map, flash_size_bytes)
        for path in _list_binaries(tree)
    ]
    found = _choose(found, Role.BOOT, lambda each: _version_key(read_boot_version(each.data)))
    found = _choose(found, Role.INIT_DATA, lambda each: (each.data[1],))
    found = _choose(found, Role.BLANK, lambda _: ())
    found = _choose(found, Role.USER1, _rate_user)
    chosen = {each.role: each for each in found if each.is_chosen}
    user1 = chosen.get(Role.USER1)
    if user1 is None or Role.BOOT not in chosen or Role.BLANK not in chosen:
        raise ImageError(str(tree), _explain_gaps(tree, found, chosen))
    found = _choose_user2(found, user1)
    version, version_note = _decide_at_version(read_versions(user1.data), at_version)
    firmware = _make_firmware(found, user1, version)
    checked_size = flash_size_bytes or find_smallest_flash(firmware.flash_map)
    require_sound(firmware, checked_size, with_init_data=Role.INIT_DATA in chosen, force_512k=True)
    map_note = _explain_map(firmware.flash_map, checked_size)
    return ImportedTree(firmware, tuple(found), (map_note, version_note))


def _make_firmware(found: list[FoundImage], user1: FoundImage, at_version: str) -> Firmware:
    versions = read_versions(user1.data)
    sdk_version = versions.sdk_version or UNKNOWN
    return Firmware(
        name=f"AT {at_version} (SDK {sdk_version})",
        at_version=at_version,
        sdk_version=sdk_version,
        compile_time=versions.compile_time or UNKNOWN,
        at_build=versions.at_build or UNKNOWN,
        flash_map=user1.flash_map or FlashMap.SPLIT_512,
        images=tuple(
            _refer_to(each, role)
            for role in RULE_OF_ROLE
            for each in found
            if each.role is role and each.is_chosen
        ),
    )


def _list_binaries(tree: Path) -> list[Path]:
    folder = tree / "bin" if (tree / "bin").is_dir() else tree
    paths = sorted(path for path in folder.rglob("*.bin") if path.is_file())
    if not paths:
        raise ImageError(
            str(tree), ["there is no .bin file in it: name the SDK's folder or its bin folder"]
        )
    return paths


def _look_at(path: Path) -> FoundImage:
    try:
        data = path.read_bytes()
    except OSError as error:
        return FoundImage(path, None, "not readable", error.strerror or str(error), b"")
    role = recognise(data)
    if role is Role.USER1 or role is Role.USER2:
        return _look_at_user(path, data, role)
    if role is Role.BOOT:
        description = f"boot {read_boot_version(data)}"
        return FoundImage(path, role, description, _find_damage(data), data)
    if role is Role.INIT_DATA:
        description = f"init data {read_init_data_version(data)}"
        return FoundImage(path, role, description, _UNDECIDED, data)
    if role is Role.BLANK:
        return FoundImage(path, role, "one erased sector", _UNDECIDED, data)
    return FoundImage(path, role, *_NEVER_DOWNLOADED[role], data)


_NEVER_DOWNLOADED = {
    Role.NO_BOOT: (
        "firmware that runs without boot.bin",
        "the documented download has a boot.bin (section 1, line 124)",
    ),
    Role.IROM_TEXT: (
        "irom part of such a firmware",
        "the documented download has it inside of user1.bin (section 1, line 126)",
    ),
    None: ("not recognised", "no part of a download"),
}


def _look_at_user(path: Path, data: bytes, role: Role) -> FoundImage:
    damage = _find_damage(data)
    if damage:
        return FoundImage(path, role, role.value, damage, data)
    flash_map = parse_image(data).flash_map
    versions = read_versions(data)
    verdict = _UNDECIDED
    if speaks_sdio(data):
        verdict = "takes its AT commands over SDIO, not over the UART"
    elif not is_at_firmware(data):
        verdict = "holds no AT commands (section 1, line 132)"
    elif flash_map is None:
        verdict = "has a flash size code without a map"
    map_name = flash_map.value if flash_map else "no map"
    description = f"{role.value} {map_name}, SDK {versions.sdk_version or UNKNOWN}"
    return FoundImage(path, role, description, verdict, data, flash_map, versions)


def _find_damage(data: bytes) -> str:
    try:
        image = parse_image(data)
    except ImageError as error:
        return f"damaged: {error.problems[0]}"
    return _UNDECIDED if image.is_intact else "damaged: its checksum or its CRC32 is wrong"


def _reject_other_maps(
    found: FoundImage, flash_map: FlashMap | None, flash_size_bytes: int | None
) -> FoundImage:
    if found.verdict or found.flash_map is None:
        return found
    if flash_map not in {None, found.flash_map}:
        return replace(found, verdict=f"linked for {found.flash_map.value}")
    if flash_size_bytes is not None and not has_map(found.flash_map, flash_size_bytes):
        size = format_size(flash_size_bytes)
        return replace(found, verdict=f"there is no {found.flash_map.value} map for {size}")
    return found


def _choose(
    found: list[FoundImage], role: Role, rate: Callable[[FoundImage], tuple[int, ...]]
) -> list[FoundImage]:
    """The same files, with the best-rated undecided one of a role chosen, the others rejected."""
    candidates = [each for each in found if each.role is role and not each.verdict]
    if not candidates:
        return found
    best = max(candidates, key=rate)
    return [
        replace(each, verdict=_judge(each, best)) if each in candidates else each for each in found
    ]


def _judge(candidate: FoundImage, best: FoundImage) -> str:
    if candidate is best:
        return _CHOSEN
    if candidate.data == best.data:
        return f"the same as {best.path.name}"
    return f"{best.description} is preferred"


def _rate_user(found: FoundImage) -> tuple[int, ...]:
    if found.flash_map is None or found.versions is None:
        return ()
    return -_PREFERRED_MAPS.index(found.flash_map), *_version_key(found.versions.sdk_version)


def _choose_user2(found: list[FoundImage], user1: FoundImage) -> list[FoundImage]:
    """Take the user2 that was built together with the chosen user1."""
    unfit = [
        replace(each, verdict="belongs to another user1")
        if each.role is Role.USER2 and not each.verdict and not _is_pair(user1, each)
        else each
        for each in found
    ]
    return _choose(unfit, Role.USER2, lambda each: (each.path.parent == user1.path.parent,))


def _is_pair(user1: FoundImage, user2: FoundImage) -> bool:
    return (
        user1.flash_map is user2.flash_map
        and user1.versions is not None
        and user2.versions is not None
        and user1.versions.sdk_version == user2.versions.sdk_version
        and user1.versions.at_build == user2.versions.at_build
    )


def _version_key(version: str | None) -> tuple[int, ...]:
    """Sorts 1.2 < 1.3(b3) < 1.3 < 1.4(b1) < 1.7(5d6f877)."""
    if version is None:
        return ()
    numbers = tuple(int(number) for number in re.findall(r"\d+", version.partition("(")[0]))
    beta = re.search(r"\(b(\d+)\)", version)
    return (*numbers, -1, int(beta[1])) if beta else (*numbers, 0)


def _explain_gaps(
    tree: Path, found: Iterable[FoundImage], chosen: dict[Role | None, FoundImage]
) -> list[str]:
    problems = []
    for role in (Role.BOOT, Role.USER1, Role.BLANK):
        if role not in chosen:
            near = [
                f"{each.path.relative_to(tree)}: {each.verdict}"
                for each in found
                if each.role is role
            ]
            reason = f" ({'; '.join(near)})" if near else ""
            problems.append(f"no {role.value} image that can be used{reason}")
    return problems


def _decide_at_version(versions: ImageVersions, given: str | None) -> tuple[str, str]:
    if given:
        return given, f"AT version {given}, as given"
    if versions.at_version:
        return versions.at_version, f"AT version {versions.at_version}, as the image says"
    base = re.match(r"[\d.]*\d", versions.sdk_version or "")
    if base and base[0] in AT_OF_SDK:
        version = _fill_up(AT_OF_SDK[base[0]])
        return version, f"AT version {version}, which came with SDK {base[0]}"
    if versions.release:
        version = _fill_up(versions.release)
        return version, f"AT version {version}, from `Bin version` in the image"
    return UNKNOWN, "AT version unknown: the image holds it as numbers only; say it yourself"


def _fill_up(version: str) -> str:
    return version + ".0" * (3 - version.count("."))


def _explain_map(flash_map: FlashMap, size_bytes: int) -> str:
    if size_bytes <= SMALL_FLASH_BYTES:
        return f"flash map {flash_map.value}; the download will refuse 512KB unless forced"
    return f"flash map {flash_map.value}, for {format_size(find_smallest_flash(flash_map))} or more"


def _refer_to(found: FoundImage, role: Role) -> ImageRef:
    return ImageRef(
        role=role,
        path=found.path,
        sha256=hashlib.sha256(found.data).hexdigest(),
        size_bytes=len(found.data),
        offset=RULE_OF_ROLE[role],
    )
