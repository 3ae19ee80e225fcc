-- What changed, in the order of commits: the live feed's log of alerts,
-- deliveries, rules and the system. Events need none, their total order is one.

CREATE TABLE live_change (
  number bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at     timestamptz NOT NULL DEFAULT clock_timestamp(),
  topic  text        NOT NULL,
  type   text        NOT NULL,
  about  text        NOT NULL,
  body   json        NOT NULL
);
COMMENT ON TABLE live_change IS 'changes that the live feed tells, for a while';
COMMENT ON COLUMN live_change.about IS 'the rule; of deliveries the channel';

-- Up to which number changes were dropped.
INSERT INTO generation (name) VALUES ('live_trimmed');

-- A sequence alone gives numbers in an order in which transactions need not
-- commit, and a reader would pass over the smaller number that commits later.
-- So a number is taken under a lock that ends after its COMMIT is visible. All
-- callers are deferred triggers: they run inside COMMIT, after every other lock
-- was taken, so this one makes no deadlock, and a process that stops in the
-- middle of its transaction does not hold it.
CREATE FUNCTION log_live_change(topic text, type text, about text, body json)
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended('eventpulse.live_change', 0));
  INSERT INTO live_change (topic, type, about, body) VALUES ($1, $2, $3, $4);
END $$;
COMMENT ON FUNCTION log_live_change IS
  'adds a change; only from deferred triggers';

CREATE FUNCTION live_time(ms bigint) RETURNS text LANGUAGE sql AS $$
  SELECT to_char(to_timestamp($1 / 1000.0) AT TIME ZONE 'UTC',
                 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
$$;

-- The whole row: read back with json_populate_record.
CREATE FUNCTION log_alert() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM log_live_change(
    'alerts',
    CASE TG_OP WHEN 'INSERT' THEN 'alert.opened'
               ELSE 'alert.' || NEW.state END,
    NEW.rule, to_json(NEW));
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER live_alert_opened AFTER INSERT ON alert
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION log_alert();
CREATE CONSTRAINT TRIGGER live_alert_changed AFTER UPDATE ON alert
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
  WHEN (OLD.state IS DISTINCT FROM NEW.state) EXECUTE FUNCTION log_alert();

CREATE FUNCTION log_delivery() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM log_live_change(
    'deliveries',
    CASE WHEN TG_OP = 'UPDATE' AND NEW.state = 'pending'
              AND OLD.state = 'pending'
         THEN 'delivery.retrying' ELSE 'delivery.' || NEW.state END,
    NEW.channel,
    row_to_json((SELECT r FROM (SELECT
      NEW.id, NEW.alert, NEW.channel, NEW.type, NEW.state, NEW.attempt_count,
      live_time(NEW.created_at_ms) AS created_at) r)));
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER live_delivery_made AFTER INSERT ON delivery
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION log_delivery();
-- Leases come and go without a change that anybody should see.
CREATE CONSTRAINT TRIGGER live_delivery_changed AFTER UPDATE ON delivery
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
  WHEN (OLD.state IS DISTINCT FROM NEW.state
        OR OLD.attempt_count IS DISTINCT FROM NEW.attempt_count)
  EXECUTE FUNCTION log_delivery();

CREATE FUNCTION log_rule_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM log_live_change(
    'rules',
    CASE WHEN NEW.deleted THEN 'rule.deleted' ELSE 'rule.published' END,
    NEW.rule,
    row_to_json((SELECT r FROM (SELECT
      NEW.rule, NEW.version, live_time(NEW.published_at_ms) AS published_at,
      NEW.published_by) r)));
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER live_rule_version AFTER INSERT ON rule_version
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
  EXECUTE FUNCTION log_rule_version();

CREATE FUNCTION log_rule_status() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM log_live_change(
    'rules', 'rule.' || NEW.state, NEW.rule,
    row_to_json((SELECT r FROM (SELECT
      NEW.rule, NEW.version, NEW.state, NEW.owner, NEW.last_error) r)));
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER live_rule_status_first AFTER INSERT ON rule_status
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
  EXECUTE FUNCTION log_rule_status();
-- Counts move all the time; they are looked up, not told.
CREATE CONSTRAINT TRIGGER live_rule_status_changed AFTER UPDATE ON rule_status
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
  WHEN (OLD.state IS DISTINCT FROM NEW.state
        OR OLD.version IS DISTINCT FROM NEW.version
        OR OLD.owner IS DISTINCT FROM NEW.owner)
  EXECUTE FUNCTION log_rule_status();

CREATE FUNCTION log_lease() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM log_live_change(
    'system', 'lease.taken', NEW.name,
    row_to_json((SELECT r FROM (SELECT NEW.name, NEW.epoch, NEW.owner) r)));
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER live_lease_first AFTER INSERT ON lease
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION log_lease();
CREATE CONSTRAINT TRIGGER live_lease_taken AFTER UPDATE ON lease
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
  WHEN (OLD.epoch IS DISTINCT FROM NEW.epoch) EXECUTE FUNCTION log_lease();

CREATE FUNCTION log_dead_letter() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM log_live_change(
    'system', 'dead_letter.kept', NEW.kind,
    row_to_json((SELECT r FROM (SELECT NEW.id, NEW.kind, NEW.reason) r)));
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER live_dead_letter AFTER INSERT ON dead_letter
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
  EXECUTE FUNCTION log_dead_letter();

CREATE FUNCTION log_channel() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM log_live_change(
    'system',
    CASE WHEN NEW.disabled THEN 'channel.disabled'
         ELSE 'channel.enabled' END,
    NEW.id,
    row_to_json((SELECT r FROM (SELECT NEW.id, NEW.kind) r)));
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER live_channel_changed AFTER UPDATE ON channel
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
  WHEN (OLD.disabled IS DISTINCT FROM NEW.disabled)
  EXECUTE FUNCTION log_channel();
