import { afterAll, beforeAll, expect, test } from 'vitest'
import type { TestDatabase } from '../../../scripts/testing/postgres.ts'
import { seededRandom } from '../../../scripts/testing/tallies.ts'
import { type Call, makeUser, startTestApi } from '../../api/testing.ts'
import { formatUsd } from '../../contract/money.ts'
import { periodAt } from '../../contract/policy.ts'
import { ensureHead } from '../../publish/head.ts'
import { newGatewayId, until } from '../../publish/testing.ts'
import { db, pool } from '../../server/db.ts'
import { ingest } from '../../usage/ingest.ts'
import { pricedEvent } from '../../usage/testing.ts'
import { createAlertWatch } from './alert-watch.ts'
import { raiseFor, raiseOf, reaches, spendersOf } from './alerts.ts'

/** 10,000 output tokens at $10 the million. */
const CALL_PICO = 100_000_000_000n
const OUTPUT_TOKENS = 10_000
const gatewayId = newGatewayId()
let sequence = 0
let database: TestDatabase
let call: Call
let token: string

beforeAll(async () => {
  const started = await startTestApi()
  database = started.database
  call = started.call
  token = (await makeUser({ role: 'owner' })).token
  await ensureHead(pool)
  for (const id of ['team_a', 'team_b']) await db.team.create({ data: { id, name: id } })
})
afterAll(() => database.drop())

function callOf(teamId: string, at?: number) {
  sequence += 1
  return pricedEvent(
    { outputTokens: OUTPUT_TOKENS },
    { teamId, sequence, ...(at === undefined ? {} : { at }) },
  )
}

async function book(event: ReturnType<typeof callOf>) {
  await ingest(pool, { gatewayId, events: [event] })
  return event
}

async function makeBudget(more: Record<string, unknown>): Promise<string> {
  const body = { name: 'b', scope: { type: 'team', each: true }, amountUsd: '1', period: 'total', ...more }
  const answer = await call('POST', '/budgets', { token, body })
  expect(answer.status).toBe(201)
  return answer.body.id
}

async function alertsOf(budgetId: string, as = token) {
  const { body } = await call('GET', `/budget-alerts?budgetId=${budgetId}&limit=200`, { token: as })
  return body.data as {
    subject: string
    threshold: number
    spentUsd: string
    amountUsd: string
    from: string
  }[]
}

const names = (alerts: readonly { subject: string; threshold: number }[]) =>
  alerts.map(({ subject, threshold }) => `${subject} ${threshold}`).sort()

test('an alert is raised once for a subject and share, by many admins, over edits, none of them lost', async () => {
  const random = seededRandom('alerts')
  const pick = <T>(of: readonly T[]): T => of[Math.floor(random() * of.length)] as T
  const shares = [0.1, 0.25, 0.5, 0.8, 1, 1.5]
  let amount = 10n * CALL_PICO
  let alertAt = [0.5, 0.8, 1]
  const id = await makeBudget({ amountUsd: formatUsd(amount), alertAt })
  const spent = new Map<string, bigint>()
  const expected = new Set<string>()
  const expectAll = () => {
    for (const [team, pico] of spent)
      for (const share of alertAt) if (reaches(pico, amount, share)) expected.add(`${team} ${share}`)
  }
  for (let step = 0; step < 60; step += 1) {
    if (random() < 0.7) {
      const team = pick(['team_a', 'team_b'])
      const event = await book(callOf(team))
      spent.set(team, (spent.get(team) ?? 0n) + CALL_PICO)
      const now = new Date()
      const spenders = [...spendersOf([event]).values()]
      await Promise.all([
        raiseFor(pool, spenders, now),
        raiseFor(pool, spenders, now),
        raiseOf(pool, null, now),
      ])
    } else if (random() < 0.5) {
      amount = BigInt(1 + Math.floor(random() * 30)) * CALL_PICO
      const body = { amountUsd: formatUsd(amount) }
      expect((await call('PATCH', `/budgets/${id}`, { token, body })).status).toBe(200)
    } else {
      alertAt = shares.filter(() => random() < 0.5)
      expect((await call('PATCH', `/budgets/${id}`, { token, body: { alertAt } })).status).toBe(200)
    }
    expectAll()
    expect(names(await alertsOf(id))).toEqual([...expected].sort())
  }
  expect(expected.size).toBeGreaterThan(3)
})

