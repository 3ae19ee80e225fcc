-- API keys, what could not go on, and who changed what.

-- A key's text is never kept, only its SHA-256.
CREATE TABLE api_key (
  id            text   COLLATE "C" NOT NULL PRIMARY KEY,
  name          text   NOT NULL,
  hash          text   NOT NULL UNIQUE,
  scopes        text[] NOT NULL,
  created_at_ms bigint NOT NULL,
  expires_at_ms bigint,
  revoked_at_ms bigint
);
-- A name is free again when its key is revoked.
CREATE UNIQUE INDEX api_key_by_name ON api_key (name)
  WHERE revoked_at_ms IS NULL;
COMMENT ON TABLE api_key IS 'API keys by hash';

-- identity makes the second keeping of the same thing do nothing: kind,
-- position and a hash of the headers where it has a position, else its id.
CREATE TABLE dead_letter (
  id                 text   COLLATE "C" NOT NULL PRIMARY KEY,
  identity           text   COLLATE "C" NOT NULL UNIQUE,
  kind               text   NOT NULL,
  reason             text   NOT NULL,
  original           bytea  NOT NULL,
  headers            json   NOT NULL,
  position_partition bigint,
  position_ms        numeric(20),
  position_seq       numeric(20),
  created_at_ms      bigint NOT NULL
);
CREATE INDEX dead_letter_newest ON dead_letter (created_at_ms, id);
CREATE INDEX dead_letter_by_kind ON dead_letter (kind, created_at_ms, id);
COMMENT ON TABLE dead_letter IS 'what could not go on, with its reason';

CREATE TABLE audit (
  id     bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at     timestamptz NOT NULL DEFAULT clock_timestamp(),
  who    text        NOT NULL,
  action text        NOT NULL,
  target text        NOT NULL,
  detail json
);
CREATE INDEX audit_newest ON audit (at, id);
CREATE INDEX audit_by_target ON audit (target, at, id);
COMMENT ON TABLE audit IS 'who changed what, and when';
