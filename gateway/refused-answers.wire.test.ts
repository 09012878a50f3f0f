import OpenAI from 'openai'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { Policy } from './snapshot/policy-index.ts'
import type { FakePlan } from './testing/fake-openai.ts'
import { type GatewayUnderTest, HELLO, startGatewayUnderTest, until } from './testing/gateway-under-test.ts'
import { TEST_SECRET, testRoute } from './testing/memory-configuration.ts'
import { testBudget, testLimit } from './testing/policies.ts'

let gateway: GatewayUnderTest
let openai: OpenAI

beforeAll(async () => {
  gateway = await startGatewayUnderTest()
  openai = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: TEST_SECRET, maxRetries: 0 })
})
afterAll(() => gateway.close())
afterEach(() => {
  expect(gateway.books.faults).toEqual([])
  expect(gateway.reports).toEqual([])
  for (const vendor of [gateway.a, gateway.b]) {
    vendor.script([])
    vendor.served.length = 0
  }
})

const USAGE = { prompt_tokens: 20, completion_tokens: 4, total_tokens: 24 }
const FILTERED: object = { message: { role: 'assistant', content: '' }, finish_reason: 'content_filter' }
const REFUSED: object = {
  message: { role: 'assistant', content: null, refusal: 'I can’t help with that.' },
  finish_reason: 'stop',
}

/** A cent of it, so that a budget knows. */
const COSTLY = { prompt_tokens: 20, completion_tokens: 1_000, total_tokens: 1_020 }

function whole(choice: object, usage = USAGE): FakePlan {
  const answer = { id: 'c', object: 'chat.completion', created: 1, model: 'gpt-fake', usage }
  return { rawBody: JSON.stringify({ ...answer, choices: [{ index: 0, ...choice }] }) }
}

function events(deltas: readonly object[], finish: string, usage = USAGE): string {
  const chunk = (fields: object) =>
    `data: ${JSON.stringify({ id: 'c', object: 'chat.completion.chunk', created: 1, model: 'gpt-fake', ...fields })}\n\n`
  return [
    chunk({ choices: [{ index: 0, delta: { role: 'assistant', content: '' }, finish_reason: null }] }),
    ...deltas.map((delta) => chunk({ choices: [{ index: 0, delta, finish_reason: null }] })),
    chunk({ choices: [{ index: 0, delta: {}, finish_reason: finish }] }),
    chunk({ choices: [], usage }),
    'data: [DONE]\n\n',
  ].join('')
}
const refusing = (usage = USAGE) => events([{ refusal: 'I can’t ' }, { refusal: 'help.' }], 'stop', usage)
const REFUSING = refusing()

function routeBoth(
  contentRefused: boolean,
  { policies = [], ...fields }: { policies?: Policy[] | undefined; retries?: object } = {},
) {
  const targets = [
    { providerId: 'provider_a', model: 'gpt-fake', priority: 0 },
    { providerId: 'provider_b', model: 'gpt-other', priority: 1 },
  ]
  gateway.configure({
    policies,
    routes: [testRoute({ name: 'both', targets, fallback: { contentRefused }, ...fields })],
  })
}
const plain = () => openai.chat.completions.create({ model: 'both', ...HELLO })
async function streamed() {
  const seen = { content: '', refusal: '', finish: [] as string[] }
  for await (const { choices } of await openai.chat.completions.create({
    model: 'both',
    ...HELLO,
    stream: true,
  })) {
    seen.content += choices[0]?.delta.content ?? ''
    seen.refusal += choices[0]?.delta.refusal ?? ''
    if (choices[0]?.finish_reason) seen.finish.push(choices[0].finish_reason)
  }
  return seen
}
async function expectRefusalWhole(): Promise<Headers> {
  const { data, response } = await openai.chat.completions.create({ model: 'both', ...HELLO }).withResponse()
  expect(data.choices[0]).toMatchObject(REFUSED)
  return response.headers
}
async function expectRefusalStreamed(): Promise<Headers> {
  const answer = await gateway.post({ model: 'both', ...HELLO, stream: true })
  // As the vendor sent it, save the usage that only the gateway asked for.
  expect(await answer.text()).toBe(refusing().replace(/data: [^\n]*"usage"[^\n]*\n\n/, ''))
  return answer.headers
}
const served = () => [gateway.a.served.length, gateway.b.served.length]

