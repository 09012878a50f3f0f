/** For tests of publishing and the books: a database of the test's own, published entities, gateways. */
import { randomBytes, randomInt } from 'node:crypto'
import { createTestDatabase, type TestDatabase } from '../../scripts/testing/postgres.ts'
import type { ChangedEntity } from '../api/operation.ts'
import type { LeaseRenewal } from '../contract/control.ts'
import { db, pool } from '../server/db.ts'
import { publish } from './publish.ts'

export const TEST_ACTOR = { type: 'user', id: 'user_test', name: 'Test' }

/** Call it in beforeAll: the pools of lib/server/db open at their first use. */
export async function useTestDatabase(): Promise<TestDatabase> {
  const database = await createTestDatabase()
  process.env.DATABASE_URL = database.url
  process.env.GATEHOUSE_SECRET = randomBytes(24).toString('hex')
  process.env.GATEHOUSE_GATEWAY_TOKEN = 'a-gateway-token-for-tests'
  return {
    url: database.url,
    async drop() {
      await db.$disconnect()
      await pool.end()
      await database.drop()
    },
  }
}

export function teamChange(id: string, name = id): ChangedEntity {
  return { type: 'team', id, name, entity: { type: 'team', id, name } }
}

export function publishOnce(changes: ChangedEntity[], summary = 'test'): Promise<number> {
  return db.$transaction((tx) => publish(tx, changes, TEST_ACTOR, summary), {
    maxWait: 20_000,
    timeout: 20_000,
  })
}

export function newGatewayId(): string {
  return `gw_${randomBytes(12).toString('hex')}`
}

export function leaseOf(gatewayId: string, more: Partial<LeaseRenewal> = {}): LeaseRenewal {
  return {
    gatewayId,
    protocol: 1,
    version: 'test',
    hostname: `host-${randomInt(1_000)}`,
    startedAt: 1_790_000_000_000,
    epoch: null,
    revision: null,
    hash: null,
    url: null,
    state: 'ready',
    inFlight: 0,
    journal: { unshippedEvents: 0, unshippedBytes: 0, openIntents: 0 },
    rssBytes: 1,
    loopDelayP99Ms: 0,
    ...more,
  }
}

/** Polls until the condition holds. @throws Error after 10 s. */
export async function until(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 10_000
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`did not happen within 10 s: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}
