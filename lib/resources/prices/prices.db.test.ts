import { beforeAll, expect, test } from 'vitest'
import { type Call, makeUser, startTestApi } from '../../api/testing.ts'
import { unique } from '../../api/testing-cases.ts'

let call: Call
let owner: string

beforeAll(async () => {
  ;({ call } = await startTestApi())
  owner = (await makeUser({ role: 'owner' })).token
})

const post = (path: string, body: unknown) => call('POST', path, { token: owner, body })

test('a price is an exact decimal within bounds, and what is beyond them is the caller’s mistake', async () => {
  const price = (inputUsdPerMillion: string) =>
    post('/prices', { model: unique('model'), inputUsdPerMillion, outputUsdPerMillion: '1E2' })
  for (const [sent, kept] of [
    ['1e-30', `0.${'0'.repeat(29)}1`],
    ['5.46875e-07', '0.000000546875'],
    ['1e9', '1000000000'],
    ['0000000002.50', '2.5'],
  ] as const) {
    const { status, body } = await price(sent)
    expect([status, body.inputUsdPerMillion, body.outputUsdPerMillion]).toEqual([201, kept, '100'])
  }
  const beyond = ['1e-31', '1e-99', '1.1e9', '1e40', '1e99', '99999999999999999999']
  for (const sent of [...beyond, '', ' 1', '.5', '1.', '1,5', '-1', 'NaN', 'abc']) {
    const { status, body } = await price(sent)
    expect([sent, status, body.errors?.[0].path]).toEqual([sent, 400, 'inputUsdPerMillion'])
  }
  const tiers = [{ aboveInputTokens: 1, inputUsdPerMillion: '1', outputUsdPerMillion: '1e40' }]
  const rates = { inputUsdPerMillion: '1', outputUsdPerMillion: '1' }
  const tiered = await post('/prices', { model: unique('model'), ...rates, tiers })
  expect(tiered.body.errors[0].path).toBe('tiers[0].outputUsdPerMillion')
})

test('a price by the service tier served is kept as it was sent', async () => {
  const rates = { inputUsdPerMillion: '1.25', outputUsdPerMillion: '10', secondUsd: '0.0007' }
  const tiers = [{ aboveInputTokens: 272_000, inputUsdPerMillion: '5', outputUsdPerMillion: '30' }]
  const own = { inputUsdPerMillion: '2.5', outputUsdPerMillion: '2e1', tiers }
  const serviceTiers = { flex: '5e-1', priority: own }
  const { body: price } = await post('/prices', { model: unique('model'), ...rates, serviceTiers })
  expect(price).toMatchObject({
    secondUsd: '0.0007',
    serviceTiers: {
      flex: '0.5',
      priority: { inputUsdPerMillion: '2.5', outputUsdPerMillion: '20', secondUsd: null, tiers },
    },
  })
  const kept = await call('PATCH', `/prices/${price.id}`, { token: owner, body: { secondUsd: null } })
  expect(kept.body).toMatchObject({ secondUsd: null, serviceTiers: price.serviceTiers })
  const cleared = await call('PATCH', `/prices/${price.id}`, { token: owner, body: { serviceTiers: {} } })
  expect(cleared.body.serviceTiers).toEqual({})

  const twice = { ...own, tiers: [...tiers, ...tiers] }
  for (const [sent, path] of [
    [{ flex: '-1' }, 'serviceTiers.flex'],
    [{ flex: '1001' }, 'serviceTiers.flex'],
    [{ 'No tier': '1' }, 'serviceTiers.No tier'],
    [{ priority: twice }, 'serviceTiers.priority.tiers'],
  ] as const) {
    const { status, body } = await post('/prices', { model: unique('m'), ...rates, serviceTiers: sent })
    expect([sent, status, body.errors?.[0].path]).toEqual([sent, 400, path])
  }
})
