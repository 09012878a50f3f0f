import { afterAll, beforeAll, expect, test } from 'vitest'
import type { TestDatabase } from '../../../scripts/testing/postgres.ts'
import { type Call, makeUser, startTestApi } from '../../api/testing.ts'
import { ensureHead } from '../../publish/head.ts'
import { publishingRuntime } from '../../publish/runtime.ts'
import { newGatewayId, until } from '../../publish/testing.ts'
import { db, pool } from '../../server/db.ts'
import { ingest } from '../../usage/ingest.ts'
import { answerSpent } from '../../usage/spent.ts'
import { inSequence, pricedEvent } from '../../usage/testing.ts'
import { repricingWorker } from './worker.ts'

const MODEL = 'gpt-4o-2024-11-20'
let database: TestDatabase
let call: Call
let token: string

beforeAll(async () => {
  const started = await startTestApi()
  database = started.database
  call = started.call
  await ensureHead(pool)
  token = (await makeUser({ role: 'finance' })).token
})
afterAll(async () => {
  repricingWorker().stop()
  await publishingRuntime().close()
  await database.drop()
})

const asFinance = (method: string, path: string, body?: unknown) => call(method, path, { token, body })

async function finished(id: string) {
  let answer = await asFinance('GET', `/repricings/${id}`)
  await until('the repricing is finished', async () => {
    answer = await asFinance('GET', `/repricings/${id}`)
    return answer.body.status !== 'running'
  })
  return answer.body
}

test('a mistyped price is seen, mended and told: preview, books, budgets, audit, log', async () => {
  await db.team.create({ data: { id: 'team_a', name: 'Search' } })
  const now = Date.now()
  const events = [1, 2, 3].map((n) =>
    pricedEvent({ inputTokens: 1_000_000 }, { teamId: 'team_a', at: now - n }),
  )
  const old = pricedEvent({ inputTokens: 1_000_000 }, { teamId: 'team_a', at: Date.UTC(2026, 0, 5) })
  const simulated = pricedEvent({ inputTokens: 1_000_000 }, { teamId: 'team_a', at: now, simulated: true })
  await ingest(pool, { gatewayId: newGatewayId(), events: inSequence([old, ...events, simulated]) })
  const budget = await asFinance('POST', '/budgets', {
    name: 'Search a month',
    scope: { type: 'team', id: 'team_a' },
    amountUsd: '100',
    period: 'month',
  })
  const untouched = await asFinance('POST', '/budgets', {
    name: 'Another user',
    scope: { type: 'user', id: 'nobody' },
    amountUsd: '100',
    period: 'month',
  })
  const price = await asFinance('POST', '/prices', {
    providerKind: 'openai',
    model: MODEL,
    inputUsdPerMillion: '25',
    outputUsdPerMillion: '10',
  })
  const path = `/prices/${price.body.id}/reprice`

  // Whoever does not say so changes nothing.
  for (const [address, body] of [
    [path, {}],
    [path, { dryRun: true }],
    [`${path}?dryRun=true`, {}],
    [`${path}?dryRun=true`, { dryRun: false }],
  ] as const) {
    const shown = await asFinance('POST', address, body)
    expect(shown.status).toBe(200)
    expect(shown.body).toMatchObject({
      dryRun: true,
      calls: 4,
      beforeUsd: '10',
      afterUsd: '100',
      differenceUsd: '90',
      simulatedCalls: 1,
      complete: true,
      firstCallAt: '2026-01-05T00:00:00.000Z',
      byTeam: [{ id: 'team_a', name: 'Search', calls: 4, differenceUsd: '90' }],
      byModel: [{ id: MODEL, name: MODEL, calls: 4 }],
    })
    expect(shown.body.budgets).toEqual([
      expect.objectContaining({ id: budget.body.id, closed: false, differenceUsd: '67.5' }),
      expect.objectContaining({
        id: budget.body.id,
        closed: true,
        differenceUsd: '22.5',
        from: '2026-01-01T00:00:00.000Z',
      }),
    ])
  }
  expect((await asFinance('GET', '/repricings')).body.data).toEqual([])

  const started = await asFinance('POST', path, { dryRun: false })
  expect(started.status).toBe(200)
  expect(started.body).toMatchObject({ dryRun: false, priceVersion: 1 })
  const done = await finished(started.body.id)
  expect(done).toMatchObject({ status: 'done', calls: 5, beforeUsd: '10', afterUsd: '100' })

  // The books, and whoever asks what the budget has spent.
  const month = (await asFinance('GET', `/budgets/${budget.body.id}`)).body
  expect(month).toMatchObject({ version: 1, current: { spentUsd: '75' } })
  const { startMs, endMs } = { startMs: Date.parse(month.current.from), endMs: Date.parse(month.current.to) }
  const spent = await answerSpent(pool, {
    gatewayId: newGatewayId(),
    budgets: [{ id: 'b', scope: { type: 'team', id: 'team_a', each: false }, startMs, endMs }],
  })
  expect(spent.budgets[0]?.subjects).toEqual([
    { subject: 'team_a', spentPicoUsd: '75000000000000', heldPicoUsd: '0' },
  ])
  // Gateways count it anew, and no other.
  const bodies = await db.configEntity.findMany({ where: { type: 'budget' } })
  const recounts = Object.fromEntries(
    bodies.map(({ id, body }) => [id, (body as { recount: number }).recount]),
  )
  expect(recounts).toEqual({ [budget.body.id]: 1, [untouched.body.id]: 0 })

  const log = (await asFinance('GET', `/calls?repricedBy=${started.body.id}`)).body.data
  expect(log).toHaveLength(5)
  const receipt = (await asFinance('GET', `/calls/${events[0]?.id}`)).body
  expect(receipt).toMatchObject({ costUsd: '25', attempts: [{ costUsd: '25' }] })
  expect(receipt.lines.slice(1)).toMatchObject([
    { quantity: -1_000_000, usdPerMillion: '2.5', costUsd: '-2.5', correctionOf: `${events[0]?.id}/0` },
    { quantity: 1_000_000, usdPerMillion: '25', costUsd: '25', correctionOf: `${events[0]?.id}/0` },
  ])
  const audit = (await asFinance('GET', `/audit-log?targetId=${price.body.id}`)).body.data
  expect(audit.map(({ action }: { action: string }) => action)).toEqual([
    'price.repriced',
    'price.reprice',
    'price.create',
  ])
  expect(audit[0].difference).toMatchObject({ calls: [null, 5], costUsd: ['10', '100'] })

  // The price is mended, and only what arrived since January is.
  await asFinance('PATCH', `/prices/${price.body.id}`, { inputUsdPerMillion: '2.5' })
  const from = new Date(now - 60_000).toISOString()
  const mended = await asFinance('POST', path, { dryRun: false, from })
  expect(await finished(mended.body.id)).toMatchObject({ calls: 4, beforeUsd: '75', afterUsd: '7.5' })
  expect((await asFinance('POST', path, { from })).body).toMatchObject({ calls: 0, simulatedCalls: 0 })
  expect((await asFinance('POST', path, {})).body).toMatchObject({ calls: 1, differenceUsd: '-22.5' })
})

