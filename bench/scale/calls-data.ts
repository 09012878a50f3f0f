/**
 * Calls with their ledger lines and rollups, by SQL, a day at a time: few keys and routes make most of them. Histograms
 * of a rollup put its calls into one bucket each; sums, counts and money agree with the calls.
 */
import pg from 'pg'
import { type Sizes, teamOfConsumer } from './resources-data.ts'

const DAY_MS = 86_400_000
/** Upper bounds of the histograms, as the product has them. */
const BOUNDS = [
  1, 2, 3, 4, 6, 8, 11, 16, 23, 32, 45, 64, 91, 128, 181, 256, 362, 512, 724, 1_024, 1_448, 2_048, 2_896,
  4_096, 5_793, 8_192, 11_585, 16_384, 23_170, 32_768, 46_341, 65_536, 131_072, 262_144, 524_288, 1_048_576,
  2_097_152, 4_194_304,
]
const id = (prefix: string, n: string) => `'${prefix}_' || lpad((${n})::text, 8, '0')`

export interface CallsPlan {
  readonly url: string
  readonly sizes: Sizes
  readonly calls: number
  readonly days: number
  readonly now: number
}

/** Fills the days up to now, two at a time; `say` hears of each. */
export async function fillCalls(plan: CallsPlan, say: (text: string) => void): Promise<void> {
  const setup = new pg.Client({ connectionString: plan.url })
  await setup.connect()
  await setup.query(`CREATE UNLOGGED TABLE bench_histograms AS
    SELECT b, n, (SELECT array_agg(CASE WHEN i = b THEN n ELSE 0 END ORDER BY i)
      FROM generate_series(0, ${BOUNDS.length}) AS i) AS counts
    FROM generate_series(0, ${BOUNDS.length}) AS b, generate_series(0, 400) AS n`)
  await setup.query('CREATE UNIQUE INDEX ON bench_histograms (b, n); ANALYZE bench_histograms')
  const today = Math.floor(plan.now / DAY_MS) * DAY_MS
  const days = Array.from({ length: plan.days }, (_, n) => today - (plan.days - 1 - n) * DAY_MS)
  let at = 0
  const work = async () => {
    const client = new pg.Client({ connectionString: plan.url })
    await client.connect()
    await client.query(`SET work_mem = '256MB'; SET maintenance_work_mem = '256MB'; SET jit = off`)
    for (;;) {
      const day = days[at]
      at += 1
      if (day === undefined) break
      const started = performance.now()
      await fillDay(client, plan, day)
      say(`${isoDay(day)} in ${Math.round((performance.now() - started) / 100) / 10} s`)
    }
    await client.end()
  }
  await Promise.all([work(), work()])
  await setup.query('DROP TABLE bench_histograms')
  await setup.end()
}

