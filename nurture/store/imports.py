"""A contact list on its way in: kept in a temporary table, stored from there in batches.

The temporary table lives as long as its connection, so all transactions of one import share one.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import cast

import psycopg
from sqlalchemy import text
from sqlalchemy.orm import Session, sessionmaker

from nurture.core.people.contact import ContactRow
from nurture.core.people.domain_name import account_domain

Transactions = Callable[[], AbstractContextManager[Session]]


@dataclass(frozen=True, slots=True)
class Batch:
    """The rows of the list whose numbers come after `after`, up to `last`."""

    after: int
    last: int


@dataclass(frozen=True, slots=True)
class Origin:
    """What an import says about itself. `stage` is for rows that name none; `sequences` by stage name."""

    version_id: int
    stage: str
    sequences: Mapping[str, str]
    source: str
    wording: str
    now: datetime


@dataclass(frozen=True, slots=True)
class Stored:
    """What became of a batch. `suppressed` counts new and known contacts alike."""

    contacts: int
    created: int
    updated: int
    suppressed: int
    enrolled: int


@contextmanager
def one_connection(sessions: Transactions) -> Iterator[Transactions]:
    """Transactions that share one connection, which is closed at the end with its temporary tables."""
    with sessions() as session:
        engine = session.get_bind().engine
    with engine.connect() as connection:
        connection.detach()
        # The tables grow by the second: a plan kept from the first batches would not fit the last ones.
        cast("psycopg.Connection", connection.connection.dbapi_connection).prepare_threshold = None
        yield sessionmaker(connection, expire_on_commit=False).begin


def open_list(session: Session) -> None:
    """Make the empty temporary table."""
    session.execute(_OPEN_LIST)


def keep(session: Session, rows: Iterable[tuple[int, ContactRow]]) -> int:
    """Append numbered rows to the list; returns how many."""
    count = 0
    cursor = session.connection().connection.cursor()
    with cursor.copy(_COPY) as copy:
        for number, row in rows:
            copy.write_row(_record(number, row))
            count += 1
    return count


def close_list(session: Session) -> int:
    """Nothing more will come: index the list; returns the number of its last row (0: it is empty)."""
    session.execute(_INDEX_ROWS)
    session.execute(_INDEX_HASHES)
    session.execute(_ANALYZE)
    return session.scalar(_LAST_ROW) or 0


def drop_repeated(session: Session, batch: Batch) -> list[tuple[int, str, int]]:
    """Take out rows whose address comes again further down: (number, email, number of the last such row)."""
    found = session.execute(_DROP_REPEATED, {"after": batch.after, "last": batch.last})
    return sorted((number, email, last) for number, email, last in found)


def store_accounts(session: Session, batch: Batch, now: datetime) -> int:
    """Make the accounts of a batch, and name those without a name; returns how many are new."""
    found = session.scalars(_STORE_ACCOUNTS, {"after": batch.after, "last": batch.last, "now": now})
    return sum(found)


def store_contacts(session: Session, batch: Batch, origin: Origin, *, enroll: bool) -> Stored:
    """Create or fill in the contacts of a batch, whose accounts are stored.

    An empty cell changes nothing, nor does a stage for a contact that is known. New contacts get their
    consent row and, with `enroll`, enter their stage's sequence, unless their address is suppressed.
    """
    row = session.execute(
        _STORE_CONTACTS,
        {
            "after": batch.after,
            "last": batch.last,
            "now": origin.now,
            "stage": origin.stage,
            "version_id": origin.version_id,
            "sequences": json.dumps(dict(origin.sequences) if enroll else {}),
            "source": origin.source,
            "wording": origin.wording,
        },
    ).one()
    return Stored(*row)


def _record(number: int, row: ContactRow) -> tuple[int | str | None, ...]:
    attributes = json.dumps(row.attributes) if row.attributes else "{}"
    return (
        number,
        row.email,
        row.hash,
        _account_domain(row.domain),
        row.given_name,
        row.family_name,
        row.company,
        row.title,
        row.country,
        row.time_zone,
        row.stage,
        attributes,
    )


_account_domain = lru_cache(maxsize=4096)(account_domain)

_OPEN_LIST = text("""
    CREATE TEMPORARY TABLE incoming (
        number bigint NOT NULL, email text NOT NULL, email_hash text COLLATE "C" NOT NULL, domain text,
        given_name text, family_name text, company text, title text, country text, time_zone text,
        stage text, attributes jsonb NOT NULL
    )
