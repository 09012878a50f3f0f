/** Teams, users, consumers, keys, routes and what was done to them, by SQL: as many as a large company has. */
import { createHash } from 'node:crypto'
import type pg from 'pg'

export interface Sizes {
  readonly teams: number
  readonly users: number
  readonly consumers: number
  readonly keys: number
  readonly providers: number
  readonly models: number
  readonly routes: number
  readonly auditEntries: number
  readonly revisions: number
}

/** At factor 1: 400,000 keys. */
export function sizesAt(factor: number): Sizes {
  const scaled = (count: number, least: number) => Math.max(least, Math.round(count * factor))
  return {
    teams: scaled(200, 20),
    users: scaled(4_000, 100),
    consumers: scaled(4_000, 200),
    keys: scaled(400_000, 2_000),
    providers: 20,
    models: 40,
    routes: scaled(2_000, 100),
    auditEntries: scaled(200_000, 2_000),
    revisions: scaled(100_000, 2_000),
  }
}

/** The secret of the nth key; SQL below has the same text. */
export const keySecret = (n: number): string => `gh_bench_${n}`

/** Access tokens of the callers that the benchmark plays. */
export const TOKENS = {
  owner: 'gha_bench_owner',
  'team-admin': 'gha_bench_team_admin',
  developer: 'gha_bench_developer',
} as const
export type Caller = keyof typeof TOKENS

/** Made over the last 60 days. */
const SPAN = `interval '60 days'`
const id = (prefix: string, n: string) => `'${prefix}_' || lpad((${n})::text, 8, '0')`
/** Rising with n from 60 days ago until now. */
const risen = (n: string, of: number) => `now() - ${SPAN} * (1 - (${n})::float8 / ${of})`
const WORDS = `(ARRAY['search','billing','checkout','support','ranking','crawler','mailer','reports','fraud','pricing',
  'catalogue','delivery','returns','payroll','hiring','legal','research','mobile','gateway','identity'])`
const ROLES = `(ARRAY['prod','staging','dev','batch','nightly','canary','ci','eval'])`
const name = (n: string) =>
  `${ROLES}[1 + (${n}) % 8] || '-' || ${WORDS}[1 + (${n}) / 8 % 20] || '-' || ${WORDS}[1 + (${n}) / 160 % 20] || '-' || (${n})`

/** The first teams have most of the consumers: the largest about a sixth. */
export const teamOfConsumer = (n: string, sizes: Sizes) =>
  `floor(${sizes.teams} * power((${n})::float8 / ${sizes.consumers}, 3))::int`

