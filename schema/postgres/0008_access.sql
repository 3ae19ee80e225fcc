-- Who may do what how often, who changed what, and rotation of secrets.

-- Every change through the API writes its row here in the transaction of the
-- change. `detail` was never written; before and after stand in its place.
ALTER TABLE audit
  DROP COLUMN detail,
  ALTER COLUMN action TYPE text COLLATE "C",
  ALTER COLUMN target TYPE text COLLATE "C",
  ADD COLUMN key_id     text COLLATE "C" NOT NULL DEFAULT '',
  ADD COLUMN request_id text NOT NULL DEFAULT '',
  ADD COLUMN trace_id   text NOT NULL DEFAULT '',
  ADD COLUMN before     json,
  ADD COLUMN after      json;
DROP INDEX audit_by_target;
CREATE INDEX audit_by_target ON audit (target, id);
CREATE INDEX audit_by_action ON audit (action, id);
CREATE INDEX audit_by_who ON audit (who, id);
CREATE INDEX audit_by_key ON audit (key_id, id);
COMMENT ON COLUMN audit.key_id IS 'empty: the program itself';
COMMENT ON COLUMN audit.who IS 'the name of the API key at that time';
COMMENT ON COLUMN audit.action IS 'what it is about, a dot, what was done';
COMMENT ON COLUMN audit.target IS 'what it is about, a slash, its id';
COMMENT ON COLUMN audit.before IS 'without secrets; null: there was nothing';
COMMENT ON COLUMN audit.after IS 'without secrets; null: there is nothing';

-- So many requests a window; null: as many as there are.
ALTER TABLE api_key
  ADD COLUMN rate_limit     bigint CHECK (rate_limit > 0),
  ADD COLUMN rate_window_ms bigint CHECK (rate_window_ms > 0),
  ADD CHECK (num_nulls(rate_limit, rate_window_ms) IN (0, 2));

-- The newest secret signs until it is replaced; each older one until its end.
ALTER TABLE channel
  ADD COLUMN secret_ends_at_ms bigint[] NOT NULL DEFAULT '{}';
COMMENT ON COLUMN channel.secret_ends_at_ms IS
  'when the second, third … secret stops signing';

-- A delivery that is tried anew by hand begins its schedule again.
ALTER TABLE delivery
  ADD COLUMN attempts_before bigint NOT NULL DEFAULT 0;
COMMENT ON COLUMN delivery.attempts_before IS
  'attempts made before it was last tried anew by hand';
COMMENT ON COLUMN delivery.alert IS 'empty: a test of the channel';
