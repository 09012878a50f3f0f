import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import type { TestDatabase } from '../../scripts/testing/postgres.ts'
import { EMPTY_HASH, entityHash, nextHash } from '../contract/content-hash.ts'
import { type ControlMessage, controlMessage, type StreamQuery } from '../contract/control.ts'
import type { Entity } from '../contract/entities.ts'
import { pool } from '../server/db.ts'
import { sealSecret } from '../server/secrets.ts'
import { answerAcknowledgement, answerLease, answerStream, answerUsage } from './control.ts'
import { acknowledge, renewLease, waitForAcknowledgements } from './fleet.ts'
import { readHead } from './head.ts'
import { probe } from './probe.ts'
import { createRuntime, type PublishingRuntime, publishingRuntime } from './runtime.ts'
import { leaseOf, newGatewayId, publishOnce, teamChange, until, useTestDatabase } from './testing.ts'

let database: TestDatabase
let admins: [PublishingRuntime, PublishingRuntime]
const gateways: FakeGateway[] = []

beforeAll(async () => {
  database = await useTestDatabase()
  admins = [createRuntime(database.url), createRuntime(database.url)]
  for (const admin of admins) {
    expect(await admin.listener.ready(5_000)).toBe(true)
    await until('the head is known', () => admin.feed.head !== null)
  }
})
afterAll(async () => {
  for (const admin of [...admins, publishingRuntime()]) await admin.close()
  await database.drop()
})
afterEach(async () => {
  for (const gateway of gateways.splice(0)) gateway.leave()
  await pool.query('DELETE FROM gateways')
})

/** Applies what it is sent as a gateway does, and checks each hash; acknowledges by the database, as any admin would. */
class FakeGateway {
  readonly id = newGatewayId()
  readonly entities = new Map<string, Entity>()
  readonly seen: ControlMessage[] = []
  epoch: string | undefined
  revision: number | undefined
  hash = EMPTY_HASH
  acknowledges = true
  ended = false
  #abort = new AbortController()

  connect(admin: PublishingRuntime, more: Partial<StreamQuery> = {}): void {
    gateways.push(this)
    this.ended = false
    this.#abort = new AbortController()
    const query = { gatewayId: this.id, protocol: 1, version: 'test', hostname: 'host', ...more }
    const position = this.epoch === undefined ? {} : { epoch: this.epoch, revision: this.revision }
    const body = admin.streams.open({ ...query, ...position } as StreamQuery, this.#abort.signal)
    this.#read(body)
      .catch(() => undefined)
      .finally(() => {
        this.ended = true
      })
  }

  leave(): void {
    this.#abort.abort()
  }

  async #read(body: ReadableStream<Uint8Array>): Promise<void> {
    let rest = ''
    const decoder = new TextDecoder()
    for await (const chunk of body) {
      const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n')
      rest = lines.pop() ?? ''
      for (const text of lines) await this.#apply(controlMessage.parse(JSON.parse(text)))
    }
  }

  async #apply(message: ControlMessage): Promise<void> {
    this.seen.push(message)
    if (message.kind === 'snapshot') {
      this.entities.clear()
      for (const entity of message.entities) this.entities.set(`${entity.type} ${entity.id}`, entity)
      this.revision = message.revision
    } else if (message.kind === 'changes') {
      expect([message.epoch, message.from]).toEqual([this.epoch, this.revision])
      for (const change of message.changes) {
        if (change.op === 'put') this.entities.set(`${change.entity.type} ${change.entity.id}`, change.entity)
        else expect(this.entities.delete(`${change.type} ${change.id}`)).toBe(true)
      }
      this.revision = message.to
    } else return
    this.epoch = message.epoch
    this.hash = [...this.entities.values()].reduce(
      (hash, entity) => nextHash(hash, null, entityHash(entity)),
      EMPTY_HASH,
    )
    expect(this.hash).toBe(message.hash)
    if (!this.acknowledges) return
    const { epoch, revision, hash } = this
    await acknowledge(pool, { gatewayId: this.id, epoch, revision, hash, status: 'applied' })
  }
}

