-- What operators do to alerts. Evaluation writes resolved_by and
-- resolve_comment with the rest of the alert; the acknowledgement stands beside
-- it and is left alone by evaluation.
ALTER TABLE alert
  ADD COLUMN resolved_by         text NOT NULL DEFAULT '',
  ADD COLUMN resolve_comment     text NOT NULL DEFAULT '',
  ADD COLUMN acknowledged_at_ms  bigint,
  ADD COLUMN acknowledged_at     timestamptz
    GENERATED ALWAYS AS (to_timestamp(acknowledged_at_ms / 1000.0)) STORED,
  ADD COLUMN acknowledged_by     text NOT NULL DEFAULT '',
  ADD COLUMN acknowledge_comment text NOT NULL DEFAULT '';
COMMENT ON COLUMN alert.resolved_by IS 'the API key''s name, when by hand';
COMMENT ON COLUMN alert.acknowledged_by IS 'the API key''s name';

-- The live feed tells of it.
CREATE OR REPLACE FUNCTION log_alert() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM log_live_change(
    'alerts',
    CASE WHEN TG_OP = 'INSERT' THEN 'alert.opened'
         WHEN OLD.state IS DISTINCT FROM NEW.state THEN 'alert.' || NEW.state
         ELSE 'alert.acknowledged' END,
    NEW.rule, to_json(NEW));
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER live_alert_acknowledged AFTER UPDATE ON alert
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
  WHEN (OLD.acknowledged_at_ms IS DISTINCT FROM NEW.acknowledged_at_ms)
  EXECUTE FUNCTION log_alert();
