"""Search"""

import os

import sqlalchemy as sa
from alembic import op

revision = "0004_core"
down_revision = "0003_core"
branch_labels = None
depends_on = None

SEARCHED = {
    "org_node": {"names": ["name"], "codes": ["code"]},
    "org_person": {"names": ["name"], "codes": ["username"]},
}
SIGNS = [chr(code) for code in range(0x21, 0x7F)]
CAPITALS = [sign for sign in SIGNS if sign.isupper()]
WIDE = {sign: chr(ord(sign) + 0xFEE0) for sign in SIGNS} | {" ": ""}
FUNCTIONS = (
    # Small letters and half-width signs, and back into full-width ones without spaces.
    f"""
CREATE FUNCTION search_plain(words text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT translate(words,
  $t${"".join(CAPITALS)}{"".join(WIDE[sign] for sign in SIGNS)}{chr(0x3000)}$t$,
  $t${"".join(CAPITALS).lower()}{"".join(SIGNS).lower()} $t$) $$
""",
    f"""
CREATE FUNCTION search_wide(words text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT translate(words,
  $t${"".join(SIGNS)} $t$, $t${"".join(WIDE[sign] for sign in SIGNS)}$t$) $$
""",
    # Dear, so that the planner tests the whole pattern first where it walks rows in order; not parallel, because
    # starting workers takes longer than a page.
    """
CREATE FUNCTION search_grams(words text) RETURNS tsvector LANGUAGE sql IMMUTABLE STRICT COST 500 AS $$
  SELECT array_to_tsvector(array_agg(substr(words, n, 2))) FROM generate_series(1, length(words) - 1) AS n
$$
""",
    """
CREATE FUNCTION search_part(kind text, value text) RETURNS text LANGUAGE plpgsql STABLE STRICT AS $$
DECLARE
  plain text := search_plain(value); initials text := ''; sounds text := ''; sign text; found record;
BEGIN
  IF kind = 'code' THEN RETURN chr(31) || search_wide(plain); END IF;
  IF kind = 'number' THEN RETURN chr(30) || search_wide(plain) || chr(30); END IF;
  IF plain !~ '[\u4e00-\u9fff]' THEN RETURN chr(31) || plain; END IF;
  FOREACH sign IN ARRAY string_to_array(plain, NULL) LOOP
    SELECT l.initial, l.wide INTO found FROM search_letter AS l WHERE l.letter = sign;
    initials := initials || coalesce(found.initial, sign);
    sounds := sounds || coalesce(found.wide, sign);
  END LOOP;
  RETURN chr(31) || plain || CASE WHEN sounds = search_wide(plain) THEN ''
    ELSE chr(31) || replace(initials, ' ', '') || chr(31) || sounds END;
END $$
""",
    """
CREATE FUNCTION search_fill() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  given jsonb := to_jsonb(NEW); place int;
BEGIN
  NEW.search_text := '';
  FOR place IN 0 .. TG_NARGS - 1 BY 2 LOOP
    NEW.search_text := NEW.search_text || coalesce(search_part(TG_ARGV[place], given ->> TG_ARGV[place + 1]), '');
  END LOOP;
  RETURN NEW;
END $$
""",
)


def upgrade() -> None:
    letter = op.create_table(
        "search_letter",
        sa.Column("letter", sa.Text().with_variant(sa.Text(collation="C"), "postgresql"), nullable=False),
        sa.Column("plain", sa.Text(), nullable=False),
        sa.Column("wide", sa.Text(), nullable=False),
        sa.Column("initial", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("letter", name="pk_search_letter"),
        sqlite_with_rowid=False,
    )
    op.bulk_insert(letter, _letters())
    if op.get_bind().dialect.name == "postgresql":
        for function in FUNCTIONS:
            op.execute(function)
    for table, kinds in SEARCHED.items():
        op.add_column(table, sa.Column("search_text", sa.Text(), server_default="", nullable=False))
        op.create_search(table, **kinds)


def downgrade() -> None:
    for table in SEARCHED:
        op.drop_search(table)
        op.drop_column(table, "search_text")
    op.drop_table("search_letter")
    if op.get_bind().dialect.name == "postgresql":
        for function in ("fill()", "part(text, text)", "grams(text)", "wide(text)", "plain(text)"):
            op.execute(f"DROP FUNCTION search_{function}")


def _letters() -> list[dict[str, str | None]]:
    os.environ.setdefault("PYPINYIN_NO_PHRASES", "1")
    from pypinyin import lazy_pinyin

    pairs = [(sign, sign.lower()) for sign in SIGNS] + [(WIDE[sign], sign.lower()) for sign in SIGNS]
    rows: list[dict[str, str | None]] = [
        {"letter": letter, "plain": plain, "wide": WIDE[plain], "initial": None}
        for letter, plain in [*pairs, (" ", " "), (chr(0x3000), " ")]
    ]
    for letter in map(chr, range(0x4E00, 0xA000)):
        sound = lazy_pinyin(letter)[0]
        if sound.isascii():
            wide = "".join(WIDE[sign] for sign in sound)
            rows.append({"letter": letter, "plain": letter, "wide": wide, "initial": sound[0]})
    return rows