""")
_COPY = "COPY incoming FROM STDIN"
_INDEX_ROWS = text("CREATE INDEX ON incoming (number)")
_INDEX_HASHES = text("CREATE INDEX ON incoming (email_hash, number)")
_ANALYZE = text("ANALYZE incoming")
_LAST_ROW = text("SELECT max(number) FROM incoming")
_DROP_REPEATED = text("""
    WITH seen AS (
        SELECT number, (
            SELECT max(other.number) FROM incoming AS other WHERE other.email_hash = incoming.email_hash
        ) AS last
        FROM incoming WHERE number > :after AND number <= :last
    )
    DELETE FROM incoming USING seen
    WHERE incoming.number = seen.number AND seen.number < seen.last
    RETURNING incoming.number, incoming.email, seen.last
""")
_STORE_ACCOUNTS = text("""
    INSERT INTO accounts (domain, name, created_at)
    SELECT DISTINCT ON (domain) domain, company, CAST(:now AS timestamptz)
    FROM incoming WHERE number > :after AND number <= :last AND domain IS NOT NULL
    ORDER BY domain, company IS NULL, number
    ON CONFLICT (domain) DO UPDATE SET name = excluded.name
    WHERE accounts.name IS NULL AND excluded.name IS NOT NULL
    RETURNING CAST(xmax = 0 AS int)
""")
# In a RETURNING of an upsert, xmax is 0 where the row was inserted; rows left as they were are not returned.
_STORE_CONTACTS = text("""
    WITH batch AS MATERIALIZED (
        SELECT incoming.*, EXISTS (
            SELECT FROM suppressions WHERE suppressions.email_hash = incoming.email_hash
        ) AS suppressed
        FROM incoming WHERE number > :after AND number <= :last
    ),
    stored AS (
        INSERT INTO contacts AS known (
            email, email_hash, given_name, family_name, company, title, country, time_zone, attributes,
            account_id, stage, stage_since, created_at, updated_at
        )
        SELECT email, email_hash, given_name, family_name, company, title, country, batch.time_zone,
            attributes, accounts.id, coalesce(stage, :stage), :now, :now, :now
        FROM batch LEFT JOIN accounts USING (domain)
        ORDER BY email_hash
        ON CONFLICT (email_hash) DO UPDATE SET
            given_name = coalesce(excluded.given_name, known.given_name),
            family_name = coalesce(excluded.family_name, known.family_name),
            company = coalesce(excluded.company, known.company),
            title = coalesce(excluded.title, known.title),
            country = coalesce(excluded.country, known.country),
            time_zone = coalesce(excluded.time_zone, known.time_zone),
            attributes = known.attributes || excluded.attributes,
            account_id = coalesce(known.account_id, excluded.account_id),
            updated_at = excluded.updated_at
        WHERE excluded.given_name <> coalesce(known.given_name, '')
            OR excluded.family_name <> coalesce(known.family_name, '')
            OR excluded.company <> coalesce(known.company, '')
            OR excluded.title <> coalesce(known.title, '')
            OR excluded.country <> coalesce(known.country, '')
            OR excluded.time_zone <> coalesce(known.time_zone, '')
            OR NOT known.attributes @> excluded.attributes
            OR (known.account_id IS NULL AND excluded.account_id IS NOT NULL)
        RETURNING id, email_hash, stage, xmax = 0 AS created
    ),
    welcome AS (
        SELECT id, stored.stage FROM stored JOIN batch USING (email_hash) WHERE created AND NOT suppressed
    ),
    consented AS (
        INSERT INTO consents (contact_id, purpose, given, source, wording, at)
        SELECT id, 'marketing', true, :source, :wording, :now FROM welcome ORDER BY id
    ),
    enrolled AS (
        INSERT INTO enrollments (contact_id, version_id, sequence, stage, state, unplanned_since, started_at)
        SELECT id, :version_id, CAST(:sequences AS jsonb) ->> stage, stage, 'active', :now, :now
        FROM welcome WHERE CAST(:sequences AS jsonb) ->> stage IS NOT NULL ORDER BY id
        RETURNING id
    )
    SELECT
        (SELECT count(*) FROM batch),
        (SELECT count(*) FROM stored WHERE created),
        (SELECT count(*) FROM stored WHERE NOT created),
        (SELECT count(*) FROM batch WHERE suppressed),
        (SELECT count(*) FROM enrolled)
""")
