import OpenAI from 'openai'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { FakePlan } from './testing/fake-openai.ts'
import { type GatewayUnderTest, HELLO, startGatewayUnderTest } from './testing/gateway-under-test.ts'
import { TEST_SECRET, testRoute } from './testing/memory-configuration.ts'

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

function whole(choice: object): FakePlan {
  const answer = { id: 'c', object: 'chat.completion', created: 1, model: 'gpt-fake', usage: USAGE }
  return { rawBody: JSON.stringify({ ...answer, choices: [{ index: 0, ...choice }] }) }
}

function events(deltas: readonly object[], finish: string): string {
  const chunk = (fields: object) =>
    `data: ${JSON.stringify({ id: 'c', object: 'chat.completion.chunk', created: 1, model: 'gpt-fake', ...fields })}\n\n`
  return [
    chunk({ choices: [{ index: 0, delta: { role: 'assistant', content: '' }, finish_reason: null }] }),
    ...deltas.map((delta) => chunk({ choices: [{ index: 0, delta, finish_reason: null }] })),
    chunk({ choices: [{ index: 0, delta: {}, finish_reason: finish }] }),
    chunk({ choices: [], usage: USAGE }),
    'data: [DONE]\n\n',
  ].join('')
}
const REFUSING = events([{ refusal: 'I can’t ' }, { refusal: 'help.' }], 'stop')

function routeBoth(contentRefused: boolean) {
  const targets = [
    { providerId: 'provider_a', model: 'gpt-fake', priority: 0 },
    { providerId: 'provider_b', model: 'gpt-other', priority: 1 },
  ]
  gateway.configure({ routes: [testRoute({ name: 'both', targets, fallback: { contentRefused } })] })
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
})
