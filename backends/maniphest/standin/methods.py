"""The methods of the stand-in, with what conduit.query tells about each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tracker_migrate.backends.maniphest.standin import (
    edits,
    feeds,
    filelist,
    lists,
    names,
    projectlist,
    stories,
    tasklist,
    userlist,
)
from tracker_migrate.backends.maniphest.standin.call import Call, Method
from tracker_migrate.backends.maniphest.standin.errors import call_error

_EDIT = {
    "transactions": "list<map<string, wild>>",
    "objectIdentifier": "optional id|phid|string",
}
_SEARCH = {
    "queryKey": "optional string",
    "constraints": "optional map<string, wild>",
    "attachments": "optional map<string, bool>",
    "order": "optional order",
    "before": "optional string",
    "after": "optional string",
    "limit": "optional int (default = 100)",
}
_PAGES = {
    "before": "optional string",
    "after": "optional string",
    "limit": "optional int (default = 100)",
}
_DICT = "nonempty dict<string, wild>"


def _told(_: Call) -> dict[str, Any]:
    return {
        name: {
            "description": method.about,
            "params": dict(method.params) or [],
            "return": method.returns,
        }
        for name, method in sorted(METHODS.items())
    }


METHODS: Mapping[str, Method] = {
    "conduit.getcapabilities": Method(
        lists.capabilities, "What the server can.", returns="dict<string, any>", open=True
    ),
    "conduit.ping": Method(lists.ping, "A sign of life.", returns="string", open=True),
    "conduit.query": Method(_told, "The methods and their parameters.", returns="dict<dict>"),
    "diffusion.repository.search": Method(lists.nothing_found, "Find repositories.", _SEARCH),
    "edge.search": Method(
        feeds.edges,
        "Find what joins objects.",
        {
            "sourcePHIDs": "list<phid>",
            "types": "list<const>",
            "destinationPHIDs": "optional list<phid>",
            **_PAGES,
        },
        "list<dict>",
    ),
    "feed.query": Method(
        stories.query,
        "What happened, as stories.",
        {
            "filterPHIDs": "optional list <phid>",
            "limit": "optional int (default 100)",
            "after": "optional int",
            "before": "optional int",
            "view": "optional string (data, html, html-summary, text)",
        },
        "nonempty dict",
    ),
    "file.allocate": Method(
        filelist.allocate,
        "Announce a file.",
        {
            "name": "string",
            "contentLength": "int",
            "contentHash": "optional string",
            "viewPolicy": "optional string",
            "deleteAfterEpoch": "optional int",
        },
        writes=True,
    ),
    "file.download": Method(
        filelist.download, "Get a file's bytes.", {"phid": "required phid"}, "nonempty base64-bytes"
    ),
    "file.info": Method(
        filelist.info,
        "Look at a file.",
        {"phid": "optional phid", "id": "optional id"},
        "nonempty dict",
    ),
    "file.querychunks": Method(
        filelist.query_chunks, "Look at a file's chunks.", {"filePHID": "phid"}, "list<wild>"
    ),
    "file.search": Method(filelist.search, "Find files.", _SEARCH),
    "file.upload": Method(
        filelist.upload,
        "Bring a file.",
        {
            "data_base64": "required nonempty base64-bytes",
            "name": "optional string",
            "viewPolicy": "optional valid policy string or <phid>",
            "canCDN": "optional bool",
        },
        "nonempty guid",
        writes=True,
    ),
    "file.uploadchunk": Method(
        filelist.upload_chunk,
        "Bring a chunk of a file.",
        {"filePHID": "phid", "byteStart": "int", "data": "string", "dataEncoding": "string"},
        "void",
        writes=True,
    ),
    "maniphest.edit": Method(edits.edit_task, "Make or change a task.", _EDIT, writes=True),
    "maniphest.priority.search": Method(lists.priorities, "The priorities."),
    "maniphest.querystatuses": Method(lists.old_statuses, "The statuses.", returns=_DICT),
    "maniphest.search": Method(tasklist.search, "Find tasks.", _SEARCH),
    "maniphest.status.search": Method(lists.statuses, "The statuses."),
    "phid.lookup": Method(
        names.lookup, "Objects by name.", {"names": "required list<string>"}, _DICT
    ),
    "phid.query": Method(names.query, "Objects by PHID.", {"phids": "required list<phid>"}, _DICT),
    "project.column.search": Method(lists.nothing_found, "Find columns.", _SEARCH),
    "project.edit": Method(edits.edit_project, "Make or change a project.", _EDIT, writes=True),
    "project.search": Method(projectlist.search, "Find projects.", _SEARCH),
    "transaction.search": Method(
        feeds.transactions,
        "Find transactions and comments.",
        {
            "objectIdentifier": "optional phid|string",
            "objectType": "optional string",
            "constraints": "optional map<string, wild>",
            **_PAGES,
        },
        "list<dict>",
    ),
    "user.disable": Method(
        userlist.switch(1),
        "Switch accounts off.",
        {"phids": "required list<phid>"},
        "void",
        writes=True,
    ),
    "user.edit": Method(userlist.edit, "Refuses to change an account.", _EDIT, writes=True),
    "user.enable": Method(
        userlist.switch(0),
        "Switch accounts on.",
        {"phids": "required list<phid>"},
        "void",
        writes=True,
    ),
    "user.find": Method(
        userlist.find,
        "User names to PHIDs.",
        {"aliases": "required list<string>"},
        "nonempty dict<string, phid>",
    ),
    "user.query": Method(
        userlist.query,
        "Find accounts, also by e-mail.",
        {
            "usernames": "optional list<string>",
            "emails": "optional list<string>",
            "realnames": "optional list<string>",
            "phids": "optional list<phid>",
            "ids": "optional list<uint>",
            "offset": "optional int",
            "limit": "optional int (default = 100)",
        },
        "list<dict>",
    ),
    "user.search": Method(userlist.search, "Find accounts.", _SEARCH),
    "user.whoami": Method(userlist.whoami, "Who calls.", returns=_DICT),
}


def method(name: str, given: Mapping[str, Any]) -> Method:
    """The method of this name; ConduitError if there is none, or if it takes no such parameter."""
    found = METHODS.get(name)
    if found is None:
        raise call_error(f'Conduit API method "{name}" does not exist.')
    unknown = [key for key in given if key not in found.params]
    if unknown:
        listed = "', '".join(unknown)
        raise call_error(f"API Method \"{name}\" does not define these parameters: '{listed}'.")
    return found
