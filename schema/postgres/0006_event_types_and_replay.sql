-- JSON Schemas of event types, and what becomes of dead letters.

-- An event type's newest version number; the rows that say which schema holds.
CREATE TABLE event_type (
  type    text    COLLATE "C" NOT NULL PRIMARY KEY,
  version bigint  NOT NULL,
  deleted boolean NOT NULL DEFAULT false
);
COMMENT ON TABLE event_type IS
  'the newest version of every event type with a schema, tombstones too';

-- Immutable versions. A tombstone has no schema: the type is free again.
CREATE TABLE event_type_version (
  type            text    COLLATE "C" NOT NULL,
  version         bigint  NOT NULL,
  schema          json,
  deleted         boolean NOT NULL DEFAULT false,
  published_at_ms bigint  NOT NULL,
  published_by    text    NOT NULL,
  PRIMARY KEY (type, version),
  CHECK (deleted = (schema IS NULL))
);
COMMENT ON TABLE event_type_version IS 'every version of every schema';

INSERT INTO generation (name) VALUES ('event_types');

-- A settled letter stays, so that what is moved in a second time does nothing.
ALTER TABLE dead_letter
  ADD COLUMN state         text    COLLATE "C" NOT NULL DEFAULT 'pending'
    CHECK (state IN ('pending', 'replayed', 'discarded')),
  ADD COLUMN errors        json    NOT NULL DEFAULT '[]',
  ADD COLUMN event_type    text    COLLATE "C" NOT NULL DEFAULT '',
  ADD COLUMN event_id      text    NOT NULL DEFAULT '',
  ADD COLUMN key_id        text    NOT NULL DEFAULT '',
  ADD COLUMN key_name      text    COLLATE "C" NOT NULL DEFAULT '',
  ADD COLUMN bytes         bigint  NOT NULL DEFAULT 0,
  ADD COLUMN attempts      integer NOT NULL DEFAULT 0,
  ADD COLUMN last_error    text    NOT NULL DEFAULT '',
  ADD COLUMN settled_at_ms bigint,
  ADD COLUMN settled_by    text    NOT NULL DEFAULT '';
CREATE INDEX dead_letter_by_state ON dead_letter (state, created_at_ms, id);
COMMENT ON COLUMN dead_letter.bytes IS
  'of the original as received; more than are kept where it was cut short';
