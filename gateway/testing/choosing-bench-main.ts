/**
 * `npm run bench:choose`: what choosing among 20 targets costs a call, by strategy, with health as calls leave it. In
 * the process itself: over the network it would drown in the call around it.
 */
import { type Strategy, strategy } from '../../lib/contract/entities.ts'
import { createCounters } from '../limits/counters.ts'
import { createBalancer } from '../routing/balancer.ts'
import { memoryConfiguration } from './memory-configuration.ts'
import { asking, callInTurn, fakeClock, PROVIDER, routeOf } from './routing-world.ts'
import { seeded } from './seed.ts'

const TARGETS = 20
const WARM_UP = 50_000
const CALLS = 400_000
const ROUNDS = 5

const configuration = memoryConfiguration({ providers: [PROVIDER], routes: [] })
const names = Array.from({ length: TARGETS }, (_, at) => `model-${at}`)

for (const of of strategy.options) console.log(line(of, measure(of, TARGETS, 1)))
for (const credentials of [1, 3, 20]) {
  console.log(line(`one target, ${credentials} credentials`, measure('priority', 1, credentials)))
}

function measure(of: Strategy, targets: number, credentials: number): number {
  const random = seeded(7)
  const clock = fakeClock(1_000_000)
  const balancer = createBalancer(clock, { random })
  const provider = { ...PROVIDER, credentials: { apiKey: names.slice(0, credentials) } }
  const route = routeOf(
    names.slice(0, targets).map((model) => ({ model, group: 'all' })),
    {
      strategy: of,
      rules: [{ name: 'long', when: { inputTokens: { min: 5 } }, use: 'all' }],
    },
    provider,
  )
  callInTurn(balancer, clock, route, 2_000, () => ({ ms: 20 + 200 * random(), fails: random() < 0.01 }))
  const asked = { ...asking(), configuration, counters: createCounters(clock) }
  const run = (calls: number) => {
    for (let call = 0; call < calls; call += 1) {
      const plan = balancer.plan(route, asked)
      const target = plan.next()
      if (target === null || typeof target === 'number') throw new Error('no target')
      if (plan.takeCredential(target, true) === null) throw new Error('no credential')
      const flight = plan.begin(target)
      clock.advance(0.01)
      flight.heard(false, clock.monotonic())
      flight.ended('good', clock.monotonic())
    }
  }
  run(WARM_UP)
  const rounds = Array.from({ length: ROUNDS }, () => {
    const from = process.cpuUsage()
    run(CALLS)
    const { user, system } = process.cpuUsage(from)
    return (user + system) / CALLS
  })
  return rounds.sort((a, b) => a - b)[Math.floor(ROUNDS / 2)] ?? 0
}

function line(of: string, us: number): string {
  return `${of.padEnd(26)} ${us.toFixed(2)} µs a call`
}