export async function fillResources(client: pg.Client, sizes: Sizes): Promise<void> {
  const { teams, users, consumers, keys, providers, models, routes, auditEntries, revisions } = sizes
  const series = (count: number) => `generate_series(0, ${count - 1}) AS n`
  const run = (sql: string) => client.query(sql)
  await run(`INSERT INTO teams (id, name, created_at, updated_at)
    SELECT ${id('team', 'n')}, 'Team ' || ${name('n')}, ${risen('n', teams)}, ${risen('n', teams)} FROM ${series(teams)}`)
  await run(`INSERT INTO users (id, email, name, created_at, updated_at)
    SELECT ${id('user', 'n')}, 'person' || n || '@example.com', 'Person ' || n, ${risen('n', users)}, ${risen('n', users)}
    FROM ${series(users)}`)
  // The first two are the benchmark's own: an owner, and the team-admin of the largest team; the third is a developer
  // of it.
  await run(`INSERT INTO memberships (id, user_id, team_id, role)
    SELECT ${id('mem', 'n')}, ${id('user', 'n')}, CASE WHEN n > 0 THEN ${id('team', `CASE WHEN n < 3 THEN 0 ELSE n % ${teams} END`)} END,
      (CASE n WHEN 0 THEN 'owner' WHEN 1 THEN 'team-admin' ELSE 'developer' END)::"Role" FROM ${series(users)}`)
  for (const [n, [caller, secret]] of Object.entries(TOKENS).entries()) {
    await client.query(
      `INSERT INTO access_tokens (id, name, user_id, scopes, hash, prefix, last4)
       VALUES ($1, $2, $3, '{*}', $4, 'gha_benc', '0000')`,
      [
        `tok_bench_${n}`,
        caller,
        `user_${String(n).padStart(8, '0')}`,
        createHash('sha256').update(secret).digest('hex'),
      ],
    )
  }
  await run(`INSERT INTO consumers (id, name, team_id, enabled, created_at, updated_at)
    SELECT ${id('cons', 'n')}, ${name('n')}, ${id('team', teamOfConsumer('n', sizes))}, n % 50 <> 7,
      ${risen('n', consumers)}, ${risen('n', consumers)} FROM ${series(consumers)}`)
  await run(`INSERT INTO api_keys (id, name, consumer_id, user_id, hash, prefix, last4, expires_at, revoked_at, last_used_at,
      created_at, updated_at)
    SELECT ${id('key', 'n')}, ${name('n')}, ${id('cons', `n % ${consumers}`)},
      CASE WHEN n % 2 = 0 THEN ${id('user', `(n / 2) % ${users}`)} END,
      encode(sha256(('gh_bench_' || n)::bytea), 'hex'), 'gh_bench', lpad((n % 10000)::text, 4, '0'),
      CASE WHEN n % 10 = 3 THEN now() + make_interval(days => n % 400 - 20) END,
      CASE WHEN n % 10 = 4 THEN ${risen('n', keys)} + interval '1 hour' END,
      CASE WHEN n % 3 = 0 THEN now() - make_interval(hours => n % 1000) END,
      ${risen('n', keys)}, ${risen('n', keys)} FROM ${series(keys)}`)
  await run('INSERT INTO key_uses SELECT id, last_used_at FROM api_keys WHERE last_used_at IS NOT NULL')
  await run(`INSERT INTO providers (id, name, kind, base_url, credentials_version, created_at, updated_at)
    SELECT ${id('prov', 'n')}, 'Vendor ' || n, (ARRAY['openai','anthropic','google','openai-compatible'])[1 + n % 4],
      CASE WHEN n % 4 = 3 THEN 'http://127.0.0.1:9/v1' END, 'v1', ${risen('n', providers)}, ${risen('n', providers)}
    FROM ${series(providers)}`)
  await run(`INSERT INTO routes (id, name, policy, created_at, updated_at)
    SELECT ${id('route', 'n')}, 'route-' || ${WORDS}[1 + n % 20] || '-' || n, '{}', ${risen('n', routes)}, ${risen('n', routes)}
    FROM ${series(routes)}`)
  await run(`INSERT INTO route_targets (route_id, position, provider_id, model)
    SELECT ${id('route', 'n')}, p, ${id('prov', `(n + p) % ${providers}`)}, 'model-' || (n + p) % ${models}
    FROM ${series(routes)}, generate_series(0, 1) AS p`)
  await run(`INSERT INTO prices (id, provider_id, model, rates, created_at, updated_at)
    SELECT ${id('price', `p * ${models} + m`)}, ${id('prov', 'p')}, 'model-' || m, '{"input":"2.5","output":"10"}',
      ${risen('p', providers)}, ${risen('p', providers)} FROM generate_series(0, ${providers - 1}) AS p, generate_series(0, ${models - 1}) AS m`)
  await run(`INSERT INTO audit_log (id, at, actor_type, actor_id, actor_name, action, target_type, target_id, target_name, team_id, difference)
    SELECT ${id('audit', 'n')}, ${risen('n', auditEntries)}, 'user', ${id('user', `n % ${users}`)}, 'Person ' || n % ${users},
      (ARRAY['key.create','key.update','key.revoke','consumer.update'])[1 + n % 4],
      CASE WHEN n % 4 = 3 THEN 'consumer' ELSE 'key' END, ${id('key', `n % ${keys}`)}, ${name(`n % ${keys}`)},
      ${id('team', teamOfConsumer(`n % ${consumers}`, sizes))}, '{"name":["before","after"]}' FROM ${series(auditEntries)}`)
  await run(`INSERT INTO config_revisions (revision, epoch, hash, changes, summary, actor_type, actor_id, actor_name, created_at)
    SELECT n + 1, 'bench', repeat('0', 64),
      jsonb_build_array(jsonb_build_object('type', 'key', 'id', ${id('key', `n % ${keys}`)}, 'name', ${name(`n % ${keys}`)},
        'op', 'update', 'before', '{"type":"key","enabled":true}'::jsonb, 'after', '{"type":"key","enabled":false}'::jsonb)),
      'key.update ' || ${name(`n % ${keys}`)}, 'user', ${id('user', `n % ${users}`)}, 'Person ' || n % ${users},
      ${risen('n', revisions)} FROM ${series(revisions)}`)
}
