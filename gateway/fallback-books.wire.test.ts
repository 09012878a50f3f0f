import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { FakePlan } from './testing/fake-openai.ts'
import { type GatewayUnderTest, HELLO, startGatewayUnderTest, until } from './testing/gateway-under-test.ts'
import { testRoute } from './testing/memory-configuration.ts'

let gateway: GatewayUnderTest

beforeEach(async () => {
  await gateway?.close()
  gateway = await startGatewayUnderTest({}, {}, {})
})
afterEach(() => {
  expect(gateway.books.faults).toEqual([])
  expect(gateway.reports).toEqual([])
})
afterAll(() => gateway.close())

const targets = [
  { providerId: 'provider_a', model: 'gpt-fake', priority: 0 },
  { providerId: 'provider_b', model: 'gpt-other', priority: 1, group: 'spare' },
]
function routeBoth(fields: Record<string, unknown> = {}): void {
  gateway.configure({ routes: [testRoute({ name: 'both', targets, ...fields })] })
}

/** One call to its end, and what was booked of it. */
async function booked(fields: object, scripts: { a?: FakePlan; b?: FakePlan } = {}) {
  gateway.a.script(scripts.a ? [scripts.a] : [])
  gateway.b.script(scripts.b ? [scripts.b] : [])
  const before = gateway.books.events.length
  const answer = await gateway.post({ model: 'both', ...HELLO, ...fields })
  const text = await answer.text()
  await until(() => gateway.books.events.length > before)
  // As it is shipped.
  const event = JSON.parse(JSON.stringify(gateway.books.events.at(-1)))
  return { event, text, header: answer.headers.get('x-gatehouse-degraded') }
}

const LINE = 'From the spare one.'
const message = { degradation: { notify: 'message', message: LINE } }
const toolCall = { id: 'call_1', name: 'look', arguments: '{"a":1}' }
const asJson = { response_format: { type: 'json_object' } }
const fallback = { requested: 'gpt-fake', served: 'gpt-other', reason: 'serverError' }

describe.each([false, true])('the books of a call that a fallback answered (stream: %s)', (stream) => {
  it.each<[string, Record<string, unknown>, object, FakePlan, object]>([
    ['in a header', {}, {}, {}, { told: 'header' }],
    ['in the answer', message, {}, {}, { told: 'message' }],
    ['not at all', { degradation: { notify: 'none' } }, {}, {}, { told: 'none' }],
    [
      'by the header alone before JSON',
      message,
      asJson,
      { text: '{"ok":true}' },
      { told: 'header', whyNotMessage: 'json' },
    ],
    [
      'by the header alone before a tool call',
      message,
      {},
      { toolCall },
      { told: 'header', whyNotMessage: 'toolCall' },
    ],
  ])('say that the caller was told %s', async (_name, route, request, plan, told) => {
    routeBoth(route)
    const { event, text, header } = await booked({ stream, ...request }, { a: { status: 500 }, b: plan })
    expect(event).toMatchObject({ status: 200, degraded: { ...fallback, ...told } })
    expect(Object.keys(event.degraded).sort()).toEqual(Object.keys({ ...fallback, ...told }).sort())
    const isTold = event.degraded.told
    expect([header !== null, text.includes(LINE)]).toEqual([isTold !== 'none', isTold === 'message'])
    expect(event.attempts.map(({ reason }: { reason?: string }) => reason)).toEqual([
      'serverError',
      undefined,
    ])
    expect(event.routing).toEqual({
      strategy: 'priority',
      wantedProviderId: 'provider_a',
      wantedModel: 'gpt-fake',
    })
  })
})

describe('the books of other calls', () => {
  it('hold nothing more where nothing happened', async () => {
    routeBoth()
    const plain = await booked({})
    expect(plain.event.routing).toEqual({ strategy: 'priority' })
    expect('degraded' in plain.event || 'reason' in plain.event.attempts[0]).toBe(false)
    gateway.configure({ routes: [testRoute({ name: 'both', targets: targets.slice(0, 1) })] })
    expect('routing' in (await booked({})).event).toBe(false)
  })

  it('say which rule chose, and that a canary was met', async () => {
    const rules = [{ name: 'Long ones', when: {}, use: 'spare' }]
    routeBoth({ strategy: 'rules', rules })
    const ruled = await booked({})
    expect(ruled.event.routing).toEqual({ strategy: 'rules', rule: 'Long ones' })
    expect('degraded' in ruled.event).toBe(false)
    routeBoth({ canary: { group: 'spare', percent: 100 } })
    expect((await booked({})).event.routing).toEqual({ strategy: 'priority', canary: true })
  })

  it('say why each attempt failed where nobody answered, and of no fallback', async () => {
    routeBoth({ retries: { attempts: 1 } })
    const { event } = await booked({}, { a: { status: 429 }, b: { failAtByte: 0 } })
    expect(event.attempts.map(({ reason }: { reason?: string }) => reason)).toEqual([
      'rateLimit',
      'connection',
    ])
    expect('degraded' in event).toBe(false)
    const wrong = await booked({}, { a: { status: 422 }, b: { status: 422 } })
    expect(wrong.event.attempts).toMatchObject([{ reason: 'badRequest' }])
  })
})
