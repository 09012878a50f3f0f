/** SIGKILL amid a race for a hard budget: what the vendor puts on its bill never passes it, after the restart too. */
import { join } from 'node:path'
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { formatUsd } from '../lib/contract/money.ts'
import { ROOT } from '../scripts/build/fingerprint.ts'
import { BUILD_STEPS, withBuildLock } from '../scripts/build/product.ts'
import { costBound } from './limits/cost-bound.ts'
import { price, provider, route } from './testing/configuration-builder.ts'
import {
  eventually,
  everythingShipped,
  type GatewayRig,
  metric,
  ready,
  startRig,
} from './testing/gateway-rig.ts'
import { chat } from './testing/http-caller.ts'
import { TEST_PRICING } from './testing/memory-configuration.ts'
import { testBudget } from './testing/policies.ts'
import { seeded, testSeed } from './testing/seed.ts'

const LONG = process.env.GATEHOUSE_TEST_LONG === '1'
const ROUNDS = LONG ? 40 : 2
const CAP = 60
const CALLS = 500
const KILLS = 2
const routeOf = (round: number) => `race-${String(round).padStart(2, '0')}`
/** The bytes of one call that `chat` makes, as they are held. */
const BYTES = JSON.stringify({
  model: routeOf(0),
  stream: false,
  messages: [{ role: 'user', content: 'Say something.' }],
}).length
const AMOUNT = costBound(TEST_PRICING, null, { inputTokens: BYTES, outputTokens: CAP, timeMs: 0 }) * 40n

let rig: GatewayRig
beforeAll(async () => {
  await withBuildLock(() => BUILD_STEPS.gateway())
}, 120_000)
beforeEach(async () => {
  rig = await startRig({ bundle: join(ROOT, 'dist/gateway/main.mjs') })
})
afterEach(() => rig.close())

test(
  'killed twice amid 500 calls at once, the vendor’s bill stays within 40 bounds, restarts and all',
  async () => {
    const random = seeded(testSeed('killed amid a race for a budget'))
    let gateway = rig.start()
    await ready(gateway)
    for (let round = 0; round < ROUNDS; round += 1) {
      rig.vendor.served.length = 0
      rig.vendor.script([], { fillCap: true, delayMs: 20, eventDelayMs: 1 })
      await giveBudget(round)
      let refused = 0
      for (let kill = 0; kill < KILLS; kill += 1) {
        const killAfter = 1 + Math.floor(random() * 30)
        const before = rig.vendor.served.length
        const answers = Array.from({ length: CALLS }, () =>
          chat(gateway.url, { model: routeOf(round), stream: random() < 0.5 }),
        )
        let over = false
        const all = Promise.all(answers).then((ended) => {
          over = true
          return ended
        })
        await eventually(() => over || rig.vendor.served.length - before >= killAfter, 'the race is on')
        await gateway.kill('SIGKILL')
        refused += (await all).filter(({ status }) => status === 402 || status === 429).length
        await eventually(
          () => rig.vendor.served.every(({ outcome }) => outcome !== 'serving'),
          'the vendor is done',
        )
        expect(invoice()).toBeLessThanOrEqual(AMOUNT)
        gateway = rig.start({ JOURNAL_SYNC: random() < 0.5 ? 'settle' : 'group' })
        await ready(gateway)
      }
      // What is left is used, and not a bit more: what the killed calls may have cost stays held.
      const last = await Promise.all(
        Array.from({ length: 100 }, () => chat(gateway.url, { model: routeOf(round) })),
      )
      refused += last.filter(({ status }) => status === 402 || status === 429).length
      expect(last.filter(({ status }) => ![200, 402, 429].includes(status))).toEqual([])
      expect(refused, 'the budget ran out').toBeGreaterThan(0)
      await everythingShipped(rig)
      expect(invoice()).toBeLessThanOrEqual(AMOUNT)
      const booked = [...rig.booked().values()].filter(({ attempts }) => attempts.length > 0)
      const sent = new Set(rig.vendor.served.map(({ requestId }) => requestId))
      const known = booked.filter(({ id }) => sent.has(id))
      expect(known.length, 'what was sent is booked').toBe(sent.size)
    }
  },
  LONG ? 900_000 : 90_000,
)

/** A fresh one for each round, over a route of its own: what was spent before counts in no other. */
async function giveBudget(round: number): Promise<void> {
  const { configuration, admin } = rig
  const id = `route_race_${round}`
  admin?.send(
    configuration.change(
      price('price_1', { rates: TEST_PRICING.rates }),
      provider('provider_1', { baseUrl: rig.vendor.baseUrl }),
      route(id, routeOf(round), ['provider_1'], { maxOutputTokens: CAP }),
      testBudget({
        id: `budget_${round}`,
        scope: { type: 'route', id, each: false },
        amountUsd: formatUsd(AMOUNT),
        period: 'total',
      }),
    ),
  )
  const { revision } = configuration
  await eventually(
    () =>
      admin?.acknowledgements.some((ack) => ack.revision === revision && ack.status === 'applied') ?? false,
    'the gateway has the budget',
  )
  // Killed before that, it would start with the configuration before.
  await eventually(async () => (await metric(rig, 'gatehouse_configuration_saved')) === 1, 'it is on disk')
  // The first call makes sure that it is adopted: until then it would be told 503.
  await eventually(
    async () => (await chat(rig.url, { model: routeOf(round) })).status === 200,
    'the budget is known',
  )
}

/** Of whatever left the house, whether or not it arrived. */
const invoice = () =>
  rig.vendor.served.reduce(
    (sum, one) => sum + BigInt(one.promptTokens) * 2_500_000n + BigInt(one.completionTokens) * 10_000_000n,
    0n,
  )
