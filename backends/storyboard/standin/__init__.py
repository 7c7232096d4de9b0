"""A small local server that speaks StoryBoard's wire, traps included; its data is in SQLite."""

from tracker_migrate.backends.storyboard.standin.alone import main
from tracker_migrate.backends.storyboard.standin.personas import PERSONAS, Persona
from tracker_migrate.backends.storyboard.standin.server import StoryBoardStandIn

__all__ = ["PERSONAS", "Persona", "StoryBoardStandIn", "main"]
