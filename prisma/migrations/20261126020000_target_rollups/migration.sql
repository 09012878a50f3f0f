-- By hand: what the schema language cannot say.

-- What a route did with a call: a fallback that answered, and what was decided. NULL for most calls.
ALTER TABLE calls ADD COLUMN degraded jsonb;
ALTER TABLE calls ADD COLUMN routing jsonb;
CREATE INDEX calls_degraded_idx ON calls (day, id) WHERE degraded IS NOT NULL;

-- What each target of a route was asked, and what came of it: see lib/usage/target-rollup.ts. '' is "none" in a key, for
-- calls that were refused before a target was asked. Failures and fallbacks count by the places of LEFT_REASONS in
-- lib/contract/usage-event.ts, times by the bounds of lib/usage/histogram.ts.
CREATE TABLE rollup_target_quarters (
  bucket              timestamptz(0) NOT NULL,
  route_id            text           COLLATE "C" NOT NULL,
  provider_id         text           COLLATE "C" NOT NULL,
  model               text           COLLATE "C" NOT NULL,
  simulated           boolean        NOT NULL,
  calls               bigint         NOT NULL,
  errors              bigint         NOT NULL,
  refused             bigint         NOT NULL,
  attempts            bigint         NOT NULL,
  chosen_first        bigint         NOT NULL,
  failures            integer[]      NOT NULL,
  fallbacks           integer[]      NOT NULL,
  latency             integer[]      NOT NULL,
  first_token         integer[]      NOT NULL,
  attempt_latency     integer[]      NOT NULL,
  attempt_first_token integer[]      NOT NULL,
  PRIMARY KEY (bucket, route_id, provider_id, model, simulated)
);
ALTER TABLE rollup_target_quarters SET (fillfactor = 70);
CREATE INDEX rollup_target_quarters_route_idx ON rollup_target_quarters (route_id, bucket);
CREATE INDEX rollup_target_quarters_provider_idx ON rollup_target_quarters (provider_id, bucket);

-- Kept for two days.
CREATE TABLE rollup_target_minutes (LIKE rollup_target_quarters INCLUDING ALL);
ALTER TABLE rollup_target_minutes SET (fillfactor = 70);
-- Made of the quarters behind the clock, without empty counts at either end: see lib/usage/compaction.ts.
CREATE TABLE rollup_target_days (LIKE rollup_target_quarters INCLUDING ALL);