test('what was booked is looked after without a sweep, and by a sweep whatever nobody looked after', async () => {
  const id = await makeBudget({
    scope: { type: 'organization' },
    amountUsd: '0.000001',
    period: 'day',
    alertAt: [1],
  })
  const count = async () => (await alertsOf(id)).length
  // Made before anything was spent today; spent where no watch heard of it.
  await db.budgetAlert.deleteMany({ where: { budgetId: id } })
  await book(callOf('team_a'))
  const sweeping = createAlertWatch(pool, 20)
  try {
    await until('the sweep raises it', async () => (await count()) === 1)
  } finally {
    sweeping.close()
  }
  await db.budgetAlert.deleteMany({ where: { budgetId: id } })
  const watch = createAlertWatch(pool, 3_600_000)
  try {
    await until('its first round is over', async () => (await count()) === 1)
    await db.budgetAlert.deleteMany({ where: { budgetId: id } })
    watch.booked([await book(callOf('team_b'))])
    await until('the booking raises it', async () => (await count()) === 1)
  } finally {
    watch.close()
  }
})

test('what is booked late counts in the period in which it was called', async () => {
  const id = await makeBudget({
    scope: { type: 'organization' },
    amountUsd: '0.05',
    period: 'hour',
    alertAt: [1],
  })
  await db.budgetAlert.deleteMany({ where: { budgetId: id } })
  const { startMs } = periodAt(Date.now() - 5 * 3_600_000, 'hour', 'UTC')
  const late = await book(callOf('team_a', startMs + 1_000))
  await raiseFor(pool, spendersOf([late]).values(), new Date())
  expect((await alertsOf(id)).map(({ from }) => Date.parse(from))).toEqual([startMs])
})

test('an override counts: while it is in force its shares do, and a share that was told is not told again', async () => {
  const id = await makeBudget({ scope: { type: 'team', id: 'team_a' }, amountUsd: '1000', alertAt: [0.5] })
  const event = await book(callOf('team_a'))
  await raiseFor(pool, spendersOf([event]).values(), new Date())
  expect(await alertsOf(id)).toEqual([])
  const override = { amountUsd: '0.1', until: '2999-01-01T00:00:00Z', reason: 'a test' }
  await call('POST', `/budgets/${id}/override`, { token, body: override })
  expect(await alertsOf(id)).toMatchObject([{ threshold: 0.5, amountUsd: '0.1' }])
  await call('DELETE', `/budgets/${id}/override`, { token })
  await call('POST', `/budgets/${id}/override`, { token, body: override })
  expect(await alertsOf(id)).toHaveLength(1)
})

test('members of a team see the alerts of their team and of all together, and of each team only their own', async () => {
  const ofEach = await makeBudget({ amountUsd: '0.05', alertAt: [1] })
  const ofAll = await makeBudget({ scope: { type: 'organization' }, amountUsd: '0.05', alertAt: [1] })
  const ofOther = await makeBudget({ scope: { type: 'team', id: 'team_b' }, amountUsd: '0.05', alertAt: [1] })
  const events = [await book(callOf('team_a')), await book(callOf('team_b'))]
  await raiseFor(pool, spendersOf(events).values(), new Date())
  const { token: member } = await makeUser({ teams: { team_a: 'developer' } })
  expect(names(await alertsOf(ofEach))).toEqual(['team_a 1', 'team_b 1'])
  expect(names(await alertsOf(ofEach, member))).toEqual(['team_a 1'])
  expect(names(await alertsOf(ofAll, member))).toEqual([' 1'])
  expect(names(await alertsOf(ofOther, member))).toEqual([])
})

test('simulated, refused and switched off: nothing is raised', async () => {
  const off = await makeBudget({ amountUsd: '0.05', alertAt: [1], enabled: false })
  const simulated = { ...callOf('team_a'), simulated: true }
  const refused = { ...callOf('team_a'), attempts: [], lines: [], costPicoUsd: null, status: 402 }
  expect(spendersOf([simulated, refused]).size).toBe(0)
  await raiseOf(pool, null, new Date())
  expect(await alertsOf(off)).toEqual([])
})

test.each([
  [49n, 100n, 0.5, false],
  [50n, 100n, 0.5, true],
  [0n, 0n, 1, false],
  [1n, 0n, 1, true],
  [3n, 10n, 0.3, true],
  [1n, 10_000_000n, 1e-7, true],
])('%d of %d reaches %d: %s', (spent, amount, share, yes) => {
  expect(reaches(spent, amount, share)).toBe(yes)
})
