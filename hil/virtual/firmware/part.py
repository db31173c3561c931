"""Of which classes the parts of the firmware are made."""

from __future__ import annotations

from typing import Protocol, TypeVar

Part = TypeVar("Part")


class Kinds(Protocol):
    """Chooses the class that a part is made of."""

    def __call__(self, sound: type[Part], /) -> type[Part]:
        """The class of the sound firmware, or one of its subclasses."""


def as_they_are(sound: type[Part], /) -> type[Part]:
    """The `Kinds` of the sound firmware."""
    return sound
