-- Which alerts name an event: the story of an event asks for it. Only ids are
-- kept in it; the source is compared in the row.
CREATE INDEX alert_by_event ON alert
  USING gin (jsonb_path_query_array(events::jsonb, '$[*].id') jsonb_path_ops);