test('bad input is told where it stands, and a price that is not there is a 404', async () => {
  const price = await asFinance('POST', '/prices', {
    model: 'm',
    inputUsdPerMillion: '1',
    outputUsdPerMillion: '1',
  })
  const path = `/prices/${price.body.id}/reprice`
  for (const [body, field] of [
    [{ from: 'yesterday' }, 'from'],
    [{ from: '2026-02-01T00:00:00Z', to: '2026-01-01T00:00:00Z' }, 'from'],
    [{ dryRun: 'no' }, 'dryRun'],
  ] as const) {
    const answer = await asFinance('POST', path, body)
    expect([answer.status, answer.body.errors?.[0]?.path]).toEqual([400, field])
  }
  expect((await asFinance('POST', '/prices/price_none/reprice', {})).status).toBe(404)
  expect((await asFinance('POST', '/prices/price_none/reprice', { dryRun: false })).status).toBe(404)
  expect(
    (await call('POST', path, { token, body: { dryRun: false }, headers: { 'if-match': '"9"' } })).status,
  ).toBe(412)
  expect((await asFinance('GET', '/repricings/none')).status).toBe(404)
})

test('a repricing whose admin died is ended by the next that looks', async () => {
  const price = await asFinance('POST', '/prices', {
    model: 'x',
    inputUsdPerMillion: '1',
    outputUsdPerMillion: '1',
  })
  const id = 'repricing_left'
  await db.repricing.create({
    data: {
      id,
      priceId: price.body.id,
      priceVersion: 1,
      model: 'x',
      toAt: new Date(),
      actorType: 'user',
      actorName: 'Gone',
    },
  })
  const second = await asFinance('POST', `/prices/${price.body.id}/reprice`, { dryRun: false })
  expect(second.status).toBe(409)
  repricingWorker().wake()
  expect(await finished(id)).toMatchObject({ status: 'done', calls: 0, actorName: 'Gone' })
})
