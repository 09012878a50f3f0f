-- The books: calls and their ledger lines by day, and the rollups that every dashboard reads. No foreign keys lead out
-- of here: a call outlives the team, the key and the provider that it names. Prisma does not see these tables.

-- The day is the day (UTC) of the id's time, so that an id alone finds its partition. Money: integer pico-dollars.
CREATE TABLE calls (
  day                   date           NOT NULL,
  id                    uuid           NOT NULL,
  at                    timestamptz(3) NOT NULL,
  trace_id              text           NOT NULL,
  gateway_id            text           NOT NULL,
  sequence              bigint         NOT NULL,
  kind                  text           NOT NULL,
  status                integer        NOT NULL,
  code                  text,
  outcome               text           NOT NULL,
  team_id               text,
  consumer_id           text,
  key_id                text,
  route_id              text,
  -- "C": what a search for a prefix needs to use the index.
  route                 text           COLLATE "C",
  stream                boolean        NOT NULL,
  requested_model       text           COLLATE "C",
  served_model          text           COLLATE "C",
  provider_id           text,
  end_user              text,
  input_tokens          bigint         NOT NULL,
  cached_input_tokens   bigint         NOT NULL,
  cache_write_5m_tokens bigint         NOT NULL,
  cache_write_1h_tokens bigint         NOT NULL,
  input_audio_tokens    bigint         NOT NULL,
  output_tokens         bigint         NOT NULL,
  reasoning_tokens      bigint         NOT NULL,
  output_audio_tokens   bigint         NOT NULL,
  usage_source          text           NOT NULL,
  cost_pico             numeric(38, 0),
  unpriced              boolean        NOT NULL,
  reserved_pico         numeric(38, 0),
  simulated             boolean        NOT NULL,
  latency_ms            bigint         NOT NULL,
  first_token_ms        bigint,
  overhead_us           bigint,
  revision              bigint         NOT NULL,
  attempt_count         integer        NOT NULL,
  attempts              jsonb          NOT NULL,
  dropped               jsonb          NOT NULL,
  tags                  jsonb          NOT NULL,
  PRIMARY KEY (day, id)
) PARTITION BY RANGE (day);

CREATE TABLE calls_default PARTITION OF calls DEFAULT;

-- Each filter of the log, in the order in which it is paged.
CREATE INDEX calls_team_idx ON calls (team_id, day, id);
CREATE INDEX calls_consumer_idx ON calls (consumer_id, day, id);
CREATE INDEX calls_key_idx ON calls (key_id, day, id);
CREATE INDEX calls_route_idx ON calls (route, day, id);
CREATE INDEX calls_trace_idx ON calls (trace_id);
-- What went wrong is rare, and looked for.
CREATE INDEX calls_outcome_idx ON calls (day, id) WHERE outcome <> 'ok';

CREATE TABLE ledger_lines (
  day             date           NOT NULL,
  call_id         uuid           NOT NULL,
  line_no         integer        NOT NULL,
  attempt         integer        NOT NULL,
  meter           text           NOT NULL,
  quantity        bigint         NOT NULL,
  -- Decimal text as it was applied, of which the cost is the product.
  usd_per_million text,
  unit            text,
  usd_per_unit    text,
  cost_pico       numeric(38, 0) NOT NULL,
  price_version   text           NOT NULL,
  -- In a correction: the `call_id/line_no` that it corrects.
  correction_of   text,
  PRIMARY KEY (day, call_id, line_no)
) PARTITION BY RANGE (day);

CREATE TABLE ledger_lines_default PARTITION OF ledger_lines DEFAULT;

-- Both rollups have the same columns. '' is "none" in a key, for NULLs would not be equal. The histograms count by the
-- bounds of lib/usage/histogram.ts.
CREATE TABLE rollup_quarters (
  bucket                timestamptz(0) NOT NULL,
  team_id               text           NOT NULL,
  consumer_id           text           NOT NULL,
  key_id                text           NOT NULL,
  route                 text           NOT NULL,
  provider_id           text           NOT NULL,
  model                 text           NOT NULL,
  kind                  text           NOT NULL,
  simulated             boolean        NOT NULL,
  requests              bigint         NOT NULL,
  errors                bigint         NOT NULL,
  refused               bigint         NOT NULL,
  input_tokens          bigint         NOT NULL,
  cached_input_tokens   bigint         NOT NULL,
  cache_write_5m_tokens bigint         NOT NULL,
  cache_write_1h_tokens bigint         NOT NULL,
  input_audio_tokens    bigint         NOT NULL,
  output_tokens         bigint         NOT NULL,
  reasoning_tokens      bigint         NOT NULL,
  output_audio_tokens   bigint         NOT NULL,
  cost_pico             numeric(38, 0) NOT NULL,
  unpriced              bigint         NOT NULL,
  estimated             bigint         NOT NULL,
  latency               integer[]      NOT NULL,
  first_token           integer[]      NOT NULL,
  PRIMARY KEY (bucket, team_id, consumer_id, key_id, route, provider_id, model, kind, simulated)
);

-- Room on each page for the updates of its rows, which change no indexed column.
ALTER TABLE rollup_quarters SET (fillfactor = 70);
CREATE INDEX rollup_quarters_team_idx ON rollup_quarters (team_id, bucket);
CREATE INDEX rollup_quarters_key_idx ON rollup_quarters (key_id, bucket);

-- Kept for two days; see lib/usage/housekeeping.ts.
CREATE TABLE rollup_minutes (LIKE rollup_quarters INCLUDING ALL);
ALTER TABLE rollup_minutes SET (fillfactor = 70);
