import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { collectingLog } from '../journal/journal-testing.ts'
import { testProvider } from '../testing/memory-configuration.ts'
import {
  asking,
  callInTurn,
  type FakeClock,
  fakeClock,
  leaveAlone,
  routeOf,
} from '../testing/routing-world.ts'
import { createBalancer } from './balancer.ts'
import { keepHealth } from './health-file.ts'

const route = routeOf([{ model: 'a' }, { model: 'b', priority: 1 }])
let directory: string
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'gatehouse-health-'))
})
afterEach(() => rm(directory, { recursive: true }))

const keep = (balancer: ReturnType<typeof createBalancer>, clock: FakeClock) =>
  keepHealth(directory, balancer, clock, collectingLog().log)

it('who is out when a gateway stops is out when it starts again', async () => {
  const clock = fakeClock(1_000)
  const before = createBalancer(clock, { random: () => 1 })
  const file = await keep(before, clock)
  callInTurn(before, clock, route, 5, () => ({ fails: true, ms: 1 }))
  await file.stop()

  const after = createBalancer(clock)
  await keep(after, clock)
  expect(after.plan(route, asking()).next()).toBe(route.targets[1])
  clock.advance(1_000)
  expect(after.plan(route, asking()).next()).toBe(route.targets[0])
})

it('writes nothing where all are well, and forgets who became well', async () => {
  const clock = fakeClock(1_000)
  const balancer = createBalancer(clock)
  const file = await keep(balancer, clock)
  callInTurn(balancer, clock, route, 5, () => ({ ms: 1 }))
  await file.stop()
  expect(await readdir(directory)).toEqual([])

  const [a] = route.targets
  if (a) leaveAlone(balancer, clock, a, 500)
  const again = await keep(balancer, clock)
  await again.stop()
  expect(await readFile(join(directory, 'health.json'), 'utf8')).toContain('"p a"')
  clock.advance(501)
  const last = await keep(createBalancer(clock), clock)
  await last.stop()
  expect(await readFile(join(directory, 'health.json'), 'utf8')).toBe('[]')
})

it('credentials that are out stay out over a restart, until others take their place', async () => {
  const clock = fakeClock(1_000)
  const several = testProvider({ id: 'p', credentials: { apiKey: ['key-number-one', 'key-number-two'] } })
  const before = createBalancer(clock)
  const file = await keep(before, clock)
  const credentials = before.credentials(several)
  const [one, two] = credentials.list
  if (one) credentials.refuse(one, clock.monotonic(), '401')
  if (two) credentials.rest(two, 'm', clock.monotonic() + 30_000, '429')
  await file.stop()
  expect(await readFile(join(directory, 'health.json'), 'utf8')).not.toContain('key-number')

  clock.advance(10_000)
  // A restart with no call between it and the next forgets nothing either.
  for (const restart of [1, 2]) {
    const after = createBalancer(clock)
    const kept = await keep(after, clock)
    if (restart === 2) {
      expect(after.credentials(several).waitMs('m', clock.monotonic())).toBe(20_000)
      expect(after.credentials(several).list[0]?.state(clock.monotonic())).toEqual({
        state: 'refused',
        until: 61_000,
        code: '401',
      })
      const changed = { ...several, credentialsVersion: '2' }
      expect(after.credentials(changed).waitMs('m', clock.monotonic())).toBe(0)
    }
    await kept.stop()
  }
})

it.each(['', '{', '[{"target":1}]'])('starts with nothing from a file that holds %j', async (text) => {
  await writeFile(join(directory, 'health.json'), text)
  const clock = fakeClock(1_000)
  const balancer = createBalancer(clock)
  await keep(balancer, clock)
  expect([...balancer.targets()]).toEqual([])
})
