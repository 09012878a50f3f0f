-- By hand: what the schema language cannot say.

-- Hours that begin at half past, for the zones that stand half an hour off; without the rows by team and something else,
-- and without consumers. See lib/usage/compaction.ts, which fills both tables behind the clock.
CREATE TABLE rollup_shifted_hours (LIKE rollup_hours INCLUDING ALL);

-- What budgets read of a long period.
CREATE TABLE rollup_spent_days (
  bucket    timestamptz(0) NOT NULL,
  scope     text           COLLATE "C" NOT NULL,
  subject   text           COLLATE "C" NOT NULL,
  cost_pico numeric(38, 0) NOT NULL,
  PRIMARY KEY (bucket, scope, subject)
);
