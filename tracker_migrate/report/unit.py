"""A unit for systemd that keeps a workspace's targets up to date: `tracker-migrate export unit`."""

from __future__ import annotations

import pwd
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path

from tracker_migrate.errors import Brake, LoginNeeded, UsageError
from tracker_migrate.workspace import Workspace
from tracker_migrate.workspace.secrets import places

#: endings after which it is not begun again: a person has to do something first
STAYS_DOWN = (UsageError.exit_status, LoginNeeded.exit_status, Brake.exit_status)
#: endings that are none of a failure's: something waits for a person; Ctrl-C
SUCCESS = (3, 130)
_STATE = Path("/var/lib")
_HOMES = (Path("/home"), Path("/root"), Path("/run/user"))
_TEMPORARY = (Path("/tmp"), Path("/var/tmp"))
_GIVEN = Path("/etc/tracker-migrate")
_HARDENED = """\
UMask=0077
LimitCORE=0
NoNewPrivileges=yes
CapabilityBoundingSet=
ProtectSystem=strict
PrivateDevices=yes
ProtectClock=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectProc=invisible
LockPersonality=yes
MemoryDenyWriteExecute=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
RemoveIPC=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service"""


def unit(workspace: Workspace, command: list[str]) -> Iterator[str]:
    """The unit's lines. command: how this program is called."""
    folder, settings = workspace.folder, workspace.settings
    yield "[Unit]"
    targets = ", ".join(settings.targets)
    yield f"Description=Keeps {_plain(targets)} up to date ({_plain(folder.name)})"
    yield "Wants=network-online.target"
    yield "After=network-online.target"
    yield ""
    yield "[Service]"
    yield "Type=notify"
    log = [] if settings.sync.log else ["--log", "-"]
    yield f"ExecStart={_words([*command, 'sync', '-C', str(folder), *log])}"
    yield f"User={_owner(folder)}"
    yield from _credentials(workspace)
    yield "# a round that does nothing for so long is ended, and sync begun again"
    yield "WatchdogSec=10min"
    yield "# a new version may rewrite the database first; the request under way is waited for"
    yield "TimeoutStartSec=30min"
    yield "TimeoutStopSec=3min"
    yield "Restart=on-failure"
    yield "RestartSec=1min"
    yield f"# {_meanings()}: a person has to do something first"
    yield f"RestartPreventExitStatus={' '.join(map(str, STAYS_DOWN))}"
    yield f"SuccessExitStatus={' '.join(map(str, SUCCESS))}"
    yield from _folders(workspace, [Path(command[0]), Path(sys.prefix), Path(sys.base_prefix)])
    yield "CacheDirectory=tracker-migrate"
    yield "Environment=XDG_CACHE_HOME=%C/tracker-migrate"
    yield from _HARDENED.splitlines()
    yield ""
    yield "[Install]"
    yield "WantedBy=multi-user.target"


def _meanings() -> str:
    words = ("usage or settings", "login needed", "a brake")
    return ", ".join(f"{status} {word}" for status, word in zip(STAYS_DOWN, words, strict=True))


def _owner(folder: Path) -> str:
    """Who has to run it: the state is its owner's alone."""
    uid = folder.stat().st_uid
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def _credentials(workspace: Workspace) -> Iterator[str]:
    """The logins: those that stand in a file of the workspace are read from there."""
    tracker = workspace.settings.source.specs[0].partition(":")[0]
    names = [tracker, *(f"{name}-token" for name in workspace.settings.targets)]
    yield f"# logins: root's files in {_GIVEN}, mode 600, that systemd lends to this service alone"
    for name in names:
        place = next(places(workspace.folder, name), None)
        line = f"LoadCredential=tracker-migrate-{name}:{_GIVEN / name}"
        if place is not None and place.kind == "file":
            yield f"# (it is in {_plain(place.at)} now)"
        kept = place is not None and place.kind in ("file", "keyring")
        # without a login everybody's view of the source is read
        missing = place is None and name == tracker
        yield f"#{line}" if kept or missing else line


def _folders(workspace: Workspace, program: list[Path]) -> Iterator[str]:
    """What it may write to: the workspace, and the folders of attachments; and which folders it
    must see. program: where that is."""
    folder = workspace.folder
    written = [folder]
    for target in workspace.settings.targets.values():
        files = target.get("files")
        held = files if isinstance(files, dict) else {}
        written += [Path(str(held[one])) for one in ("folder", "private_folder") if one in held]
    if workspace.settings.sync.log not in (None, "-"):
        written.append((folder / str(workspace.settings.sync.log)).parent)
    if folder.is_relative_to(_STATE) and folder != _STATE:
        yield f"StateDirectory={_words([str(folder.relative_to(_STATE))])}"
        yield "StateDirectoryMode=0700"
        written = [one for one in written if not one.is_relative_to(folder)]
    for one in dict.fromkeys(written):
        yield f"ReadWritePaths={_words([str(one)])}"
    seen = [folder, *written, *program]
    yield f"ProtectHome={'read-only' if _is_in(seen, _HOMES) else 'yes'}"
    yield f"PrivateTmp={'no' if _is_in(seen, _TEMPORARY) else 'yes'}"


def _is_in(paths: list[Path], folders: tuple[Path, ...]) -> bool:
    return any(one.is_relative_to(folder) for one in paths for folder in folders)


def _words(words: list[str]) -> str:
    """Words of a setting: quoted where need be, so that systemd takes each as it is."""
    return " ".join(_word(one) for one in words)


def _word(word: str) -> str:
    plain = word.replace("%", "%%").replace("$", "$$")
    if shlex.quote(word) == word:
        return plain
    escaped = plain.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _plain(text: str) -> str:
    return " ".join(text.split()).replace("%", "%%")
