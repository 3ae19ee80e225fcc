-- The right to write, and how far each partition of the stream was handled.

-- A lease a partition ("p0") and one for evaluation ("evaluation"). Every
-- writing transaction locks its row FOR KEY SHARE, which a renewal (expires_at
-- alone) does not wait for; a take-over changes epoch, a column of a unique
-- index, and so waits for every writer of the old epoch.
CREATE TABLE lease (
  name       text        NOT NULL PRIMARY KEY,
  epoch      bigint      NOT NULL CHECK (epoch > 0),
  owner      text        NOT NULL,
  expires_at timestamptz NOT NULL,
  taken_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
  UNIQUE (name, epoch)
);
COMMENT ON TABLE lease IS 'who may write for a partition or for evaluation';
COMMENT ON COLUMN lease.epoch IS 'grows with every take-over; fences writes';

-- The tail of each partition: the last stream position that was handled,
-- whatever became of its entry, and the partition's clock, which never falls.
CREATE TABLE partition (
  number        integer NOT NULL PRIMARY KEY CHECK (number >= 0),
  persisted_ms  bigint  NOT NULL DEFAULT 0,
  persisted_seq bigint  NOT NULL DEFAULT 0,
  clock_ms      bigint  NOT NULL DEFAULT 0
);
COMMENT ON TABLE partition IS 'how far each partition of the stream is kept';
COMMENT ON COLUMN partition.clock_ms IS
  'every later event of the partition is received at or after this';

-- Counters that grow inside the transaction that changes what they count. A
-- sequence would show its new value before the COMMIT, and a poller would then
-- take the old rows for the new generation.
CREATE TABLE generation (
  name  text   NOT NULL PRIMARY KEY,
  value bigint NOT NULL DEFAULT 0
);
INSERT INTO generation (name) VALUES ('rules'), ('keys');
COMMENT ON TABLE generation IS 'version counters that pollers compare';
