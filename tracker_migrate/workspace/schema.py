"""The tables of a workspace: the archive (what the source said) and the ledger (what was written).

One database for both, so that a restart finds them agreeing. Times are UTC, ISO 8601 text with
microseconds, which SQLite and PostgreSQL compare alike. Bodies are zlib-compressed bytes.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
)

metadata = MetaData()

#: a few facts of the workspace: who reads, versions
meta = Table(
    "meta",
    metadata,
    Column("name", String, primary_key=True),
    Column("value", Text, nullable=False),
)

# -- the archive ----------------------------------------------------------------------------------

#: an issue as one viewer read it; `position` orders bugs by number and blueprints after them
issue = Table(
    "issue",
    metadata,
    Column("key", String, primary_key=True),
    Column("viewer", String, primary_key=True),
    Column("kind", String, nullable=False),
    Column("position", String, nullable=False),
    Column("private", Boolean, nullable=False),
    Column("stamp", String, nullable=False),
    Column("digest", String, nullable=False),
    Column("model", LargeBinary, nullable=False),
    Column("read_at", String, nullable=False),
    Column("gone_at", String),
    Index("issue_order", "viewer", "position"),
)

#: the raw replies that an issue or another thing was made of, less what had to stay at the source
reply = Table(
    "reply",
    metadata,
    Column("owner", String, primary_key=True),
    Column("viewer", String, primary_key=True),
    Column("url", String, primary_key=True),
    Column("status", Integer, nullable=False),
    Column("sha256", String, nullable=False),
    Column("withheld", Integer, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("read_at", String, nullable=False),
)

#: people, projects, series, milestones
entity = Table(
    "entity",
    metadata,
    Column("key", String, primary_key=True),
    Column("kind", String, nullable=False),
    Column("digest", String, nullable=False),
    Column("model", LargeBinary, nullable=False),
    Column("read_at", String, nullable=False),
)

#: people that issues name, whether they were read yet or not
mention = Table("mention", metadata, Column("person", String, primary_key=True))

#: which issue carries which tag: a private tag's name must not become public
tagging = Table(
    "tagging",
    metadata,
    Column("issue", String, primary_key=True),
    Column("tag", String, primary_key=True),
    Column("private", Boolean, nullable=False),
    Index("tagging_tag", "tag"),
)

#: which issue names which other one, and what it is called there
link = Table(
    "link",
    metadata,
    Column("viewer", String, primary_key=True),
    Column("issue", String, primary_key=True),
    Column("kind", String, primary_key=True),
    Column("to", String, primary_key=True),
    Column("label", Text, nullable=False),
    Column("url", Text, nullable=False),
    Index("link_to", "viewer", "to"),
)

#: names that things have and had: a key is by the first one; its newest row says its name now
alias = Table(
    "alias",
    metadata,
    Column("name", String, primary_key=True),
    Column("key", String, nullable=False),
    Column("at", String, nullable=False),
)

#: what is true no more of an issue, and was while not everybody could read it. `what`: `words`, it
#: said something (of the issue `key`); `name`, it was called `key`
withdrawn = Table(
    "withdrawn",
    metadata,
    Column("key", String, primary_key=True),
    Column("what", String, primary_key=True),
    Column("at", String, nullable=False),
)

#: how far the source was read
cursor = Table(
    "cursor",
    metadata,
    Column("source", String, primary_key=True),
    Column("viewer", String, primary_key=True),
    Column("value", String, nullable=False),
)

#: what could not be read, kept until it can
unread = Table(
    "unread",
    metadata,
    Column("key", String, primary_key=True),
    Column("reason", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("first_at", String, nullable=False),
    Column("last_at", String, nullable=False),
)

# -- the ledger -----------------------------------------------------------------------------------

#: of which server the ledger of a target is; `sealed` is the address that its seals name
home = Table(
    "home",
    metadata,
    Column("target", String, primary_key=True),
    Column("tracker", String, nullable=False),
    Column("address", Text, nullable=False),
    Column("sealed", Text, nullable=False),
)

#: an object that is at a target. `digest` is that of the open form; `fields` holds, by name, the
#: digest of the open value and of the value as sent; `open` the references that fell back to home.
#: `within`: what stands in another object, in that one. `by`: whom the target shows as its author,
#: as far as that was our doing; empty for the importer. `lists`: of fields that are lists, digests
#: of the elements as they were sent
object_ = Table(
    "object",
    metadata,
    Column("target", String, primary_key=True),
    Column("key", String, primary_key=True),
    Column("kind", String, nullable=False),
    Column("issue", String, nullable=False),
    Column("remote_id", String, nullable=False),
    Column("number", String, nullable=False),
    Column("url", String, nullable=False),
    Column("digest", String, nullable=False),
    Column("fields", Text, nullable=False),
    Column("open", Text, nullable=False),
    Column("audience", String, nullable=False),
    Column("state", String, nullable=False),  # there, joined, gone, undone
    Column("sent_at", String, nullable=False),
    Column("within", String),
    Column("by", String, nullable=False, server_default=""),
    Column("lists", Text, nullable=False, server_default="{}"),
    Index("object_issue", "target", "issue"),
    Index("object_remote", "target", "kind", "remote_id"),
)

#: one request that was meant, is under way, or was settled; `step` is what was to be sent, and is
#: emptied once it is settled; where it was given up, digests of it stand in `mark`
intent = Table(
    "intent",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("target", String, nullable=False),
    Column("issue", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("keys", Text, nullable=False),
    Column("step", LargeBinary, nullable=False),
    Column("mark", Text, nullable=False),
    Column("state", String, nullable=False),  # open, done, void, refused, given up
    Column("owner", String, nullable=False),
    Column("meant_at", String, nullable=False),
    Column("settled_at", String),
    Column("how", String),  # sent, found, joined
    Index("intent_open", "target", "state"),
    Index("intent_issue", "target", "issue"),
)

#: numbers that were given to objects, for good
number = Table(
    "number",
    metadata,
    Column("target", String, primary_key=True),
    Column("key", String, primary_key=True),
    Column("kind", String, nullable=False),
    Column("number", Integer, nullable=False),
)

#: blocks of numbers that were claimed at a target
block = Table(
    "block",
    metadata,
    Column("target", String, primary_key=True),
    Column("kind", String, primary_key=True),
    Column("first", Integer, primary_key=True),
    Column("last", Integer, nullable=False),
    Column("next", Integer, nullable=False),
)

#: where each issue stands at each target; `inputs` says from what it was last written whole
verdict = Table(
    "verdict",
    metadata,
    Column("target", String, primary_key=True),
    Column("issue", String, primary_key=True),
    Column("state", String, nullable=False),  # planned, done, refused, aside, exposed
    Column("reason", Text, nullable=False),
    Column("inputs", String, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("at", String, nullable=False),
    Index("verdict_state", "target", "state"),
)

#: what was found of a public issue without asking a target: why it is refused ("": it is not), and
#: what becomes of its fields, as pairs of a fate's id and a count; true as long as its inputs are
#: these. A cache: whatever is not here is found again
foreseen = Table(
    "foreseen",
    metadata,
    Column("target", String, primary_key=True),
    Column("issue", String, primary_key=True),
    Column("inputs", String, nullable=False),
    Column("refused", Text, nullable=False),
    Column("fates", LargeBinary),
)

#: what can become of a field, once; `id` is made of the rest
fate = Table(
    "fate",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("entity", String, nullable=False),
    Column("field", String, nullable=False),
    Column("outcome", String, nullable=False),
    Column("reason", Text, nullable=False),
)

#: issues that somebody closed by hand, until they are released
hidden = Table(
    "hidden",
    metadata,
    Column("target", String, primary_key=True),
    Column("issue", String, primary_key=True),
    Column("at", String, nullable=False),
)

#: what stands at a target twice: the one that the ledger does not name
doubled = Table(
    "doubled",
    metadata,
    Column("target", String, primary_key=True),
    Column("kind", String, primary_key=True),
    Column("remote_id", String, primary_key=True),
    Column("number", String, nullable=False),
    Column("url", String, nullable=False),
    Column("key", String, nullable=False),
    Column("issue", String, nullable=False),
    Column("beside", String, nullable=False),
    Column("state", String, nullable=False),  # found, settled, left, failed, told, gone
    Column("reason", Text, nullable=False),
    Column("at", String, nullable=False),
)

#: how far the history of a target was looked through for that
looked = Table(
    "looked",
    metadata,
    Column("target", String, primary_key=True),
    Column("mark", Text, nullable=False),
    Column("at", String, nullable=False),
)

#: how far a target's feed was read, when that look began, and when its issues were counted last
fed = Table(
    "fed",
    metadata,
    Column("target", String, primary_key=True),
    Column("mark", Text, nullable=False),
    Column("at", String, nullable=False),
    Column("counted", String, nullable=False),
)

#: what the feed leaves of an issue. `what`: `look`, it is still to be looked at; `closed`, its own
#: object was closed because all that stands below it is
fed_issue = Table(
    "fed_issue",
    metadata,
    Column("target", String, primary_key=True),
    Column("issue", String, primary_key=True),
    Column("what", String, primary_key=True),
    Column("at", String, nullable=False),
)

#: a person's edit at the target, and what is done about it. `theirs`, `ours`: digests of the value
#: that stands there, and of the open form of the one that is wanted; empty if they are not known
conflict = Table(
    "conflict",
    metadata,
    Column("target", String, primary_key=True),
    Column("key", String, primary_key=True),
    Column("field", String, primary_key=True),
    Column("policy", String, nullable=False),
    Column("at", String, nullable=False),
    Column("theirs", String, nullable=False, server_default=""),
    Column("ours", String, nullable=False, server_default=""),
)

#: who works on an issue, and until when nobody else may
lease = Table(
    "lease",
    metadata,
    Column("name", String, primary_key=True),
    Column("owner", String, nullable=False),
    Column("until", String, nullable=False),
)

# -- the source, told -----------------------------------------------------------------------------

#: what was said at the source on an issue: `what` is comment, tag or status, `of` the issue or one
#: of its tasks; `notice` says the rest
told = Table(
    "told",
    metadata,
    Column("issue", String, primary_key=True),
    Column("what", String, primary_key=True),
    Column("of", String, primary_key=True),
    Column("state", String, nullable=False),  # meant, said, was, refused, taking, taken, left
    Column("notice", Text, nullable=False),
    Column("target", String, nullable=False),
    Column("address", String, nullable=False),
    Column("reason", Text, nullable=False),
    Column("at", String, nullable=False),
    Index("told_state", "state"),
)

#: what came to the source after a handover: a new issue, or news of one
afterwards = Table(
    "afterwards",
    metadata,
    Column("issue", String, primary_key=True),
    Column("new", Boolean, nullable=False),
    Column("comments", Integer, nullable=False),
    Column("followed", Boolean, nullable=False),
    Column("at", String, nullable=False),
)
