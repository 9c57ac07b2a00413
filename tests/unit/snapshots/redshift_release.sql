SELECT nspname FROM pg_namespace;

SELECT n.nspname, c.relname, a.attname, format_type(a.atttypid, a.atttypmod),
  COALESCE(d.description, ''), COALESCE(t.description, '')
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid
  LEFT JOIN pg_description d ON d.objoid = c.oid AND d.objsubid = a.attnum
  LEFT JOIN pg_description t ON t.objoid = c.oid AND t.objsubid = 0
WHERE n.nspname IN (%s) AND c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum;

SELECT view_schema, view_name, col_name
FROM pg_get_late_binding_view_cols()
  cols(view_schema name, view_name name, col_name name, col_type varchar, col_num int)
WHERE view_schema IN (%s) ORDER BY col_num;

SET statement_timeout TO 10000;

BEGIN;

CREATE SCHEMA IF NOT EXISTS "presentation_data";

CREATE SCHEMA IF NOT EXISTS "presentation";

CREATE TABLE IF NOT EXISTS "presentation_data"."load_log" (
  "release" BIGINT NOT NULL ENCODE RAW,
  "run_id" VARCHAR(65535) NOT NULL ENCODE ZSTD,
  "marts" VARCHAR(65535) NOT NULL ENCODE ZSTD,
  "released_at" TIMESTAMP NOT NULL ENCODE AZ64,
  PRIMARY KEY ("release")
)
DISTSTYLE KEY
DISTKEY ("release")
SORTKEY ("release");

COMMENT ON TABLE "presentation_data"."load_log" IS 'What each release brought; the last row says what is served.';

COMMENT ON COLUMN "presentation_data"."load_log"."release" IS 'Number of the release, from 1';

COMMENT ON COLUMN "presentation_data"."load_log"."run_id" IS 'The run that made it';

COMMENT ON COLUMN "presentation_data"."load_log"."marts" IS 'Each mart''s commit in the lake, as JSON';

COMMENT ON COLUMN "presentation_data"."load_log"."released_at" IS 'When it was made, UTC';

CREATE OR REPLACE VIEW "presentation"."load_log" AS
SELECT "release", "run_id", "marts", "released_at" FROM "presentation_data"."load_log"
WITH NO SCHEMA BINDING;

CREATE TABLE IF NOT EXISTS "presentation_data"."freshness" (
  "mart" VARCHAR(65535) NOT NULL ENCODE ZSTD,
  "source" VARCHAR(65535) NOT NULL ENCODE ZSTD,
  "source_horizon" TIMESTAMP NOT NULL ENCODE AZ64,
  "run_id" VARCHAR(65535) NOT NULL ENCODE ZSTD,
  PRIMARY KEY ("mart", "source")
)
DISTSTYLE ALL;

COMMENT ON TABLE "presentation_data"."freshness" IS 'How fresh each mart is: the horizon of each of its sources.';

COMMENT ON COLUMN "presentation_data"."freshness"."mart" IS 'A mart of this schema';

COMMENT ON COLUMN "presentation_data"."freshness"."source" IS 'A source table that it is made of';

COMMENT ON COLUMN "presentation_data"."freshness"."source_horizon" IS 'Up to when the mart holds its changes, UTC';

COMMENT ON COLUMN "presentation_data"."freshness"."run_id" IS 'The run that proved it';

CREATE OR REPLACE VIEW "presentation"."freshness" AS
SELECT "mart", "source", "source_horizon", "run_id" FROM "presentation_data"."freshness"
WITH NO SCHEMA BINDING;

CREATE TABLE IF NOT EXISTS "presentation_data"."nights" (
  "day" DATE ENCODE RAW,
  "order" BIGINT ENCODE AZ64,
  "note" VARCHAR(65535) ENCODE ZSTD,
  UNIQUE ("day", "order")
)
DISTSTYLE KEY
DISTKEY ("order")
SORTKEY ("day");

COMMENT ON TABLE "presentation_data"."nights" IS 'What nights says';

COMMENT ON COLUMN "presentation_data"."nights"."day" IS 'A day';

COMMENT ON COLUMN "presentation_data"."nights"."order" IS 'A number [pieces]';

COMMENT ON COLUMN "presentation_data"."nights"."note" IS 'A text';

CREATE OR REPLACE VIEW "presentation"."nights" AS
SELECT "day", "order", "note" FROM "presentation_data"."nights"
WITH NO SCHEMA BINDING;

COMMIT;

SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = %s AND c.relname = %s;

SELECT release, run_id, marts FROM "presentation_data"."load_log" ORDER BY release DESC LIMIT 1;

CREATE TEMPORARY TABLE "stage_1" ("day" DATE, "order" BIGINT, "note" VARCHAR(65535));

COPY "stage_1" FROM 's3://bucket/lake/_load/release/manifest' IAM_ROLE default FORMAT AS PARQUET MANIFEST;

SET statement_timeout TO 60000;

LOCK "presentation_data"."load_log";

SET statement_timeout TO 0;

DELETE FROM "presentation_data"."nights" WHERE TRUE;

INSERT INTO "presentation_data"."nights" ("day", "order", "note") SELECT "day", "order", "note" FROM "stage_1" ORDER BY "day", "order";

SELECT count(*), CAST(COALESCE(SUM(STRTOL(SUBSTRING(MD5(SUBSTRING(COALESCE('|' || COALESCE(CAST("day" AS VARCHAR(64)), '~'), '') || COALESCE('|' || COALESCE(CAST("order" AS VARCHAR(64)), '~'), '') || COALESCE('|' || COALESCE(CAST(CHAR_LENGTH("note") AS VARCHAR(20)), '~'), '') || COALESCE('|' || "note", ''), 2)), 1, 13), 16)), 0) AS VARCHAR(40)) FROM "presentation_data"."nights" WHERE TRUE;

INSERT INTO "presentation_data"."load_log" (release, run_id, marts, released_at) VALUES (%s, %s, %s, %s);

CREATE TEMPORARY TABLE "told" (LIKE "presentation_data"."freshness");

INSERT INTO "told" VALUES (%s, %s, %s, %s);

DELETE FROM "presentation_data"."freshness" USING "told" WHERE "presentation_data"."freshness".mart = "told".mart AND "presentation_data"."freshness".source = "told".source AND "presentation_data"."freshness".source_horizon <= "told".source_horizon;

INSERT INTO "presentation_data"."freshness" SELECT * FROM "told" WHERE NOT EXISTS (SELECT 1 FROM "presentation_data"."freshness" WHERE "presentation_data"."freshness".mart = "told".mart AND "presentation_data"."freshness".source = "told".source);

DROP TABLE "told";

SELECT count(*), CAST(COALESCE(SUM(STRTOL(SUBSTRING(MD5(SUBSTRING(COALESCE('|' || COALESCE(CAST("day" AS VARCHAR(64)), '~'), '') || COALESCE('|' || COALESCE(CAST("order" AS VARCHAR(64)), '~'), '') || COALESCE('|' || COALESCE(CAST(CHAR_LENGTH("note") AS VARCHAR(20)), '~'), '') || COALESCE('|' || "note", ''), 2)), 1, 13), 16)), 0) AS VARCHAR(40)) FROM "presentation_data"."nights" WHERE "day" IN (DATE '2024-01-05');

DELETE FROM "presentation_data"."nights" WHERE "day" IN (DATE '2024-01-05');