async function reached(gateway: FakeGateway, revision: number): Promise<void> {
  await until(`revision ${revision}`, () => gateway.revision === revision)
}

test('gateways of two admins follow every publication, and either admin sees them acknowledge', async () => {
  const [first, second] = [new FakeGateway(), new FakeGateway()]
  first.connect(admins[0])
  second.connect(admins[1])
  await until('both are in sync', () => first.revision !== undefined && second.revision !== undefined)
  for (const id of [first.id, second.id])
    await renewLease(
      pool,
      leaseOf(id, { epoch: first.epoch ?? null, revision: first.revision ?? null, hash: first.hash }),
    )

  let last = 0
  for (let n = 0; n < 20; n += 1) {
    last = await publishOnce([
      teamChange('team_a', `A${n}`),
      n % 2 ? { ...teamChange('team_b'), entity: null } : teamChange('team_b'),
    ])
    const applied = await waitForAcknowledgements(pool, admins[n % 2]?.listener ?? admins[0].listener, last)
    expect(applied).toEqual({ applied: 2, total: 2 })
  }
  expect(first.revision).toBe(last)
  expect(second.entities).toEqual(first.entities)
  // Told by notification: the look each second alone would have taken twenty.
  expect(first.seen.filter((message) => message.kind === 'changes').length).toBe(20)
})

test('a publication with nobody connected is 0 of 0 at once; a silent gateway costs 250 ms and counts', async () => {
  const revision = await publishOnce([teamChange('team_c', `C${Math.random()}`)])
  expect(await waitForAcknowledgements(pool, admins[0].listener, revision)).toEqual({ applied: 0, total: 0 })
  const silent = newGatewayId()
  await renewLease(pool, leaseOf(silent))
  await pool.query(`UPDATE gateways SET lease_until = now() - interval '30 seconds' WHERE id = $1`, [silent])
  const started = performance.now()
  expect(await waitForAcknowledgements(pool, admins[0].listener, revision)).toEqual({ applied: 0, total: 1 })
  expect(performance.now() - started).toBeGreaterThan(240)
  await pool.query(`UPDATE gateways SET lease_until = now() - interval '61 seconds' WHERE id = $1`, [silent])
  expect(await waitForAcknowledgements(pool, admins[0].listener, revision)).toEqual({ applied: 0, total: 0 })
})

test('a refusal ends the wait, and the gateway says why', async () => {
  const id = newGatewayId()
  await renewLease(pool, leaseOf(id))
  const revision = await publishOnce([teamChange('team_d', `D${Math.random()}`)])
  const head = await readHead(pool)
  const waiting = waitForAcknowledgements(pool, admins[0].listener, revision)
  await acknowledge(pool, {
    gatewayId: id,
    epoch: head?.epoch ?? '',
    revision,
    hash: EMPTY_HASH,
    status: 'refused',
    reason: 'no',
  })
  const started = performance.now()
  expect(await waiting).toEqual({ applied: 0, total: 1 })
  expect(performance.now() - started).toBeLessThan(200)
  const { rows } = await pool.query('SELECT refused_revision, refused_reason, revision FROM gateways')
  expect(rows).toEqual([{ refused_revision: revision, refused_reason: 'no', revision: null }])
})

test('one that was away gets what it missed as one change set; one of another epoch the whole', async () => {
  const gateway = new FakeGateway()
  gateway.connect(admins[0])
  await until('in sync', () => gateway.revision !== undefined)
  gateway.leave()
  await until('gone', () => gateway.ended)
  const from = gateway.revision
  await publishOnce([teamChange('team_short_lived')])
  await publishOnce([{ ...teamChange('team_short_lived'), entity: null }])
  const last = await publishOnce([teamChange('team_e')])
  gateway.seen.length = 0
  await until('the other admin knows', () => admins[1].feed.head?.revision === last)
  gateway.connect(admins[1])
  await reached(gateway, last)
  expect(gateway.seen).toMatchObject([
    { kind: 'changes', from, to: last, changes: [{ op: 'put', entity: { id: 'team_e' } }] },
  ])

  gateway.leave()
  await until('gone', () => gateway.ended)
  gateway.epoch = 'another-epoch'
  gateway.seen.length = 0
  gateway.connect(admins[0])
  await until('a snapshot', () => gateway.seen.some((message) => message.kind === 'snapshot'))
  expect(gateway.epoch).toBe(admins[0].feed.head?.epoch)
})