describe('an answer that only refuses', () => {
  it.each([
    ['content_filter', FILTERED],
    ['a refusal', REFUSED],
  ])(
    'whole, by %s: another target answers, and the refusal is booked with its real cost',
    async (_, choice) => {
      routeBoth(true)
      gateway.a.script([whole(choice)])
      gateway.b.script([{ text: 'gladly' }])
      expect((await plain()).choices[0]?.message.content).toBe('gladly')
      const { attempts } = await gateway.event()
      expect(attempts.map(({ model, outcome, usageSource }) => [model, outcome, usageSource])).toEqual([
        ['gpt-fake', 'error', 'provider'],
        ['gpt-other', 'ok', 'provider'],
      ])
      expect(attempts[0]?.usage).toMatchObject({ inputTokens: 20, outputTokens: 4 })
      expect(BigInt(attempts[0]?.costPicoUsd ?? 0)).toBeGreaterThan(0n)
    },
  )

  it.each([
    ['content_filter', events([], 'content_filter')],
    ['a refusal', REFUSING],
  ])('streamed, by %s: its caller sees the other answer alone', async (_, rawBody) => {
    routeBoth(true)
    gateway.a.script([{ rawBody }])
    gateway.b.script([{ text: 'gladly' }])
    expect(await streamed()).toEqual({ content: 'gladly', refusal: '', finish: ['stop'] })
    const { attempts } = await gateway.event()
    expect(attempts.map(({ outcome, usageSource }) => [outcome, usageSource])).toEqual([
      ['error', 'provider'],
      ['ok', 'provider'],
    ])
    expect(attempts[0]?.usage).toMatchObject({ inputTokens: 20, outputTokens: 4 })
  })

  it('holds nothing against the target', async () => {
    routeBoth(true)
    gateway.a.script([whole(REFUSED)])
    await plain()
    const failed = [...gateway.balancer.targets()].map(({ window }) => window.failed(performance.now()))
    expect(failed.every((count) => count === 0)).toBe(true)
  })

  it('is the caller’s as the vendor gave it where nobody else is left', async () => {
    routeBoth(true)
    gateway.a.script([whole(FILTERED), { rawBody: REFUSING }])
    gateway.b.script([whole(REFUSED), { rawBody: REFUSING }])
    expect((await plain()).choices[0]).toMatchObject(REFUSED)
    expect(await streamed()).toEqual({ content: '', refusal: 'I can’t help.', finish: ['stop'] })
    expect(served()).toEqual([2, 2])
    expect((await gateway.event()).attempts.map(({ outcome }) => outcome)).toEqual(['error', 'ok'])
  })

  it('is the caller’s where the route wants no other', async () => {
    routeBoth(false)
    gateway.a.script([whole(REFUSED), { rawBody: REFUSING }])
    expect((await plain()).choices[0]).toMatchObject(REFUSED)
    expect((await streamed()).refusal).toBe('I can’t help.')
    expect(served()).toEqual([2, 0])
  })

  it('is none once anything else was said', async () => {
    routeBoth(true)
    const rawBody = events([{ content: 'First, ' }, { refusal: 'no.' }], 'content_filter')
    gateway.a.script([{ rawBody }])
    expect(await streamed()).toEqual({ content: 'First, ', refusal: 'no.', finish: ['content_filter'] })
    expect(served()).toEqual([1, 0])
  })

  it('is a broken connection where it breaks before its end', async () => {
    routeBoth(true)
    gateway.a.script([{ rawBody: REFUSING, failAtByte: REFUSING.length - 200 }])
    gateway.b.script([{ text: 'gladly' }])
    expect((await streamed()).content).toBe('gladly')
    const [left] = (await gateway.event()).attempts
    expect([left?.outcome, left?.usageSource]).toEqual(['error', 'estimated'])
  })

  const OF_B = { type: 'provider', id: 'provider_b', each: false } as const
  const nobodyBetter: [string, { policies?: Policy[]; fallback?: FakePlan }, string[]][] = [
    ['has no room in a budget', { policies: [testBudget({ amountUsd: '0.000001', scope: OF_B })] }, []],
    ['has no room in a limit', { policies: [testLimit({ metric: 'tokens', limit: '1', scope: OF_B })] }, []],
    [
      'leaves no room in a budget over both',
      { policies: [testBudget({ id: 'over_both', amountUsd: '0.045' })] },
      [],
    ],
    ['fails', { fallback: { status: 500 } }, ['serverError', 'serverError']],
    ['takes the request for wrong', { fallback: { status: 400 } }, ['badRequest']],
    ['breaks off', { fallback: { failAtByte: 0 } }, ['connection', 'connection']],
  ]
  describe.each(nobodyBetter)('is the caller’s after all where the other target %s', (_, given, reasons) => {
    it.each([true, false])('streamed: %s', async (stream) => {
      const policies = given.policies?.map((policy) => ({ ...policy, id: `${policy.id}_${stream}` }))
      routeBoth(true, { policies, retries: { attempts: 2 } })
      gateway.a.script([stream ? { rawBody: refusing(COSTLY) } : whole(REFUSED, COSTLY)])
      gateway.b.script([], given.fallback)
      const headers = await (stream ? expectRefusalStreamed() : expectRefusalWhole())
      expect(headers.get('x-gatehouse-model')).toBe('gpt-fake')
      expect(headers.get('x-gatehouse-attempts')).toBe(String(1 + reasons.length))
      expect(headers.get('x-gatehouse-degraded')).toBeNull()
      const event = await gateway.event()
      expect(event).toMatchObject({
        status: 200,
        code: null,
        providerId: 'provider_a',
        servedModel: 'gpt-fake',
      })
      expect(event.degraded).toBeUndefined()
      expect(event.routing?.wantedProviderId).toBeUndefined()
      expect(event.attempts.map(({ outcome }) => outcome)).toEqual(['ok', ...reasons.map(() => 'error')])
      expect(event.attempts.slice(1).map(({ reason }) => reason)).toEqual(reasons)
      expect(event.attempts[0]).toMatchObject({
        usageSource: 'provider',
        usage: { outputTokens: 1_000 },
        code: null,
      })
      for (const [, { held }] of gateway.policing.counters.moneys()) expect(held).toBe(0n)
    })
  })

  it('is nobody’s where its caller left while another was asked', async () => {
    routeBoth(true)
    gateway.a.script([{ rawBody: REFUSING }])
    gateway.b.script([{ hang: true }])
    const leaving = new AbortController()
    const left = gateway.post({ model: 'both', ...HELLO, stream: true }, { signal: leaving.signal })
    await until(() => gateway.b.served.length === 1)
    leaving.abort()
    await left.catch(() => {})
    const event = await gateway.event()
    expect(event).toMatchObject({ status: 499, code: 'client_closed' })
    expect(event.attempts.map(({ reason }) => reason)).toEqual(['contentRefused', 'callerGone'])
  })
})
