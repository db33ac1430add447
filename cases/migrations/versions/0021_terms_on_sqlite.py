"""On SQLite an index of terms, which the database keeps by itself; PostgreSQL has one (GIN)."""

from __future__ import annotations

from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

# A row's bytes are terms of eight each (``cases.search_terms.signed_pack``).
_PIECES = """
    SELECT substr({row}.terms, at, 8) AS term FROM (
        WITH RECURSIVE piece(at) AS (
            SELECT 1 WHERE length({row}.terms) > 0
            UNION ALL SELECT at + 8 FROM piece WHERE at + 8 < length({row}.terms)
        ) SELECT at FROM piece
    )
"""
_NEW = _PIECES.format(row="NEW")
_OLD = _PIECES.format(row="OLD")
_NUMBER = "(SELECT number FROM case_word_rows WHERE case_id = {row}.case_id)"


def upgrade() -> None:
    """Make the index, fill it from the rows that are there, and have it follow them."""
    if op.get_bind().dialect.name != "sqlite":
        return
    op.execute(
        "CREATE TABLE case_word_rows (number INTEGER PRIMARY KEY, case_id VARCHAR NOT NULL UNIQUE)"
    )
    op.execute(
        "CREATE TABLE case_word_terms (term BLOB NOT NULL, number INTEGER NOT NULL, "
        "PRIMARY KEY (term, number)) WITHOUT ROWID"
    )
    op.execute(
        f"""
        CREATE TRIGGER case_words_added AFTER INSERT ON case_words BEGIN
            INSERT INTO case_word_rows (case_id) VALUES (NEW.case_id);
            INSERT INTO case_word_terms SELECT term, {_NUMBER.format(row="NEW")} FROM ({_NEW});
        END
        """  # noqa: S608 - nothing of it comes from outside
    )
    # Only what differs is touched: one message adds a few words to some hundreds.
    op.execute(
        f"""
        CREATE TRIGGER case_words_changed AFTER UPDATE OF terms ON case_words BEGIN
            DELETE FROM case_word_terms WHERE number = {_NUMBER.format(row="OLD")}
                AND term IN ({_OLD} EXCEPT {_NEW});
            INSERT INTO case_word_terms
                SELECT term, {_NUMBER.format(row="NEW")} FROM ({_NEW} EXCEPT {_OLD});
        END
        """  # noqa: S608
    )
    op.execute(
        f"""
        CREATE TRIGGER case_words_forgotten AFTER DELETE ON case_words BEGIN
            DELETE FROM case_word_terms WHERE number = {_NUMBER.format(row="OLD")}
                AND term IN ({_OLD});
            DELETE FROM case_word_rows WHERE case_id = OLD.case_id;
        END
        """  # noqa: S608
    )
    op.execute("INSERT INTO case_word_rows (case_id) SELECT case_id FROM case_words")
    op.execute(
        """
        INSERT INTO case_word_terms
        WITH RECURSIVE piece(number, terms, at) AS (
            SELECT number, terms, 1 FROM case_words JOIN case_word_rows USING (case_id)
            WHERE length(terms) > 0
            UNION ALL SELECT number, terms, at + 8 FROM piece WHERE at + 8 < length(terms)
        ) SELECT substr(terms, at, 8), number FROM piece
        """
    )


def downgrade() -> None:
    """Take the index away; the rows it was made of stay."""
    if op.get_bind().dialect.name != "sqlite":
        return
    for name in ("added", "changed", "forgotten"):
        op.execute(f"DROP TRIGGER case_words_{name}")
    op.drop_table("case_word_terms")
    op.drop_table("case_word_rows")
