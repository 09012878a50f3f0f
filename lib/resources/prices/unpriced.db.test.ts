import { afterAll, beforeAll, expect, test } from 'vitest'
import type { TestDatabase } from '../../../scripts/testing/postgres.ts'
import { type Call, makeUser, startTestApi } from '../../api/testing.ts'
import { ensureHead } from '../../publish/head.ts'
import { publishingRuntime } from '../../publish/runtime.ts'
import { newGatewayId } from '../../publish/testing.ts'
import { pool } from '../../server/db.ts'
import { ingest } from '../../usage/ingest.ts'
import { inSequence, pricedEvent } from '../../usage/testing.ts'

let database: TestDatabase
let call: Call
let token: string

beforeAll(async () => {
  const started = await startTestApi()
  database = started.database
  call = started.call
  await ensureHead(pool)
  token = (await makeUser({ role: 'owner' })).token
})
afterAll(async () => {
  await publishingRuntime().close()
  await database.drop()
})

test('what was used without a price is listed with its traffic, and with the price that it has by now', async () => {
  const ask = (method: string, path: string, body?: unknown) => call(method, path, { token, body })
  const provider = (
    await ask('POST', '/providers', {
      name: 'Own',
      kind: 'openai-compatible',
      baseUrl: 'https://models.example.com/v1',
      credentials: { apiKey: 'sk-for-a-test' },
    })
  ).body
  const at = Date.now() - 3_600_000
  const unpriced = (servedModel: string, inputTokens: number, more: object = {}) => {
    const { attempts, ...event } = pricedEvent({ inputTokens, outputTokens: 7 }, { at, servedModel })
    return {
      ...event,
      providerId: provider.id,
      lines: [],
      costPicoUsd: null,
      unpriced: true,
      attempts: attempts.map((one) => ({ ...one, providerId: provider.id, servedModel, costPicoUsd: null })),
      ...more,
    }
  }
  await ingest(pool, {
    gatewayId: newGatewayId(),
    events: inSequence([
      unpriced('llama', 10),
      unpriced('llama', 20),
      unpriced('mixtral', 5),
      unpriced('only-played', 5, { simulated: true }),
      pricedEvent({ inputTokens: 5 }, { at }),
    ]),
  })
  const listed = await ask('GET', '/unpriced-models')
  expect(listed.body.data).toMatchObject([
    {
      model: 'llama',
      providerName: 'Own',
      calls: 2,
      inputTokens: 30,
      outputTokens: 14,
      isPriced: false,
      priceId: null,
    },
    { model: 'mixtral', calls: 1 },
  ])
  expect(listed.body.data).toHaveLength(2)
  expect((await ask('GET', '/unpriced-models?q=MIX')).body.data).toHaveLength(1)

  const price = { model: 'llama', providerId: provider.id, inputUsdPerMillion: '1', outputUsdPerMillion: '1' }
  const { id } = (await ask('POST', '/prices', price)).body
  expect((await ask('GET', '/unpriced-models?q=llama')).body.data).toMatchObject([
    { isPriced: true, priceId: id },
  ])
})