async function fillDay(client: pg.Client, plan: CallsPlan, dayMs: number): Promise<void> {
  const day = isoDay(dayMs)
  const next = isoDay(dayMs + DAY_MS)
  const suffix = day.replaceAll('-', '')
  const end = Math.min(dayMs + DAY_MS, plan.now)
  // Today's share is that of its hours, so that the rate is even.
  const count = Math.max(1, Math.round((plan.calls / plan.days) * ((end - dayMs) / DAY_MS)))
  const { sizes } = plan
  // In one transaction with what fills them, new tables need no log of their own.
  await client.query('BEGIN')
  await client.query(`CREATE TABLE IF NOT EXISTS calls_${suffix} (LIKE calls INCLUDING DEFAULTS)`)
  await client.query(
    `CREATE TABLE IF NOT EXISTS ledger_lines_${suffix} (LIKE ledger_lines INCLUDING DEFAULTS)`,
  )
  await client.query(`INSERT INTO calls_${suffix} (day, id, at, trace_id, gateway_id, sequence, kind, status, code, outcome,
      team_id, consumer_id, key_id, route_id, route, stream, requested_model, served_model, provider_id, end_user,
      input_tokens, cached_input_tokens, cache_write_5m_tokens, cache_write_1h_tokens, input_audio_tokens, output_tokens,
      reasoning_tokens, output_audio_tokens, usage_source, cost_pico, unpriced, reserved_pico, simulated, latency_ms,
      first_token_ms, overhead_us, revision, attempt_count, attempts, dropped, tags)
    SELECT '${day}', (lpad(to_hex(ms), 12, '0') || '7' || lpad(to_hex(n % 4096), 3, '0') || '8' ||
        lpad(to_hex(floor(random() * 4294967296)::bigint), 8, '0') || lpad(to_hex(n % 268435456), 7, '0'))::uuid,
      to_timestamp(ms / 1000.0), md5(n::text || '${day}'), 'gw_00000000000000000000', n, kind,
      CASE outcome WHEN 'ok' THEN 200 WHEN 'error' THEN 502 ELSE 429 END,
      CASE outcome WHEN 'error' THEN (ARRAY['provider_error','provider_timeout'])[1 + n % 2]
                   WHEN 'refused' THEN (ARRAY['rate_limit_exceeded','model_not_found'])[1 + n % 2] END,
      outcome, ${id('team', teamOfConsumer(`k % ${sizes.consumers}`, sizes))}, ${id('cons', `k % ${sizes.consumers}`)},
      ${id('key', 'k')}, ${id('route', 'r')}, route, n % 10 < 7, route,
      CASE WHEN outcome = 'ok' THEN 'model-' || r % ${sizes.models} END,
      CASE WHEN outcome <> 'refused' THEN ${id('prov', `r % ${sizes.providers}`)} END, NULL,
      tokens, 0, 0, 0, 0, tokens / 4, 0, 0, CASE WHEN outcome = 'ok' THEN 'provider' ELSE 'none' END,
      tokens * 2500000 + (tokens / 4) * 10000000, false, NULL, n % 200 = 11, latency,
      CASE WHEN n % 10 < 7 AND outcome = 'ok' THEN latency / 3 END, 250, 1, 1,
      jsonb_build_array(jsonb_build_object('providerId', ${id('prov', `r % ${sizes.providers}`)}, 'providerKind', 'openai',
        'model', 'model-' || r % ${sizes.models}, 'servedModel', 'model-' || r % ${sizes.models}, 'status', 200, 'code', NULL,
        'outcome', 'ok', 'startedAt', ms, 'latencyMs', latency, 'firstTokenMs', latency / 3, 'usageSource', 'provider',
        'usage', '{"inputTokens":1,"cachedInputTokens":0,"cacheWrite5mTokens":0,"cacheWrite1hTokens":0,"inputAudioTokens":0,"outputTokens":1,"reasoningTokens":0,"outputAudioTokens":0}'::jsonb,
        'costPicoUsd', (tokens * 2500000 + (tokens / 4) * 10000000)::text)), '[]', '{}'
    FROM (
      SELECT *, 'route-' || (ARRAY['search','billing','checkout','support','ranking','crawler','mailer','reports','fraud',
          'pricing','catalogue','delivery','returns','payroll','hiring','legal','research','mobile','gateway','identity'])[1 + r % 20] || '-' || r AS route,
        CASE WHEN outcome = 'ok' THEN used ELSE 0 END AS tokens
      FROM (
        SELECT n, (${dayMs}::bigint + floor((n + random()) * ${(end - dayMs) / count})::bigint) AS ms,
          floor(${sizes.keys} * power(random(), 4))::int AS k, floor(${sizes.routes} * power(random(), 5))::int AS r,
          CASE WHEN n % 100 < 95 THEN 'ok' WHEN n % 100 < 98 THEN 'error' ELSE 'refused' END AS outcome,
          CASE WHEN n % 1000 = 0 THEN 'mcp' ELSE 'llm' END AS kind,
          50 + floor(5000 * power(random(), 3))::bigint AS used, 80 + floor(9000 * power(random(), 4))::bigint AS latency
        FROM generate_series(0, ${count - 1}) AS n
      ) picked
    ) drawn ORDER BY ms`)
  await client.query(`INSERT INTO ledger_lines_${suffix} (day, call_id, line_no, attempt, meter, quantity, usd_per_million, cost_pico, price_version)
    SELECT day, id, line, 0, CASE line WHEN 0 THEN 'input' ELSE 'output' END,
      CASE line WHEN 0 THEN input_tokens ELSE output_tokens END, CASE line WHEN 0 THEN '2.5' ELSE '10' END,
      CASE line WHEN 0 THEN input_tokens * 2500000 ELSE output_tokens * 10000000 END, 'price_1@1'
    FROM calls_${suffix}, generate_series(0, 1) AS line WHERE outcome = 'ok'`)
  for (const table of ['calls', 'ledger_lines']) {
    await client.query(
      `ALTER TABLE ${table}_${suffix} ADD CONSTRAINT bench_day CHECK (day >= '${day}' AND day < '${next}')`,
    )
    await client.query(
      `ALTER TABLE ${table} ATTACH PARTITION ${table}_${suffix} FOR VALUES FROM ('${day}') TO ('${next}')`,
    )
    await client.query(`ALTER TABLE ${table}_${suffix} DROP CONSTRAINT bench_day`)
  }
  await client.query(rollUp('rollup_quarters', suffix, 900))
  if (plan.now - dayMs < 3 * DAY_MS) await client.query(rollUp('rollup_minutes', suffix, 60))
  await client.query(`INSERT INTO rollup_spent (bucket, scope, subject, cost_pico)
    SELECT date_bin('15 minutes', at, 'epoch'), s.scope, s.subject, sum(cost_pico)
    FROM calls_${suffix}, LATERAL (VALUES ('route', route_id), ('model', served_model), ('provider', provider_id))
      AS s(scope, subject)
    WHERE NOT simulated AND cost_pico <> 0 AND s.subject IS NOT NULL GROUP BY 1, 2, 3 ORDER BY 1, 2, 3`)
  await client.query('COMMIT')
}