test('a gateway from the future of a restored database makes a new epoch and gets the whole', async () => {
  const gateway = new FakeGateway()
  const old = await readHead(pool)
  gateway.epoch = old?.epoch
  gateway.revision = (old?.revision ?? 0) + 7
  gateway.connect(admins[0])
  await until('a snapshot', () => gateway.seen.some((message) => message.kind === 'snapshot'))
  expect(gateway.epoch).not.toBe(old?.epoch)
  expect(gateway.revision).toBe(old?.revision)
  await until('the other admin sees it too', () => admins[1].feed.head?.epoch === gateway.epoch)
})

test('an announcement that was lost costs a second, never a change', async () => {
  const gateway = new FakeGateway()
  gateway.connect(admins[0])
  await until('in sync', () => gateway.revision !== undefined)
  await pool.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND application_name = 'gatehouse-admin listen'`)
  const revision = await publishOnce([teamChange('team_f', `F${Math.random()}`)])
  await reached(gateway, revision)
  // And the connections come back by themselves.
  for (const admin of admins) await until('it listens again', () => admin.listener.ready(50))
})

test('credentials go down the stream to the gateway that needs them, in changes and in the whole', async () => {
  const gateway = new FakeGateway()
  gateway.connect(admins[0])
  await until('in sync', () => gateway.revision !== undefined)
  const secret = { apiKey: 'sk-test' }
  await pool.query(
    `INSERT INTO providers (id, name, kind, credentials_sealed, credentials_version) VALUES ('prov_1', 'P', 'openai', $1, 'v1')`,
    [sealSecret(secret, 'prov_1')],
  )
  const entity = {
    type: 'provider' as const,
    id: 'prov_1',
    name: 'P',
    kind: 'openai' as const,
    baseUrl: null,
    allowPrivateNetwork: false,
    options: {},
    limits: [],
    credentialsVersion: 'v1',
  }
  await reached(gateway, await publishOnce([{ type: 'provider', id: 'prov_1', name: 'P', entity }]))
  expect(gateway.entities.get('provider prov_1')).toMatchObject({ credentials: secret })
  const fresh = new FakeGateway()
  fresh.connect(admins[1])
  await until('in sync', () => fresh.revision !== undefined)
  expect(fresh.entities.get('provider prov_1')).toMatchObject({ credentials: secret })
})

test('a whole of 5,000 entities comes in pieces and in one state, while others publish', async () => {
  const many = Array.from({ length: 5_000 }, (_, n) => teamChange(`team_many_${n}`))
  await publishOnce(many)
  const gateway = new FakeGateway()
  gateway.connect(admins[0])
  let last = 0
  for (let n = 0; n < 10; n += 1) last = await publishOnce([teamChange('team_many_7', `again ${n}`)])
  await reached(gateway, last)
  expect(gateway.entities.size).toBeGreaterThan(5_000)
  await publishOnce(many.map((change) => ({ ...change, entity: null })))
})

test('a gateway that does not read is sent one change set when it does, not what it missed one by one', async () => {
  const id = newGatewayId()
  const head = admins[0].feed.head
  const abort = new AbortController()
  const query = {
    gatewayId: id,
    protocol: 1,
    version: 't',
    hostname: 'h',
    epoch: head?.epoch,
    revision: head?.revision,
  }
  const reader = admins[0].streams.open(query as StreamQuery, abort.signal).getReader()
  await reader.read()
  let last = 0
  for (let n = 0; n < 30; n += 1) last = await publishOnce([teamChange('team_g', `G${n}`)])
  await until('the admin knows', () => admins[0].feed.head?.revision === last)
  const { value } = await reader.read()
  const message = controlMessage.parse(JSON.parse(new TextDecoder().decode(value)))
  expect(message).toMatchObject({ kind: 'changes', from: head?.revision, to: last })
  abort.abort()
})

test('a test of a connection finds its gateway through another admin', async () => {
  const gateway = new FakeGateway()
  gateway.connect(admins[1])
  await until('in sync', () => gateway.revision !== undefined)
  await renewLease(pool, leaseOf(gateway.id))
  const provider = {
    type: 'provider' as const,
    id: 'prov_x',
    name: 'X',
    kind: 'openai' as const,
    baseUrl: null,
    allowPrivateNetwork: false,
    options: { note: 'ä'.repeat(5_000) },
    limits: [],
    credentialsVersion: 'v1',
    credentials: { apiKey: 'sk-probe' },
  }
  const asked = probe(provider, 'gpt-4o', admins[0].questions)
  await until('the question arrives', () => gateway.seen.some((message) => message.kind === 'probe'))
  const question = gateway.seen.find((message) => message.kind === 'probe')
  expect(question).toMatchObject({ provider, model: 'gpt-4o' })
  const models = Array.from({ length: 200 }, (_, n) => `model-${n}-${'x'.repeat(100)}`)
  const probeId = question?.kind === 'probe' ? question.probeId : ''
  await admins[1].questions.answered(probeId, {
    gatewayId: gateway.id,
    probeId,
    ok: true,
    message: 'It answers.',
    status: 200,
    code: null,
    latencyMs: 12,
    models,
  })
  expect(await asked).toEqual({
    ok: true,
    message: 'It answers.',
    status: 200,
    code: null,
    latencyMs: 12,
    models,
  })
})

test('without a gateway a test of a connection says so', async () => {
  const provider = {
    type: 'provider',
    id: 'p',
    name: 'P',
    kind: 'openai',
    baseUrl: null,
    allowPrivateNetwork: false,
  } as const
  const rest = { options: {}, limits: [], credentialsVersion: '', credentials: {} }
  const result = await probe({ ...provider, ...rest }, undefined, admins[0].questions)
  expect(result).toMatchObject({ ok: false, code: 'no_gateway' })
})

const request = (path: string, init: RequestInit = {}, token = 'a-gateway-token-for-tests') =>
  new Request(`http://admin/api/control/${path}`, { ...init, headers: { authorization: `Bearer ${token}` } })

test('nobody without the token gets in, whatever the address', async () => {
  for (const answer of [answerStream, answerAcknowledgement, answerLease, answerUsage]) {
    expect((await answer(request('x', {}, 'wrong'))).status).toBe(401)
    expect((await answer(new Request('http://admin/api/control/x'))).status).toBe(401)
  }
})

test('what is no message of the protocol is refused in a sentence', async () => {
  expect((await answerStream(request('stream?gatewayId=x'))).status).toBe(400)
  const answer = await answerLease(request('lease', { method: 'POST', body: '{"gatewayId":1}' }))
  expect([answer.status, await answer.json()]).toMatchObject([
    400,
    { reason: expect.stringContaining('gatewayId') },
  ])
  expect((await answerUsage(request('usage', { method: 'POST', body: 'no json' }))).status).toBe(400)
  const old = await answerStream(
    request(`stream?gatewayId=${newGatewayId()}&protocol=0&version=v&hostname=h`),
  )
  expect(JSON.parse(await old.text())).toMatchObject({ kind: 'refused' })
})

test('a lease is booked by the clock of the database, and a restart of the process may lower its revision', async () => {
  const id = newGatewayId()
  const epoch = admins[0].feed.head?.epoch ?? ''
  await renewLease(pool, leaseOf(id, { epoch, revision: 5, hash: EMPTY_HASH }))
  await acknowledge(pool, { gatewayId: id, epoch, revision: 6, hash: EMPTY_HASH, status: 'applied' })
  // Was under way when the acknowledgement came.
  await renewLease(pool, leaseOf(id, { epoch, revision: 5, hash: EMPTY_HASH }))
  const revision = async () =>
    (await pool.query('SELECT revision, lease_until > now() AS held FROM gateways')).rows[0]
  expect(await revision()).toEqual({ revision: 6, held: true })
  await renewLease(pool, leaseOf(id, { epoch, revision: 5, hash: EMPTY_HASH, startedAt: Date.now() }))
  expect(await revision()).toEqual({ revision: 5, held: true })
})
