"""What was observed on a module: flash records, boot logs, measurements."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hil.report.html.badge import badge
from hil.report.html.markup import Html, element, number_head, table
from hil.report.html.wording import boot_facts, format_moment, format_seconds, labelled, module_name
from hil.report.measurement import Measurement
from hil.units import format_offset, format_size

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_HASH_DIGITS = 12
_REGION_HEAD = (
    "Image",
    number_head("Offset"),
    number_head("Length"),
    "SHA-256",
    "Flash",
    number_head("Rig time"),
    "Verified",
)
_PATCHED = (
    "Where two hashes stand, esptool patched the flash size into the image's header: the flash "
    "holds other bytes there than the file."
)
MEASUREMENT_HEAD = ("Measurement", number_head("Value"), "Limits", "Comfortable", "Outcome")


def flash_record(flash: Mapping[str, Any]) -> Html:
    """What was written onto one chip, a `hil.flashing.flasher.FlashRecord` as JSON."""
    chip, attempts = flash.get("chip") or {}, flash.get("attempts") or 1
    size_bytes, regions = chip.get("flash_size_bytes"), flash.get("regions", ())
    facts = [
        ("chip", chip.get("name")),
        ("MAC", chip.get("mac")),
        ("chip id", chip.get("id")),
        ("flash id", chip.get("flash_id")),
        ("flash", size_bytes if size_bytes is None else format_size(size_bytes)),
        ("firmware", flash.get("firmware")),
        ("baud", flash.get("baud")),
        ("rig time", _optional_seconds(flash.get("rig_duration_s"))),
        ("written", flash.get("time") and format_moment(flash["time"])),
        ("by", flash.get("tool")),
        ("attempts", attempts if attempts > 1 else None),
        ("in", flash.get("test")),
    ]
    return element(
        "div",
        element("h4", module_name(flash.get("slot"))),
        element("p", *labelled(facts), class_="facts"),
        table(_REGION_HEAD, map(_region, regions), class_="grid"),
        element("p", _PATCHED, class_="dim") if any(map(_is_patched, regions)) else None,
        *(element("p", badge("marginal", "note"), " ", each) for each in flash.get("warnings", ())),
        class_="card",
    )


def boot_log(log: Mapping[str, Any]) -> Html:
    """What a module printed while it started."""
    return element(
        "div",
        element("p", element("b", module_name(log.get("slot"))), " ", *labelled(boot_facts(log))),
        element("pre", str(log.get("text", "")).replace("\r\n", "\n"), class_="console"),
        class_="card",
    )


def measurement_rows(measurements: Iterable[Mapping[str, Any]]) -> list[tuple[object, ...]]:
    """Rows of name, value, limits and outcome."""
    rows: list[tuple[object, ...]] = []
    for each in measurements:
        measurement = Measurement.from_json(each)
        value = (
            "not set" if measurement.value is None else f"{measurement.value:g} {measurement.unit}"
        )
        rows.append(
            (
                measurement.name,
                element("td", value, class_="number"),
                measurement.format_limits(),
                measurement.format_comfort(),
                badge(each["outcome"]),
            )
        )
    return rows


def _region(region: Mapping[str, Any]) -> tuple[object, ...]:
    is_verified = region.get("verified")
    verified = badge("passed", "verified") if is_verified else badge("failed", "differs")
    return (
        element("td", region.get("name"), " ", element("span", region.get("file"), class_="dim")),
        element("td", format_offset(region["offset"]), class_="number"),
        element("td", f"{region['length_bytes']} B", class_="number"),
        element("td", *_hashes(region)),
        "written" if region.get("written", True) else "was there already",
        element("td", _optional_seconds(region.get("rig_duration_s")), class_="number"),
        badge("skipped", "not verified") if is_verified is None else verified,
    )


def _is_patched(region: Mapping[str, Any]) -> bool:
    return (region.get("image_sha256") or region.get("sha256")) != region.get("sha256")


def _hashes(region: Mapping[str, Any]) -> list[Html]:
    flash = _digest(region.get("sha256"))
    if not _is_patched(region):
        return [flash]
    file = element("div", _digest(region["image_sha256"]), element("span", " file", class_="dim"))
    return [file, element("div", flash, element("span", " flash", class_="dim"))]


def _digest(value: object) -> Html:
    digest = str(value or "")
    return element("code", digest[:_HASH_DIGITS], title=digest)


def _optional_seconds(duration_s: float | None) -> str | None:
    return None if duration_s is None else format_seconds(duration_s)