function rollUp(table: string, suffix: string, seconds: number): string {
  const bucketOf = (column: string) => {
    const bounds = `ARRAY[${BOUNDS.map((bound) => `${bound}.5`).join(',')}]::numeric[]`
    return `width_bucket(avg(${column}), ${bounds})`
  }
  return `INSERT INTO ${table} (bucket, team_id, consumer_id, key_id, route, provider_id, model, kind, simulated, requests,
      errors, refused, input_tokens, cached_input_tokens, cache_write_5m_tokens, cache_write_1h_tokens, input_audio_tokens,
      output_tokens, reasoning_tokens, output_audio_tokens, cost_pico, unpriced, estimated, latency, first_token)
    SELECT g.bucket, team_id, consumer_id, key_id, route, provider, model, kind, simulated, requests, errors, refused, input,
      0, 0, 0, 0, output, 0, 0, cost, 0, 0, l.counts, f.counts
    FROM (
      SELECT to_timestamp(floor(extract(epoch FROM at) / ${seconds}) * ${seconds}) AS bucket, team_id, consumer_id, key_id,
        route, coalesce(provider_id, '') AS provider, coalesce(served_model, '') AS model, kind, simulated,
        count(*) AS requests, count(*) FILTER (WHERE outcome = 'error') AS errors,
        count(*) FILTER (WHERE outcome = 'refused') AS refused, sum(input_tokens) AS input, sum(output_tokens) AS output,
        sum(cost_pico) AS cost, coalesce(${bucketOf('latency_ms')}, 0) AS lb, coalesce(${bucketOf('first_token_ms')}, 0) AS fb,
        count(first_token_ms) AS firsts
      FROM calls_${suffix} GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9
    ) g
    JOIN bench_histograms l ON l.b = lb AND l.n = least(requests - refused, 400)
    JOIN bench_histograms f ON f.b = fb AND f.n = least(firsts, 400)
    ORDER BY g.bucket`
}

function isoDay(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10)
}
