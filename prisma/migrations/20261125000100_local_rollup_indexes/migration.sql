-- By hand: what the schema language cannot say.

-- The day comes first, so that what is booked now stands together, however many keys there are: an index by key alone
-- took a page from all over it for nearly every call.
DROP INDEX rollup_quarters_team_idx;
DROP INDEX rollup_quarters_key_idx;
CREATE INDEX rollup_quarters_team_idx ON rollup_quarters (((bucket AT TIME ZONE 'UTC')::date), team_id);
CREATE INDEX rollup_quarters_key_idx ON rollup_quarters (((bucket AT TIME ZONE 'UTC')::date), key_id);
ANALYZE rollup_quarters;
