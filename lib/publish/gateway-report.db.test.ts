import { afterAll, beforeAll, expect, test } from 'vitest'
import type { TestDatabase } from '../../scripts/testing/postgres.ts'
import { pool } from '../server/db.ts'
import { renewLease } from './fleet.ts'
import { ensureHead } from './head.ts'
import { COUNTERS_SQL, type GatewayRow, STATUS_SQL, toGateway } from './status.ts'
import { leaseOf, newGatewayId, useTestDatabase } from './testing.ts'

let database: TestDatabase
beforeAll(async () => {
  database = await useTestDatabase()
  await ensureHead(pool)
})
afterAll(() => database.drop())

test('a gateway whose journal takes nothing is shown to refuse calls, until it says that it takes them again', async () => {
  const id = newGatewayId()
  const takesCalls = async (accepting: boolean | undefined) => {
    const journal = { unshippedEvents: 3, unshippedBytes: 900, openIntents: 0 }
    const said = accepting === undefined ? journal : { ...journal, accepting }
    await renewLease(pool, leaseOf(id, { journal: said }))
    const { rows } = await pool.query<GatewayRow>(
      `SELECT g.*, ${STATUS_SQL} AS status, ${COUNTERS_SQL} AS counters_holder FROM gateways g, config_head h WHERE g.id = $1`,
      [id],
    )
    return rows[0] && toGateway(rows[0]).takesCalls
  }
  expect(await takesCalls(true)).toBe(true)
  expect(await takesCalls(false)).toBe(false)
  expect(await takesCalls(true)).toBe(true)
  // An older gateway tells nothing of it.
  expect(await takesCalls(undefined)).toBe(true)
})
