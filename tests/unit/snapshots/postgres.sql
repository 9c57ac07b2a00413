BEGIN;
CREATE ROLE "loader" NOLOGIN;
GRANT "loader" TO CURRENT_USER;
CREATE ROLE "analyst" NOLOGIN;
CREATE ROLE "steward" NOLOGIN;
CREATE SCHEMA "raw_data" AUTHORIZATION "loader";
CREATE SCHEMA "curated" AUTHORIZATION "loader";
CREATE SCHEMA "presentation" AUTHORIZATION "loader";
CREATE SCHEMA "quarantine" AUTHORIZATION "loader";
SET LOCAL ROLE "loader";
GRANT USAGE ON SCHEMA "presentation" TO "analyst";
ALTER DEFAULT PRIVILEGES IN SCHEMA "presentation" GRANT SELECT ON TABLES TO "analyst";
GRANT USAGE ON SCHEMA "quarantine" TO "steward";
ALTER DEFAULT PRIVILEGES IN SCHEMA "quarantine" GRANT SELECT ON TABLES TO "steward";
CREATE TABLE "raw_data"."guests" (
  "id" integer NOT NULL,
  "mail" text,
  "tier" text,
  "order" text,
  "likes" text,
  "balance" numeric(38,2),
  "updated_at" timestamp with time zone,
  "_hash" text,
  "_op" text,
  "_run_id" text,
  "_seq" bigint NOT NULL,
  "_window_low" timestamp with time zone,
  "_window_high" timestamp with time zone,
  "_read_at" timestamp with time zone,
  CONSTRAINT "guests_key" PRIMARY KEY ("id", "_seq")
);
COMMENT ON TABLE "raw_data"."guests" IS 'A guest''s record. Every version, as the source had it.';
COMMENT ON COLUMN "raw_data"."guests"."id" IS 'Number';
COMMENT ON COLUMN "raw_data"."guests"."mail" IS 'Address';
COMMENT ON COLUMN "raw_data"."guests"."tier" IS 'Tier';
COMMENT ON COLUMN "raw_data"."guests"."order" IS 'A reserved word, 100% of it \ and a quote''s';
COMMENT ON COLUMN "raw_data"."guests"."balance" IS 'Owed';
COMMENT ON COLUMN "raw_data"."guests"."updated_at" IS 'Last change, UTC';
COMMENT ON COLUMN "raw_data"."guests"."_hash" IS 'md5 of the row''s canonical text';
COMMENT ON COLUMN "raw_data"."guests"."_op" IS '`upsert`, or `delete` where the row was gone';
COMMENT ON COLUMN "raw_data"."guests"."_run_id" IS 'The run that read it';
COMMENT ON COLUMN "raw_data"."guests"."_seq" IS 'The commit that brought the version; the latest holds';
COMMENT ON COLUMN "raw_data"."guests"."_window_low" IS 'Beyond this moment the run looked for changes, UTC';
COMMENT ON COLUMN "raw_data"."guests"."_window_high" IS 'Up to this moment the run looked for changes, UTC';
COMMENT ON COLUMN "raw_data"."guests"."_read_at" IS 'When it was read, UTC';
CREATE TABLE "curated"."guests" (
  "id" bigint NOT NULL,
  "mail" text,
  "tier" text,
  "order" text,
  "likes" text[],
  "balance" numeric(38,2),
  "updated_at" timestamp with time zone NOT NULL,
  "_deleted_at" timestamp with time zone,
  "_seq" bigint NOT NULL,
  CONSTRAINT "guests_key" PRIMARY KEY ("id")
);
COMMENT ON TABLE "curated"."guests" IS 'A guest''s record.';
COMMENT ON COLUMN "curated"."guests"."id" IS 'Number';
COMMENT ON COLUMN "curated"."guests"."mail" IS 'Address (keyed hash)';
COMMENT ON COLUMN "curated"."guests"."tier" IS 'Tier';
COMMENT ON COLUMN "curated"."guests"."order" IS 'A reserved word, 100% of it \ and a quote''s';
COMMENT ON COLUMN "curated"."guests"."balance" IS 'Owed';
COMMENT ON COLUMN "curated"."guests"."updated_at" IS 'Last change, UTC';
COMMENT ON COLUMN "curated"."guests"."_deleted_at" IS 'When the row was found gone at the source, UTC; NULL: it lives';
COMMENT ON COLUMN "curated"."guests"."_seq" IS 'The commit that brought the version; the latest holds';
CREATE TABLE "curated"."guests_history" (
  "id" bigint NOT NULL,
  "mail" text,
  "tier" text,
  "order" text,
  "likes" text[],
  "balance" numeric(38,2),
  "updated_at" timestamp with time zone NOT NULL,
  "valid_from" timestamp with time zone,
  "valid_to" timestamp with time zone,
  "is_current" boolean,
  "_seq" bigint NOT NULL,
  CONSTRAINT "guests_history_key" PRIMARY KEY ("id", "_seq")
);
COMMENT ON TABLE "curated"."guests_history" IS 'A guest''s record. Every version, with the time in which it held.';
COMMENT ON COLUMN "curated"."guests_history"."id" IS 'Number';
COMMENT ON COLUMN "curated"."guests_history"."mail" IS 'Address (keyed hash)';
COMMENT ON COLUMN "curated"."guests_history"."tier" IS 'Tier';
COMMENT ON COLUMN "curated"."guests_history"."order" IS 'A reserved word, 100% of it \ and a quote''s';
COMMENT ON COLUMN "curated"."guests_history"."balance" IS 'Owed';
COMMENT ON COLUMN "curated"."guests_history"."updated_at" IS 'Last change, UTC';
COMMENT ON COLUMN "curated"."guests_history"."valid_from" IS 'From when the version held, UTC';
COMMENT ON COLUMN "curated"."guests_history"."valid_to" IS 'Until when the version held, UTC; NULL: it holds';
COMMENT ON COLUMN "curated"."guests_history"."is_current" IS 'The version holds now';
COMMENT ON COLUMN "curated"."guests_history"."_seq" IS 'The commit that brought the version; the latest holds';
CREATE TABLE "presentation"."stays_monthly" (
  "guest_id" bigint,
  "month" date,
  "stays" bigint,
  "is_partial" boolean,
  CONSTRAINT "stays_monthly_key" UNIQUE NULLS NOT DISTINCT ("month", "guest_id")
);
COMMENT ON TABLE "presentation"."stays_monthly" IS 'Stays of a guest by month.';
COMMENT ON COLUMN "presentation"."stays_monthly"."guest_id" IS 'Guest';
COMMENT ON COLUMN "presentation"."stays_monthly"."month" IS 'First day of the month';
COMMENT ON COLUMN "presentation"."stays_monthly"."stays" IS 'Stays that begin in it [stays]';
COMMENT ON COLUMN "presentation"."stays_monthly"."is_partial" IS 'The month is not over';
CREATE TABLE "presentation"."rates" (
  "city" text,
  "rate" double precision,
  CONSTRAINT "rates_key" UNIQUE NULLS NOT DISTINCT ("city")
);
COMMENT ON TABLE "presentation"."rates" IS 'A rate.';
CREATE TABLE "presentation"."load_log" (
  "release" bigint NOT NULL,
  "run_id" text NOT NULL,
  "marts" text NOT NULL,
  "released_at" timestamp with time zone NOT NULL,
  CONSTRAINT "load_log_key" PRIMARY KEY ("release")
);
COMMENT ON TABLE "presentation"."load_log" IS 'What each release brought; the last row says what is served.';
COMMENT ON COLUMN "presentation"."load_log"."release" IS 'Number of the release, from 1';
COMMENT ON COLUMN "presentation"."load_log"."run_id" IS 'The run that made it';
COMMENT ON COLUMN "presentation"."load_log"."marts" IS 'Each mart''s commit in the lake, as JSON';
COMMENT ON COLUMN "presentation"."load_log"."released_at" IS 'When it was made, UTC';
CREATE TABLE "presentation"."freshness" (
  "mart" text NOT NULL,
  "source" text NOT NULL,
  "source_horizon" timestamp with time zone NOT NULL,
  "run_id" text NOT NULL,
  CONSTRAINT "freshness_key" PRIMARY KEY ("mart", "source")
);
COMMENT ON TABLE "presentation"."freshness" IS 'How fresh each mart is: the horizon of each of its sources.';
COMMENT ON COLUMN "presentation"."freshness"."mart" IS 'A mart of this schema';
COMMENT ON COLUMN "presentation"."freshness"."source" IS 'A source table that it is made of';
COMMENT ON COLUMN "presentation"."freshness"."source_horizon" IS 'Up to when the mart holds its changes, UTC';
COMMENT ON COLUMN "presentation"."freshness"."run_id" IS 'The run that proved it';
CREATE TABLE "presentation"."mirrors" (
  "mirror" text NOT NULL,
  "lake_commit" text NOT NULL,
  "columns" text NOT NULL,
  "row_count" bigint NOT NULL,
  "checksum" numeric(38,0) NOT NULL,
  "run_id" text NOT NULL,
  "mirrored_at" timestamp with time zone NOT NULL,
  CONSTRAINT "mirrors_key" PRIMARY KEY ("mirror")
);
COMMENT ON TABLE "presentation"."mirrors" IS 'Up to which commit of the lake each table of the other schemas goes.';
COMMENT ON COLUMN "presentation"."mirrors"."mirror" IS 'A table of another schema that mirrors one of the lake';
COMMENT ON COLUMN "presentation"."mirrors"."lake_commit" IS 'The commit of the lake that it stands at';
COMMENT ON COLUMN "presentation"."mirrors"."columns" IS 'The columns that it was filled with, as JSON';
COMMENT ON COLUMN "presentation"."mirrors"."row_count" IS 'Its rows, equal to the lake''s';
COMMENT ON COLUMN "presentation"."mirrors"."checksum" IS 'Their checksum, equal to the lake''s';
COMMENT ON COLUMN "presentation"."mirrors"."run_id" IS 'The run that brought it there';
COMMENT ON COLUMN "presentation"."mirrors"."mirrored_at" IS 'When it was brought there, UTC';
CREATE TABLE "quarantine"."guests" (
  "id" bigint,
  "mail" text,
  "tier" text,
  "order" text,
  "likes" text,
  "balance" numeric(38,2),
  "updated_at" timestamp with time zone,
  "_rule" text,
  "_reason" text,
  "_run_id" text,
  "_seq" bigint,
  "_last_seen" timestamp with time zone,
  "_first_seen" timestamp with time zone,
  CONSTRAINT "guests_key" UNIQUE NULLS NOT DISTINCT ("id")
);
COMMENT ON TABLE "quarantine"."guests" IS 'Rows of guests that rules keep out, as they were read; personal values hashed.';
COMMENT ON COLUMN "quarantine"."guests"."id" IS 'Number';
COMMENT ON COLUMN "quarantine"."guests"."mail" IS 'Address';
COMMENT ON COLUMN "quarantine"."guests"."tier" IS 'Tier';
COMMENT ON COLUMN "quarantine"."guests"."order" IS 'A reserved word, 100% of it \ and a quote''s';
COMMENT ON COLUMN "quarantine"."guests"."balance" IS 'Owed';
COMMENT ON COLUMN "quarantine"."guests"."updated_at" IS 'Last change, UTC';
COMMENT ON COLUMN "quarantine"."guests"."_rule" IS 'The first rule that the row breaks';
COMMENT ON COLUMN "quarantine"."guests"."_reason" IS 'All rules that it breaks';
COMMENT ON COLUMN "quarantine"."guests"."_run_id" IS 'The run that read it';
COMMENT ON COLUMN "quarantine"."guests"."_seq" IS 'The commit that brought the version; the latest holds';
COMMENT ON COLUMN "quarantine"."guests"."_last_seen" IS 'When this version was read, UTC';
COMMENT ON COLUMN "quarantine"."guests"."_first_seen" IS 'Since when the row has been broken, UTC';
COMMIT;
