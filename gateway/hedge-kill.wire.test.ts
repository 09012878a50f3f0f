/** SIGKILL while two targets are asked side by side: both stand in the books, and both stay held. */
import { afterEach, beforeEach, expect, test } from 'vitest'
import { parseUsd } from '../lib/contract/money.ts'
import { price, provider, route } from './testing/configuration-builder.ts'
import { eventually, everythingShipped, type GatewayRig, ready, startRig } from './testing/gateway-rig.ts'
import { chat } from './testing/http-caller.ts'
import { TEST_PRICING } from './testing/memory-configuration.ts'
import { testBudget } from './testing/policies.ts'

const CAP = 100
const AMOUNT = '0.05'

let rig: GatewayRig
beforeEach(async () => {
  rig = await startRig()
})
afterEach(() => rig.close())

test('killed while two targets are asked: one event with both attempts, whose bounds stay held', async () => {
  const { configuration } = rig
  const baseUrl = rig.vendor.baseUrl
  configuration.change(
    price('price_1', { rates: TEST_PRICING.rates }),
    provider('provider_1', { baseUrl }),
    provider('provider_2', { baseUrl }),
    route('route_hedged', 'hedged', ['provider_1', 'provider_2'], {
      maxOutputTokens: CAP,
      hedge: { percentile: 50, minMs: 20 },
    }),
    testBudget({
      id: 'budget_1',
      scope: { type: 'route', id: 'route_hedged', each: false },
      amountUsd: AMOUNT,
      period: 'total',
      holdWaitMs: 0,
    }),
  )
  let gateway = rig.start()
  await ready(gateway)
  const ask = () => chat(gateway.url, { model: 'hedged', stream: true })
  await eventually(async () => (await ask()).status === 200, 'the budget is known')
  // Both of them are asked in turn: eight answers of each say what is late.
  for (let call = 0; call < 20; call += 1) expect((await ask()).status).toBe(200)

  rig.vendor.script([], { hang: true })
  const before = rig.vendor.served.length
  const cut = ask()
  await eventually(() => rig.vendor.served.length === before + 2, 'two are asked')
  await gateway.kill('SIGKILL')
  expect((await cut).end).not.toBe('whole')
  rig.vendor.script([])

  gateway = rig.start()
  await ready(gateway)
  await everythingShipped(rig)
  const id = rig.vendor.served.at(-1)?.requestId ?? ''
  const event = rig.booked().get(id)
  expect(event).toMatchObject({ status: 502, costPicoUsd: null, lines: [] })
  expect(event?.attempts.map(({ outcome, providerId }) => [outcome, providerId]).sort()).toEqual([
    ['unknown', 'provider_1'],
    ['unknown', 'provider_2'],
  ])
  const held = BigInt(event?.reservedPicoUsd ?? 0)
  expect(held).toBeGreaterThan(0n)

  // What others may still spend is what is left beside both bounds.
  let status = 200
  while (status === 200) status = (await ask()).status
  // What the killed call may have cost is held, not spent.
  expect(status).toBe(429)
  await everythingShipped(rig)
  const spent = [...rig.booked().values()].reduce(
    (sum, { costPicoUsd }) => sum + BigInt(costPicoUsd ?? 0),
    0n,
  )
  expect(spent + held).toBeLessThanOrEqual(parseUsd(AMOUNT))
  expect(spent + held + held).toBeGreaterThan(parseUsd(AMOUNT))
}, 60_000)
