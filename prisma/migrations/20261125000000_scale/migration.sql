-- CreateIndex: pages of the long lists in each of their orders.
CREATE INDEX "api_keys_created_at_id_idx" ON "api_keys"("created_at", "id");
CREATE INDEX "api_keys_name_id_idx" ON "api_keys"("name", "id");
CREATE INDEX "api_keys_updated_at_id_idx" ON "api_keys"("updated_at", "id");
CREATE INDEX "audit_log_at_id_idx" ON "audit_log"("at", "id");
DROP INDEX "audit_log_at_idx";
CREATE INDEX "audit_log_actor_id_at_idx" ON "audit_log"("actor_id", "at");

-- By hand from here: what the schema language cannot say.

-- The distinct pieces of a text of the given lengths, in lower case. An index over them finds a text anywhere in a
-- name; every Postgres has what it takes, which is not so for extensions.
CREATE FUNCTION text_pieces(value text, lengths integer[]) RETURNS text[]
  LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
  AS $$
    SELECT coalesce(array_agg(DISTINCT substr(lower(value), start, size)), '{}')
    FROM unnest(lengths) AS size, generate_series(1, length(lower(value)) - size + 1) AS start
  $$;
CREATE INDEX api_keys_pieces_idx ON api_keys USING gin (text_pieces(name || ' ' || prefix, '{1,2,3}'))
  WITH (fastupdate = off);

-- On which days there are calls with a route, a model, a code: see lib/usage/call-facets.ts.
CREATE TABLE call_facets (
  facet text COLLATE "C" NOT NULL,
  value text COLLATE "C" NOT NULL,
  day   date NOT NULL,
  PRIMARY KEY (facet, value, day)
);
CREATE INDEX call_facets_beginning_idx ON call_facets ((lower(value) COLLATE "C") text_pattern_ops)
  WHERE facet IN ('route', 'served', 'requested');
INSERT INTO call_facets
  SELECT DISTINCT f.facet, f.value, c.day FROM calls c, LATERAL (VALUES
    ('kind', c.kind), ('outcome', c.outcome), ('stream', c.stream::text), ('simulated', c.simulated::text),
    ('code', c.code), ('route', c.route), ('served', c.served_model), ('requested', c.requested_model),
    ('provider', c.provider_id)) AS f(facet, value)
  WHERE f.value IS NOT NULL;

-- Each filter of the log, in the order in which it is paged; what is rare costs the others nothing.
CREATE INDEX calls_provider_idx ON calls (provider_id, day, id);
CREATE INDEX calls_served_model_idx ON calls (served_model, day, id);
CREATE INDEX calls_requested_model_idx ON calls (requested_model, day, id) WHERE requested_model IS DISTINCT FROM route;
CREATE INDEX calls_code_idx ON calls (code, day, id) WHERE code IS NOT NULL;
CREATE INDEX calls_kind_idx ON calls (kind, day, id) WHERE kind <> 'llm';
CREATE INDEX calls_simulated_idx ON calls (day, id) WHERE simulated;
-- What the planner has to know of the pieces.
ANALYZE api_keys;
CREATE INDEX api_keys_expires_at_idx ON api_keys (expires_at) WHERE expires_at IS NOT NULL;

-- The rollups of an hour and of a day by one dimension at a time: what a dashboard of weeks reads. Made of
-- rollup_quarters behind the clock, see lib/usage/compaction.ts. `team_id` is '*' for the sum over all teams.
CREATE TABLE rollup_hours (
  bucket                timestamptz(0) NOT NULL,
  dimension             text           COLLATE "C" NOT NULL,
  team_id               text           COLLATE "C" NOT NULL,
  value                 text           COLLATE "C" NOT NULL,
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
  -- Without the empty buckets before the first and after the last: their bounds are those of the array.
  latency               integer[]      NOT NULL,
  first_token           integer[]      NOT NULL,
  PRIMARY KEY (bucket, dimension, team_id, value, simulated)
);
CREATE INDEX rollup_hours_value_idx ON rollup_hours (dimension, team_id, value, bucket);
CREATE TABLE rollup_days (LIKE rollup_hours INCLUDING ALL);

-- Which hours and days the two tables hold exactly. `exact` is taken back by whatever is booked late.
CREATE TABLE rollup_marks (
  grain  text           COLLATE "C" NOT NULL,
  bucket timestamptz(0) NOT NULL,
  exact  boolean        NOT NULL,
  PRIMARY KEY (grain, bucket)
);

CREATE FUNCTION trimmed_counts(counts bigint[]) RETURNS integer[]
  LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
  AS $$
  DECLARE
    low  integer := 1;
    high integer := cardinality(counts);
  BEGIN
    WHILE low <= high AND coalesce(counts[low], 0) = 0 LOOP low := low + 1; END LOOP;
    IF low > high THEN RETURN '{}'; END IF;
    WHILE coalesce(counts[high], 0) = 0 LOOP high := high - 1; END LOOP;
    RETURN ('[' || low || ':' || high || ']={' || array_to_string(counts[low:high], ',', '0') || '}')::integer[];
  END
  $$;
