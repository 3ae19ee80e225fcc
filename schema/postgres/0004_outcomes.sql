-- What evaluation raised, and who was told.

-- One opening of one (rule, group). The id is derived from rule, group and
-- opening point, so that the same opening is the same row however often it is
-- evaluated.
CREATE TABLE alert (
  id             text        COLLATE "C" NOT NULL PRIMARY KEY,
  rule           text        COLLATE "C" NOT NULL,
  rule_version   bigint      NOT NULL,
  severity       text        NOT NULL,
  state          text        NOT NULL,
  shadow         boolean     NOT NULL,
  group_values   json        NOT NULL,
  summary        text        NOT NULL,
  details        text        NOT NULL,
  aggregates     json        NOT NULL,
  count          bigint      NOT NULL,
  opened_at_ms   bigint      NOT NULL,
  opened_at      timestamptz NOT NULL
    GENERATED ALWAYS AS (to_timestamp(opened_at_ms / 1000.0)) STORED,
  last_seen_ms   bigint      NOT NULL,
  resolved_at_ms bigint,
  resolved_at    timestamptz
    GENERATED ALWAYS AS (to_timestamp(resolved_at_ms / 1000.0)) STORED,
  resolve_reason text        NOT NULL,
  labels         json        NOT NULL,
  events         json        NOT NULL,
  approximate    boolean     NOT NULL,
  traceparent    text        NOT NULL,
  tracestate     text        NOT NULL
);
CREATE INDEX alert_newest ON alert (opened_at_ms, id);
CREATE INDEX alert_by_rule ON alert (rule, opened_at_ms, id);
CREATE INDEX alert_by_state ON alert (state, opened_at_ms, id);
CREATE INDEX alert_by_severity ON alert (severity, opened_at_ms, id);
COMMENT ON TABLE alert IS 'every alert, firing or resolved';
COMMENT ON COLUMN alert.labels IS 'array of [name, value], in order';
COMMENT ON COLUMN alert.events IS 'array of {source, id}, newest last';

-- A notification channel. Its secrets are encrypted by the process
-- (crypto_secretbox of libsodium: nonce, then box); secret_key_id names the
-- key, never holds it.
CREATE TABLE channel (
  id            text    COLLATE "C" NOT NULL PRIMARY KEY,
  kind          text    NOT NULL,
  url           text    NOT NULL,
  secrets       bytea,
  secret_key_id text,
  disabled      boolean NOT NULL,
  created_at_ms bigint  NOT NULL,
  updated_at_ms bigint  NOT NULL,
  CHECK ((secrets IS NULL) = (secret_key_id IS NULL))
);
COMMENT ON TABLE channel IS 'where notifications go';

-- One message to one channel. leased_until and leased_by say which worker has
-- it in hand; next_attempt_at says from when on it may be tried.
CREATE TABLE delivery (
  id              text        COLLATE "C" NOT NULL PRIMARY KEY,
  alert           text        COLLATE "C" NOT NULL,
  channel         text        COLLATE "C" NOT NULL,
  type            text        NOT NULL,
  body            text        NOT NULL,
  state           text        NOT NULL,
  attempt_count   bigint      NOT NULL,
  created_at_ms   bigint      NOT NULL,
  traceparent     text        NOT NULL,
  tracestate      text        NOT NULL,
  next_attempt_at timestamptz,
  leased_by       text,
  leased_until    timestamptz
);
CREATE INDEX delivery_due ON delivery (next_attempt_at, id)
  WHERE state = 'pending';
CREATE INDEX delivery_newest ON delivery (created_at_ms, id);
CREATE INDEX delivery_by_alert ON delivery (alert, created_at_ms, id);
CREATE INDEX delivery_by_channel ON delivery (channel, created_at_ms, id);
CREATE INDEX delivery_by_state ON delivery (state, created_at_ms, id);
COMMENT ON TABLE delivery IS 'one message to one channel';
COMMENT ON COLUMN delivery.body IS 'what is sent and signed';

-- What each try came to. Two workers can hold the same number after a lease ran
-- out, so the start is part of the key.
CREATE TABLE attempt (
  delivery       text    COLLATE "C" NOT NULL
    REFERENCES delivery (id) ON DELETE CASCADE,
  number         bigint  NOT NULL,
  started_at_ms  bigint  NOT NULL,
  duration_ms    bigint  NOT NULL,
  status         integer NOT NULL,
  error          text    NOT NULL,
  answer_excerpt text    NOT NULL,
  PRIMARY KEY (delivery, number, started_at_ms)
);
CREATE INDEX attempt_by_start ON attempt (started_at_ms);
COMMENT ON TABLE attempt IS 'one try of a delivery';
