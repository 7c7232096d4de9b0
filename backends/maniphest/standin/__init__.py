"""A small local server that speaks Phorge's Conduit wire, traps included; its data is in SQLite."""

from tracker_migrate.backends.maniphest.standin.config import Config, Persona
from tracker_migrate.backends.maniphest.standin.server import ManiphestStandIn, main
from tracker_migrate.backends.maniphest.standin.store import token_of

__all__ = ["Config", "ManiphestStandIn", "Persona", "main", "token_of"]
