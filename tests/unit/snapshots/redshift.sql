CREATE ROLE "loader";
CREATE ROLE "analyst";
CREATE ROLE "steward";
CREATE SCHEMA IF NOT EXISTS "raw_data";
GRANT USAGE ON SCHEMA "raw_data" TO ROLE "loader";
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA "raw_data" TO ROLE "loader";
ALTER DEFAULT PRIVILEGES IN SCHEMA "raw_data" GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO ROLE "loader";
CREATE SCHEMA IF NOT EXISTS "curated";
GRANT USAGE ON SCHEMA "curated" TO ROLE "loader";
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA "curated" TO ROLE "loader";
ALTER DEFAULT PRIVILEGES IN SCHEMA "curated" GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO ROLE "loader";
CREATE SCHEMA IF NOT EXISTS "presentation_data";
CREATE SCHEMA IF NOT EXISTS "presentation";
GRANT USAGE ON SCHEMA "presentation_data" TO ROLE "loader";
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA "presentation_data" TO ROLE "loader";
ALTER DEFAULT PRIVILEGES IN SCHEMA "presentation_data" GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO ROLE "loader";
GRANT USAGE ON SCHEMA "presentation" TO ROLE "loader";
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA "presentation" TO ROLE "loader";
ALTER DEFAULT PRIVILEGES IN SCHEMA "presentation" GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO ROLE "loader";
GRANT USAGE ON SCHEMA "presentation" TO ROLE "analyst";
GRANT SELECT ON ALL TABLES IN SCHEMA "presentation" TO ROLE "analyst";
ALTER DEFAULT PRIVILEGES IN SCHEMA "presentation" GRANT SELECT ON TABLES TO ROLE "analyst";
CREATE SCHEMA IF NOT EXISTS "quarantine";
GRANT USAGE ON SCHEMA "quarantine" TO ROLE "loader";
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA "quarantine" TO ROLE "loader";
ALTER DEFAULT PRIVILEGES IN SCHEMA "quarantine" GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO ROLE "loader";
GRANT USAGE ON SCHEMA "quarantine" TO ROLE "steward";
GRANT SELECT ON ALL TABLES IN SCHEMA "quarantine" TO ROLE "steward";
ALTER DEFAULT PRIVILEGES IN SCHEMA "quarantine" GRANT SELECT ON TABLES TO ROLE "steward";
CREATE TABLE IF NOT EXISTS "raw_data"."guests" (
  "id" INTEGER NOT NULL ENCODE AZ64,
  "mail" VARCHAR(400) ENCODE ZSTD,
  "tier" VARCHAR(4) ENCODE ZSTD,
  "order" VARCHAR(80) ENCODE ZSTD,
  "likes" VARCHAR(65535) ENCODE ZSTD,
  "balance" DECIMAL(38,2) ENCODE AZ64,
  "updated_at" TIMESTAMP ENCODE RAW,
  "_hash" VARCHAR(32) ENCODE ZSTD,
  "_op" VARCHAR(6) ENCODE ZSTD,
  "_run_id" VARCHAR(64) ENCODE ZSTD,
  "_seq" BIGINT NOT NULL ENCODE AZ64,
  "_window_low" TIMESTAMP ENCODE AZ64,
  "_window_high" TIMESTAMP ENCODE AZ64,
  "_read_at" TIMESTAMP ENCODE AZ64,
  PRIMARY KEY ("id", "_seq")
)
DISTSTYLE KEY
DISTKEY ("id")
SORTKEY ("updated_at");
COMMENT ON TABLE "raw_data"."guests" IS 'A guest''s record. Every version, as the source had it.';
COMMENT ON COLUMN "raw_data"."guests"."id" IS 'Number';
COMMENT ON COLUMN "raw_data"."guests"."mail" IS 'Address';
COMMENT ON COLUMN "raw_data"."guests"."tier" IS 'Tier';
COMMENT ON COLUMN "raw_data"."guests"."order" IS 'A reserved word, 100% of it \\ and a quote''s';
COMMENT ON COLUMN "raw_data"."guests"."balance" IS 'Owed';
COMMENT ON COLUMN "raw_data"."guests"."updated_at" IS 'Last change, UTC';
COMMENT ON COLUMN "raw_data"."guests"."_hash" IS 'md5 of the row''s canonical text';
COMMENT ON COLUMN "raw_data"."guests"."_op" IS '`upsert`, or `delete` where the row was gone';
COMMENT ON COLUMN "raw_data"."guests"."_run_id" IS 'The run that read it';
COMMENT ON COLUMN "raw_data"."guests"."_seq" IS 'The commit that brought the version; the latest holds';
COMMENT ON COLUMN "raw_data"."guests"."_window_low" IS 'Beyond this moment the run looked for changes, UTC';
COMMENT ON COLUMN "raw_data"."guests"."_window_high" IS 'Up to this moment the run looked for changes, UTC';
COMMENT ON COLUMN "raw_data"."guests"."_read_at" IS 'When it was read, UTC';
CREATE TABLE IF NOT EXISTS "curated"."guests" (
  "id" BIGINT NOT NULL ENCODE AZ64,
  "mail" VARCHAR(400) ENCODE ZSTD,
  "tier" VARCHAR(4) ENCODE ZSTD,
  "order" VARCHAR(80) ENCODE ZSTD,
  "likes" SUPER ENCODE ZSTD,
  "balance" DECIMAL(38,2) ENCODE AZ64,
  "updated_at" TIMESTAMP NOT NULL ENCODE RAW,
  "_deleted_at" TIMESTAMP ENCODE AZ64,
  "_seq" BIGINT NOT NULL ENCODE AZ64,
  PRIMARY KEY ("id")
)
DISTSTYLE KEY
DISTKEY ("id")
SORTKEY ("updated_at");
COMMENT ON TABLE "curated"."guests" IS 'A guest''s record.';
COMMENT ON COLUMN "curated"."guests"."id" IS 'Number';
COMMENT ON COLUMN "curated"."guests"."mail" IS 'Address (keyed hash)';
COMMENT ON COLUMN "curated"."guests"."tier" IS 'Tier';
COMMENT ON COLUMN "curated"."guests"."order" IS 'A reserved word, 100% of it \\ and a quote''s';
COMMENT ON COLUMN "curated"."guests"."balance" IS 'Owed';
COMMENT ON COLUMN "curated"."guests"."updated_at" IS 'Last change, UTC';
COMMENT ON COLUMN "curated"."guests"."_deleted_at" IS 'When the row was found gone at the source, UTC; NULL: it lives';
COMMENT ON COLUMN "curated"."guests"."_seq" IS 'The commit that brought the version; the latest holds';
CREATE TABLE IF NOT EXISTS "curated"."guests_history" (
  "id" BIGINT NOT NULL ENCODE AZ64,
  "mail" VARCHAR(400) ENCODE ZSTD,
  "tier" VARCHAR(4) ENCODE ZSTD,
  "order" VARCHAR(80) ENCODE ZSTD,
  "likes" SUPER ENCODE ZSTD,
  "balance" DECIMAL(38,2) ENCODE AZ64,
  "updated_at" TIMESTAMP NOT NULL ENCODE AZ64,
  "valid_from" TIMESTAMP ENCODE RAW,
  "valid_to" TIMESTAMP ENCODE AZ64,
  "is_current" BOOLEAN ENCODE RAW,
  "_seq" BIGINT NOT NULL ENCODE AZ64,
  PRIMARY KEY ("id", "_seq")
)
DISTSTYLE KEY
DISTKEY ("id")
SORTKEY ("valid_from");
COMMENT ON TABLE "curated"."guests_history" IS 'A guest''s record. Every version, with the time in which it held.';
COMMENT ON COLUMN "curated"."guests_history"."id" IS 'Number';
COMMENT ON COLUMN "curated"."guests_history"."mail" IS 'Address (keyed hash)';
COMMENT ON COLUMN "curated"."guests_history"."tier" IS 'Tier';
COMMENT ON COLUMN "curated"."guests_history"."order" IS 'A reserved word, 100% of it \\ and a quote''s';
COMMENT ON COLUMN "curated"."guests_history"."balance" IS 'Owed';
COMMENT ON COLUMN "curated"."guests_history"."updated_at" IS 'Last change, UTC';
COMMENT ON COLUMN "curated"."guests_history"."valid_from" IS 'From when the version held, UTC';
COMMENT ON COLUMN "curated"."guests_history"."valid_to" IS 'Until when the version held, UTC; NULL: it holds';
COMMENT ON COLUMN "curated"."guests_history"."is_current" IS 'The version holds now';
COMMENT ON COLUMN "curated"."guests_history"."_seq" IS 'The commit that brought the version; the latest holds';
CREATE TABLE IF NOT EXISTS "presentation_data"."stays_monthly" (
  "guest_id" BIGINT ENCODE AZ64,
  "month" DATE ENCODE RAW,
  "stays" BIGINT ENCODE AZ64,
  "is_partial" BOOLEAN ENCODE RAW,
  UNIQUE ("month", "guest_id")
)
DISTSTYLE KEY
DISTKEY ("guest_id")
SORTKEY ("month");
COMMENT ON TABLE "presentation_data"."stays_monthly" IS 'Stays of a guest by month.';
COMMENT ON COLUMN "presentation_data"."stays_monthly"."guest_id" IS 'Guest';
COMMENT ON COLUMN "presentation_data"."stays_monthly"."month" IS 'First day of the month';
COMMENT ON COLUMN "presentation_data"."stays_monthly"."stays" IS 'Stays that begin in it [stays]';
COMMENT ON COLUMN "presentation_data"."stays_monthly"."is_partial" IS 'The month is not over';
CREATE OR REPLACE VIEW "presentation"."stays_monthly" AS
SELECT "guest_id", "month", "stays", "is_partial" FROM "presentation_data"."stays_monthly"
WITH NO SCHEMA BINDING;
CREATE TABLE IF NOT EXISTS "presentation_data"."rates" (
  "city" VARCHAR(65535) ENCODE ZSTD,
  "rate" DOUBLE PRECISION ENCODE RAW,
  UNIQUE ("city")
)
DISTSTYLE ALL;
COMMENT ON TABLE "presentation_data"."rates" IS 'A rate.';
CREATE OR REPLACE VIEW "presentation"."rates" AS
SELECT "city", "rate" FROM "presentation_data"."rates"
WITH NO SCHEMA BINDING;
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
CREATE TABLE IF NOT EXISTS "presentation_data"."mirrors" (
  "mirror" VARCHAR(65535) NOT NULL ENCODE ZSTD,
  "lake_commit" VARCHAR(65535) NOT NULL ENCODE ZSTD,
  "columns" VARCHAR(65535) NOT NULL ENCODE ZSTD,
  "row_count" BIGINT NOT NULL ENCODE AZ64,
  "checksum" DECIMAL(38,0) NOT NULL ENCODE AZ64,
  "run_id" VARCHAR(65535) NOT NULL ENCODE ZSTD,
  "mirrored_at" TIMESTAMP NOT NULL ENCODE AZ64,
  PRIMARY KEY ("mirror")
)
DISTSTYLE ALL;
COMMENT ON TABLE "presentation_data"."mirrors" IS 'Up to which commit of the lake each table of the other schemas goes.';
COMMENT ON COLUMN "presentation_data"."mirrors"."mirror" IS 'A table of another schema that mirrors one of the lake';
COMMENT ON COLUMN "presentation_data"."mirrors"."lake_commit" IS 'The commit of the lake that it stands at';
COMMENT ON COLUMN "presentation_data"."mirrors"."columns" IS 'The columns that it was filled with, as JSON';
COMMENT ON COLUMN "presentation_data"."mirrors"."row_count" IS 'Its rows, equal to the lake''s';
COMMENT ON COLUMN "presentation_data"."mirrors"."checksum" IS 'Their checksum, equal to the lake''s';
COMMENT ON COLUMN "presentation_data"."mirrors"."run_id" IS 'The run that brought it there';
COMMENT ON COLUMN "presentation_data"."mirrors"."mirrored_at" IS 'When it was brought there, UTC';
CREATE OR REPLACE VIEW "presentation"."mirrors" AS
SELECT "mirror", "lake_commit", "columns", "row_count", "checksum", "run_id", "mirrored_at" FROM "presentation_data"."mirrors"
WITH NO SCHEMA BINDING;
CREATE TABLE IF NOT EXISTS "quarantine"."guests" (
  "id" BIGINT ENCODE AZ64,
  "mail" VARCHAR(400) ENCODE ZSTD,
  "tier" VARCHAR(4) ENCODE ZSTD,
  "order" VARCHAR(80) ENCODE ZSTD,
  "likes" VARCHAR(65535) ENCODE ZSTD,
  "balance" DECIMAL(38,2) ENCODE AZ64,
  "updated_at" TIMESTAMP ENCODE AZ64,
  "_rule" VARCHAR(65535) ENCODE ZSTD,
  "_reason" VARCHAR(65535) ENCODE ZSTD,
  "_run_id" VARCHAR(64) ENCODE ZSTD,
  "_seq" BIGINT ENCODE AZ64,
  "_last_seen" TIMESTAMP ENCODE RAW,
  "_first_seen" TIMESTAMP ENCODE AZ64,
  UNIQUE ("id")
)
DISTSTYLE KEY
DISTKEY ("id")
SORTKEY ("_last_seen");
COMMENT ON TABLE "quarantine"."guests" IS 'Rows of guests that rules keep out, as they were read; personal values hashed.';
COMMENT ON COLUMN "quarantine"."guests"."id" IS 'Number';
COMMENT ON COLUMN "quarantine"."guests"."mail" IS 'Address';
COMMENT ON COLUMN "quarantine"."guests"."tier" IS 'Tier';
COMMENT ON COLUMN "quarantine"."guests"."order" IS 'A reserved word, 100% of it \\ and a quote''s';
COMMENT ON COLUMN "quarantine"."guests"."balance" IS 'Owed';
COMMENT ON COLUMN "quarantine"."guests"."updated_at" IS 'Last change, UTC';
COMMENT ON COLUMN "quarantine"."guests"."_rule" IS 'The first rule that the row breaks';
COMMENT ON COLUMN "quarantine"."guests"."_reason" IS 'All rules that it breaks';
COMMENT ON COLUMN "quarantine"."guests"."_run_id" IS 'The run that read it';
COMMENT ON COLUMN "quarantine"."guests"."_seq" IS 'The commit that brought the version; the latest holds';
COMMENT ON COLUMN "quarantine"."guests"."_last_seen" IS 'When this version was read, UTC';
COMMENT ON COLUMN "quarantine"."guests"."_first_seen" IS 'Since when the row has been broken, UTC';
