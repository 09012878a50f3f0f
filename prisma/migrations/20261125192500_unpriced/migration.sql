-- By hand: what the schema language cannot say.
-- What is unpriced is rare, and listed with all that was used of it.
CREATE INDEX rollup_quarters_unpriced_idx ON rollup_quarters (bucket) WHERE unpriced > 0;
