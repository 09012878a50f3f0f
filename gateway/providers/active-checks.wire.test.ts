import { afterAll, beforeAll, expect, test } from 'vitest'
import { provider, route } from '../testing/configuration-builder.ts'
import { type FakeOpenAi, startFakeOpenAi } from '../testing/fake-openai.ts'
import { type InProcessGateway, startInProcess } from '../testing/gateway-in-process.ts'
import { eventually, everythingShipped, type GatewayRig, isReady, startRig } from '../testing/gateway-rig.ts'
import { chat } from '../testing/http-caller.ts'

let rig: GatewayRig
let gateway: InProcessGateway
let own: FakeOpenAi

beforeAll(async () => {
  rig = await startRig()
  own = await startFakeOpenAi()
  rig.configuration.change(
    provider('provider_own', {
      kind: 'openai-compatible',
      baseUrl: own.baseUrl,
      options: { healthCheck: { path: '/models', intervalSeconds: 2 } },
    }),
    route('route_1', 'gpt-4o', [], {
      targets: ['provider_own', 'provider_1'].map((providerId, priority) => ({
        providerId,
        model: 'gpt-4o',
        weight: 1,
        priority,
        group: null,
      })),
    }),
  )
  gateway = await startInProcess(rig)
  await eventually(() => isReady(rig.url), 'ready')
})
afterAll(async () => {
  await gateway.stop()
  await own.close()
  await rig.close()
})

const lease = () => rig.admin?.leases.at(-1)
const told = () => lease()?.checks?.find(({ providerId }) => providerId === 'provider_own')
const stateOf = () => lease()?.targets?.find(({ providerId }) => providerId === 'provider_own')?.state

async function servedBy(): Promise<unknown> {
  const answer = await chat(rig.url)
  return [answer.status, answer.headers['x-gatehouse-provider'], answer.headers['x-gatehouse-attempts']]
}

test('a server of one’s own that dies while nobody calls is out before the next call, and back when it is', async () => {
  expect(await servedBy()).toEqual([200, 'provider_own', '1'])
  await eventually(() => told()?.ok === true, 'a check that went well')

  const { port } = own
  await own.close()
  await eventually(
    () => stateOf() === 'open',
    () => `out: ${JSON.stringify(lease())}`,
    30_000,
  )
  expect(told()).toMatchObject({ ok: false, message: expect.stringContaining('could not be reached') })
  expect(await servedBy()).toEqual([200, 'provider_1', '1'])

  own = await startFakeOpenAi(port)
  await eventually(() => stateOf() === 'halfOpen', 'tried again', 30_000)
  for (let call = 0; call < 3; call += 1) expect(await servedBy()).toEqual([200, 'provider_own', '1'])
  await eventually(() => stateOf() === 'closed', 'well', 30_000)
  expect(told()?.ok).toBe(true)

  // Each saw its own key alone, and the books know of calls alone.
  const keys = (vendor: FakeOpenAi) => new Set(vendor.served.map(({ headers }) => headers.authorization))
  expect(keys(own)).toEqual(new Set(['Bearer vendor-secret-of-provider_own']))
  expect(keys(rig.vendor)).toEqual(new Set(['Bearer vendor-secret-of-provider_1']))
  await everythingShipped(rig)
  expect(rig.booked().size).toBe(5)
}, 120_000)
