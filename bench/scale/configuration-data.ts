/** A published configuration of any size: rows, entities and the head, as the admin itself would have left them. */
import { createHash } from 'node:crypto'
import pg from 'pg'
import { fillResources, type Sizes } from './resources-data.ts'

export async function fillConfiguration(url: string, sizes: Sizes): Promise<number> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  await fillResources(client, sizes)
  // Keys that have ended are published no more.
  await client.query('UPDATE api_keys SET revoked_at = NULL, expires_at = NULL')
  await client.query('DELETE FROM config_revisions')
  let sum = 0n
  let count = 0
  for (const [type, sql] of Object.entries(BODIES)) {
    const { rows } = await client.query<{ id: string; body: Record<string, unknown> }>(sql)
    const ready = rows.map(({ id, body }) => {
      const text = canonical({ type, ...body })
      const hash = createHash('sha256').update(text).digest('hex')
      sum += BigInt(`0x${hash}`)
      return { id, text, hash }
    })
    count += ready.length
    for (let at = 0; at < ready.length; at += 10_000) {
      const part = ready.slice(at, at + 10_000)
      await client.query(
        `INSERT INTO config_entities (type, id, body, hash, revision)
         SELECT $1, id, body::jsonb, hash, 1 FROM unnest($2::text[], $3::text[], $4::text[]) AS p(id, body, hash)`,
        [type, part.map((one) => one.id), part.map((one) => one.text), part.map((one) => one.hash)],
      )
    }
  }
  const hash = (sum % (1n << 256n)).toString(16).padStart(64, '0')
  await client.query(`INSERT INTO config_head (id, epoch, revision, hash) VALUES (1, 'bench', 1, $1)`, [hash])
  await client.query(
    `INSERT INTO config_revisions (revision, epoch, hash, changes, summary, actor_type, actor_name)
     VALUES (1, 'bench', $1, '[]', 'filled', 'system', 'bench')`,
    [hash],
  )
  await client.query('VACUUM (ANALYZE)')
  await client.end()
  return count
}

const BODIES = {
  team: `SELECT id, jsonb_build_object('id', id, 'name', name) AS body FROM teams`,
  consumer: `SELECT id, jsonb_build_object('id', id, 'teamId', team_id, 'name', name, 'enabled', enabled) AS body FROM consumers`,
  key: `SELECT id, jsonb_build_object('id', id, 'consumerId', consumer_id, 'userId', user_id, 'hash', hash, 'previousHash', NULL,
    'previousUntil', NULL, 'expiresAt', NULL, 'allowedRoutes', NULL, 'allowedToolsets', NULL) AS body FROM api_keys`,
  provider: `SELECT id, jsonb_build_object('id', id, 'name', name, 'kind', kind, 'baseUrl', base_url, 'allowPrivateNetwork',
    allow_private_network, 'options', options, 'credentialsVersion', credentials_version) AS body FROM providers`,
  route: `SELECT r.id, jsonb_build_object('id', r.id, 'name', r.name, 'kind', r.kind, 'strategy', r.strategy, 'enabled', r.enabled,
    'targets', (SELECT jsonb_agg(jsonb_build_object('providerId', t.provider_id, 'model', t.model, 'weight', t.weight,
      'priority', t.priority) ORDER BY t.position) FROM route_targets t WHERE t.route_id = r.id),
    'retries', '{"attempts":2,"on":["rateLimit","serverError","timeout","connection"]}'::jsonb,
    'timeouts', '{"totalMs":600000,"firstTokenMs":60000,"idleMs":60000}'::jsonb,
    'degradation', '{"notify":"header","message":null}'::jsonb,
    'cache', '{"mode":"off","ttlSeconds":3600,"partition":"consumer","threshold":0.95}'::jsonb,
    'maxOutputTokens', NULL, 'capture', 'metadata', 'onDisconnect', 'abort', 'onLoss', 'allow', 'allowUnpriced', true) AS body
    FROM routes r`,
  price: `SELECT id, jsonb_build_object('id', id, 'version', version, 'providerId', provider_id, 'providerKind', provider_kind,
    'model', model, 'effectiveFrom', 0, 'rates', rates, 'tiers', tiers, 'contextTokens', context_tokens,
    'maxOutputTokens', max_output_tokens) AS body FROM prices`,
}

/** JSON with sorted keys: what the hash of an entity is taken of. */
function canonical(value: unknown): string {
  if (value === null || typeof value !== 'object') return JSON.stringify(value)
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`
  const fields = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return `{${fields.map(([name, inner]) => `${JSON.stringify(name)}:${canonical(inner)}`).join(',')}}`
}
