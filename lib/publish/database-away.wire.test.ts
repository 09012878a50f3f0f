import { afterAll, expect, test, vi } from 'vitest'
import { usageEventOf } from '../usage/testing.ts'
import { answerAcknowledgement, answerLease, answerProbe, answerStream, answerUsage } from './control.ts'
import { probe } from './probe.ts'
import { waitForGateways } from './publish.ts'
import { publishingRuntime } from './runtime.ts'
import { leaseOf, newGatewayId } from './testing.ts'

// Nobody listens there.
process.env.DATABASE_URL = 'postgresql://gatehouse:hunter2@127.0.0.1:1/books'
process.env.GATEHOUSE_SECRET = 'a secret for tests that is long enough 0123456789'
process.env.GATEHOUSE_GATEWAY_TOKEN = 'a-gateway-token-for-tests'
const said = vi.spyOn(console, 'error').mockImplementation(() => undefined)
afterAll(() => publishingRuntime().close())

const gatewayId = newGatewayId()
const ack = { gatewayId, epoch: 'e', revision: 1, hash: '0'.repeat(64), status: 'applied' }
const result = {
  gatewayId,
  probeId: 'p',
  ok: true,
  message: '',
  status: 200,
  code: null,
  latencyMs: 1,
  models: [],
}

test.each([
  ['lease', answerLease, leaseOf(gatewayId)],
  ['ack', answerAcknowledgement, ack],
  ['usage', answerUsage, { gatewayId, events: [usageEventOf()] }],
  ['probe', answerProbe, result],
])('while the database is away, %s is a 503 within 2 s and tells no password', async (path, answer, body) => {
  const started = performance.now()
  const response = await answer(
    new Request(`http://admin/api/control/${path}`, {
      method: 'POST',
      headers: { authorization: 'Bearer a-gateway-token-for-tests' },
      body: JSON.stringify(body),
    }),
  )
  expect(performance.now() - started).toBeLessThan(2_000)
  expect([response.status, response.headers.get('retry-after')]).toEqual([503, '1'])
  expect(await response.text()).not.toContain('hunter2')
  expect(JSON.stringify(said.mock.calls)).not.toContain('hunter2')
})

test('a stream opens and stays silent, so that its gateway dials again; nothing crashes', async () => {
  const abort = new AbortController()
  const query = `gatewayId=${gatewayId}&protocol=1&version=t&hostname=h`
  const response = await answerStream(
    new Request(`http://admin/api/control/stream?${query}`, {
      headers: { authorization: 'Bearer a-gateway-token-for-tests' },
      signal: abort.signal,
    }),
  )
  expect(response.status).toBe(200)
  const reading = response.text()
  abort.abort()
  expect(await reading).toBe('')
})

test('the wait for gateways ends, and a test of a connection fails as the database does', async () => {
  expect(await waitForGateways(1)).toEqual({ applied: 0, total: 0 })
  const provider = {
    type: 'provider',
    id: 'p',
    name: 'P',
    kind: 'openai',
    baseUrl: null,
    options: {},
    limits: [],
  } as const
  const whole = { ...provider, allowPrivateNetwork: false, credentialsVersion: '', credentials: {} }
  await expect(probe(whole)).rejects.toMatchObject({ code: 'ECONNREFUSED' })
})
