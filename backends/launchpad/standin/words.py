"""Words and sentence patterns that made-up projects are written with; all invented here."""

from __future__ import annotations

THINGS = (
    "scheduler", "lamp controller", "queue", "relay", "sensor table", "valve driver", "dashboard",
    "worker", "cache", "timer", "rule engine", "audit log", "pairing dialog", "firmware loader",
    "session store", "gateway", "plug-in host", "backup job", "calendar view", "metrics endpoint",
    "device list", "login page", "unit file", "message bus", "export wizard", "settings page",
    "network probe", "battery monitor", "task runner", "search box", "image builder", "room map",
)  # fmt: skip
ACTORS = (
    "the operator", "a new user", "the nightly job", "one of our testers", "the installer",
    "a second client", "the upgrade script", "the health check", "an administrator", "the agent",
    "somebody without rights", "the mobile app", "the command line tool", "a restarted node",
)  # fmt: skip
VERBS = (
    "restarts", "removes", "renames", "opens", "reloads", "locks", "pairs", "exports", "resizes",
    "unplugs", "schedules", "duplicates", "disables", "upgrades", "refreshes", "migrates",
)  # fmt: skip
FAILURES = (
    "hangs for a minute", "shows stale values", "loses the last entry", "crashes", "eats memory",
    "answers with an empty page", "is shown twice", "turns read-only", "never comes back",
    "logs nothing at all", "ignores the time zone", "drops every other event", "spins at 100 % CPU",
    "refuses to start", "forgets its settings", "reports success although nothing happened",
)  # fmt: skip
MANNERS = (
    "every time", "about once in ten tries", "only after a cold start", "since the last upgrade",
    "on two of our machines", "when the disk is nearly full", "in the German interface",
    "with more than 200 devices", "over a slow link", "while a backup is running",
    "if the name holds a blank", "after the clock was set back", "without any message",
)  # fmt: skip
OPINIONS = (
    "I would expect an error instead.", "This used to work.", "It is not urgent for us.",
    "Restarting helps for an hour or so.", "Could somebody confirm this?", "Same here.",
    "I can not reproduce this any more.", "Please tell me which logs you need.",
    "The manual says otherwise.", "We have a workaround, but it is ugly.", "Thanks for looking!",
    "Lowering the importance, as there is a workaround.", "Still there in the newest build.",
    "I have set this to incomplete until we have a trace.", "This blocks our release.",
    "A test for this would be welcome.", "Closing, as nobody has seen it for a year.",
)  # fmt: skip
PATTERNS = (
    "When {actor} {verb} the {thing}, the {other} {fails} {manner}.",
    "The {thing} {fails} {manner}.",
    "After {actor} {verb} the {thing} it {fails}.",
    "It looks as if the {thing} {fails} because {actor} {verb} the {other} first.",
    "We see that the {other} {fails} as soon as {actor} {verb} the {thing}.",
    "Nothing in the {thing} tells why the {other} {fails}.",
    "To reproduce: open the {thing}, wait until {actor} {verb} the {other}, then look at it again.",
    "My guess is that the {thing} and the {other} share a lock.",
    "{opinion}",
    "The {thing} of version {version} {fails}, the one of {version} does not.",
)  # fmt: skip
TITLES = (
    "{Thing} {fails} {manner}",
    "{Thing}: {other} {fails}",
    "[{tag}] {thing} {fails}",
    "{thing} {fails} when {actor} {verb} the {other}",
    "Allow {actor} to see the {thing}",
    "No way to tell that the {thing} {fails}",
    "{Thing} should not depend on the {other}",
    "Improve error when {other} {fails}",
)  # fmt: skip
TAGS = (
    "api", "ui", "docs", "low-hanging-fruit", "upgrade", "testing", "performance", "firmware",
    "network", "packaging", "regression", "i18n", "storage", "stable-backport", "needs-info",
    "battery", "calendar", "c++", "2.0-blocker", "needs.review",
)  # fmt: skip
SYLLABLES = (
    "ba", "bel", "cor", "dan", "del", "eri", "fen", "gal", "hol", "ina", "jor", "kal", "lin", "mar",
    "nel", "ori", "pel", "quin", "ras", "sol", "tam", "ulf", "ven", "wil", "xan", "yor", "zel",
)  # fmt: skip
ODD = (
    "Emoji in the middle 🔧 of a line, and one beyond the basic plane: 🌋.",
    "再起動した後、ランプの状態が更新されません。設定画面では「接続済み」と表示されます。",
    "重启之后列表是空的。",
    "Ping @{name} and T123, see also {{F1}} and #urgent, D45.",
    "```\ngadgetctl status --all\n{{\"state\": \"unknown\"}}\n```",
    "<b>bold?</b> <script>alert('x')</script> &amp; <a href=\"http://example.com/\">link</a>",
    "{{{{{{\nold wiki markup\n}}}}}}",
    "> quoted line one\n> quoted line two\n\nI agree.",
    "Steps\n=====\n1. start\n2. wait\n----\nExpected: nothing.",
    "Write to {name}@example.com for the dump.",
    "A line that never ends: " + "abcdefghij" * 160,
    "Tabs\there\tand a no-break\u00a0space, and trailing blanks   ",
    "\x1b[31mred\x1b[0m from a terminal\r\nwith a carriage return",
    "مرحبا, ß, ñ, Ω and a combining e\u0301.",
)  # fmt: skip
MODULES = ("core", "net", "ui", "store", "rules", "timers", "pairing", "export")
ERRORS = (
    "KeyError: 'room'", "TimeoutError: no answer in 30 s", "ValueError: bad frame",
    "RuntimeError: loop is closed", "OSError: [Errno 28] No space left on device",
)  # fmt: skip
LEVELS = ("DEBUG", "INFO", "INFO", "WARNING", "ERROR")
