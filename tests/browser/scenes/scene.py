from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tests.browser.stage import Stage

Play = Callable[[Stage], None]


@dataclass(frozen=True)
class Scene:
    """`view` is the name of the URL that the window shows in the end; `play` leads it there."""

    view: str
    state: str
    play: Play

    def __str__(self) -> str:
        return f"{self.view.replace(':', '-')}-{self.state.replace(' ', '-')}"


SCENES: list[Scene] = []


def scene(view: str, state: str) -> Callable[[Play], Play]:
    def keep(play: Play) -> Play:
        SCENES.append(Scene(view, state, play))
        return play

    return keep
