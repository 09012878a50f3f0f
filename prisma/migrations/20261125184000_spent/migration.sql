-- By hand: what the schema language cannot say.

-- What budgets over end users, routes, models, providers and tags read: see lib/usage/spent-rollup.ts.
CREATE TABLE rollup_spent (
  bucket    timestamptz(0) NOT NULL,
  scope     text           COLLATE "C" NOT NULL,
  subject   text           COLLATE "C" NOT NULL,
  cost_pico numeric(38, 0) NOT NULL,
  PRIMARY KEY (bucket, scope, subject)
);
ALTER TABLE rollup_spent SET (fillfactor = 70);

INSERT INTO rollup_spent
  WITH charged AS MATERIALIZED (
    SELECT date_bin('15 minutes', at, 'epoch') AS bucket, end_user, route_id, tags, a->>'model' AS model,
      a->>'providerId' AS provider, (a->>'costPicoUsd')::numeric AS pico
    FROM calls, jsonb_array_elements(attempts) AS a WHERE NOT simulated AND a->>'costPicoUsd' IS NOT NULL
  )
  SELECT bucket, scope, subject, sum(pico) FROM (
    SELECT bucket, s.scope, s.subject, pico FROM charged, LATERAL (VALUES
      ('user', end_user), ('route', route_id), ('model', model), ('provider', provider)) AS s(scope, subject)
    UNION ALL
    SELECT bucket, 'tag', t.key || '=' || t.value, pico FROM charged, jsonb_each_text(tags) AS t
  ) AS spent
  WHERE subject IS NOT NULL GROUP BY 1, 2, 3 HAVING sum(pico) <> 0;
ANALYZE rollup_spent;

-- Calls that a crash cut hold what was reserved for them: few, and looked for by every budget.
CREATE INDEX calls_unknown_idx ON calls (day)
  WHERE outcome <> 'ok' AND reserved_pico IS NOT NULL AND attempts @> '[{"outcome": "unknown"}]';
