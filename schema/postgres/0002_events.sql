-- Events, one row each, partitioned by the UTC day of their stream position.

CREATE TABLE events (
  -- The CloudEvents attributes. time is null where it is absent or beyond what
  -- a timestamp can say; time_text is always what the client wrote.
  source             text        NOT NULL,
  id                 text        NOT NULL,
  type               text        NOT NULL,
  subject            text,
  time               timestamptz,
  time_text          text,
  datacontenttype    text,
  dataschema         text,
  extensions         jsonb,
  -- The exact bytes of `data`: json where it is JSON (the type keeps the text
  -- as it came, escaped NUL included, which jsonb would refuse), else bytea.
  payload            json,
  payload_bytes      bytea,
  -- <partition>-<ms>-<seq>, the Redis entry id.
  position_partition integer     NOT NULL,
  position_ms        bigint      NOT NULL,
  position_seq       bigint      NOT NULL,
  -- Rule time. Rules see events in the order (received_at_ms,
  -- position_partition, position_ms, position_seq).
  received_at_ms     bigint      NOT NULL,
  received_at        timestamptz NOT NULL
    GENERATED ALWAYS AS (to_timestamp(received_at_ms / 1000.0)) STORED,
  accepted_by        text        NOT NULL,
  accepted_at_ms     bigint      NOT NULL,
  traceparent        text,
  tracestate         text,
  persisted_at       timestamptz NOT NULL DEFAULT clock_timestamp(),
  -- xxh64 of source, NUL, id, NUL, partition key: finds content duplicates.
  dedup_hash         bigint      NOT NULL,
  PRIMARY KEY (position_partition, position_ms, position_seq),
  CHECK (payload IS NULL OR payload_bytes IS NULL)
) PARTITION BY RANGE (position_ms);
COMMENT ON TABLE events IS 'every event that was kept, once';
COMMENT ON COLUMN events.received_at IS 'rule time, fixed when it was kept';
COMMENT ON COLUMN events.accepted_by IS 'the name of the API key';

-- Read-back in the total order, and newest first.
CREATE INDEX events_in_order ON events
  (received_at_ms, position_partition, position_ms, position_seq);
-- The position stands in it so that no planner without statistics takes the
-- primary key for the window instead, and reads a day for every batch.
CREATE INDEX events_by_content ON events (dedup_hash, position_ms);
-- Filters of GET /v1/events, newest first. An attribute may be 8 KiB long and a
-- B-tree entry may not, so an index holds its first 200 characters; a query
-- compares both the prefix and the whole.
CREATE INDEX events_by_id ON events (left(id, 200));
CREATE INDEX events_by_type ON events
  (left(type, 200), received_at_ms, position_partition, position_ms,
   position_seq);
CREATE INDEX events_by_source ON events
  (left(source, 200), received_at_ms, position_partition, position_ms,
   position_seq);
CREATE INDEX events_by_subject ON events
  (left(subject, 200), received_at_ms, position_partition, position_ms,
   position_seq) WHERE subject IS NOT NULL;

-- Makes the partition of one UTC day, counted from 1970-01-01, where it is
-- missing. CREATE TABLE … PARTITION OF would lock out every reader of events;
-- ATTACH of a finished empty table does not. The advisory lock makes
-- processes that find the same day missing take turns.
CREATE FUNCTION make_event_day(day bigint) RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE
  child text := 'events_' || to_char(date '1970-01-01' + day::integer,
                                     'YYYYMMDD');
BEGIN
  IF to_regclass(child) IS NOT NULL THEN
    RETURN false;
  END IF;
  PERFORM pg_advisory_xact_lock(hashtextextended('eventpulse.event_day', 0));
  IF to_regclass(child) IS NOT NULL THEN
    RETURN false;
  END IF;
  EXECUTE format('CREATE TABLE %I (LIKE events INCLUDING ALL)', child);
  EXECUTE format('ALTER TABLE events ATTACH PARTITION %I '
                 'FOR VALUES FROM (%s) TO (%s)',
                 child, day * 86400000, (day + 1) * 86400000);
  RETURN true;
END $$;
COMMENT ON FUNCTION make_event_day IS
  'makes the events partition of a UTC day, days since 1970-01-01';
