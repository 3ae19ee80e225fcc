-- Rules, the control inputs that publish them, and where evaluation stands.
-- Ids compare byte by byte (COLLATE "C"), so that pages have one order on
-- every server and in memory.

-- A rule's newest version number; the row that writers lock.
CREATE TABLE rule (
  id      text    COLLATE "C" NOT NULL PRIMARY KEY,
  version bigint  NOT NULL,
  deleted boolean NOT NULL DEFAULT false
);
COMMENT ON TABLE rule IS 'the newest version of every rule, tombstones too';

-- Control inputs: committed first, then given a place in the one total order by
-- their entry in partition 0 of the stream.
CREATE TABLE control (
  id                 text        COLLATE "C" NOT NULL PRIMARY KEY,
  kind               text        NOT NULL,
  body               json        NOT NULL,
  created_at         timestamptz NOT NULL DEFAULT clock_timestamp(),
  position_partition integer,
  position_ms        bigint,
  position_seq       bigint,
  received_at_ms     bigint,
  CHECK (num_nulls(position_partition, position_ms, position_seq,
                   received_at_ms) IN (0, 4))
);
CREATE UNIQUE INDEX control_by_position ON control
  (position_partition, position_ms, position_seq);
CREATE INDEX control_in_order ON control
  (received_at_ms, position_partition, position_ms, position_seq)
  WHERE received_at_ms IS NOT NULL;
CREATE INDEX control_unplaced ON control (created_at, id)
  WHERE position_ms IS NULL;
COMMENT ON TABLE control IS
  'publishes, deletes and the like, in the order of events';

-- Immutable versions. A tombstone has no document.
CREATE TABLE rule_version (
  rule            text    COLLATE "C" NOT NULL,
  version         bigint  NOT NULL,
  document        json,
  deleted         boolean NOT NULL DEFAULT false,
  published_at_ms bigint  NOT NULL,
  published_by    text    NOT NULL,
  notify          text[]  NOT NULL DEFAULT '{}',
  control         text    COLLATE "C" NOT NULL UNIQUE REFERENCES control (id),
  PRIMARY KEY (rule, version),
  CHECK (deleted = (document IS NULL))
);
CREATE INDEX rule_version_by_notify ON rule_version USING gin (notify);
COMMENT ON TABLE rule_version IS 'every version of every rule';
COMMENT ON COLUMN rule_version.notify IS 'the channels that it names';

-- What a rule's page shows of its evaluator.
CREATE TABLE rule_status (
  rule       text        COLLATE "C" NOT NULL PRIMARY KEY,
  version    bigint      NOT NULL,
  state      text        NOT NULL,
  owner      text        NOT NULL,
  last_error text        NOT NULL,
  groups     bigint      NOT NULL,
  matches    bigint      NOT NULL,
  errors     bigint      NOT NULL,
  updated_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON TABLE rule_status IS 'state of every rule''s evaluator';

-- Cursors: an order key and a timer time. They are compared for equality only,
-- so an unsigned 64-bit part stands here as the same 64 bits, signed.
CREATE TABLE evaluation_cursor (
  only_one       boolean NOT NULL PRIMARY KEY DEFAULT true CHECK (only_one),
  received_at_ms bigint  NOT NULL DEFAULT 0,
  partition      bigint  NOT NULL DEFAULT 0,
  ms             bigint  NOT NULL DEFAULT 0,
  seq            bigint  NOT NULL DEFAULT 0,
  timer_ms       bigint  NOT NULL DEFAULT 0
);
INSERT INTO evaluation_cursor DEFAULT VALUES;
COMMENT ON TABLE evaluation_cursor IS
  'up to where every level rule has been evaluated';

CREATE TABLE rule_cursor (
  rule           text    COLLATE "C" NOT NULL PRIMARY KEY,
  received_at_ms bigint  NOT NULL,
  partition      bigint  NOT NULL,
  ms             bigint  NOT NULL,
  seq            bigint  NOT NULL,
  timer_ms       bigint  NOT NULL,
  detached       boolean NOT NULL
);
COMMENT ON TABLE rule_cursor IS
  'rules that are ahead of the level set, or detached from it';

-- The state of a rule's evaluator, one generation.
CREATE TABLE snapshot (
  rule           text        COLLATE "C" NOT NULL PRIMARY KEY,
  fingerprint    text        NOT NULL,
  engine_version integer     NOT NULL,
  received_at_ms bigint      NOT NULL,
  partition      bigint      NOT NULL,
  ms             bigint      NOT NULL,
  seq            bigint      NOT NULL,
  timer_ms       bigint      NOT NULL,
  saved_at       timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON TABLE snapshot IS 'up to where a rule''s kept state reaches';

-- A group key is made of event data and may be longer than a B-tree entry, so
-- the key is found by its hash.
CREATE TABLE snapshot_group (
  rule       text  COLLATE "C" NOT NULL
    REFERENCES snapshot (rule) ON DELETE CASCADE,
  group_hash bytea NOT NULL GENERATED ALWAYS AS (sha256(group_key)) STORED,
  group_key  bytea NOT NULL,
  bytes      bytea NOT NULL,
  PRIMARY KEY (rule, group_hash)
);
COMMENT ON TABLE snapshot_group IS 'the state of one group of a rule';
