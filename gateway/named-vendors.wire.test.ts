/**
 * Vendors behind `openai-compatible`, each by what is its own on the wire, after its documentation and SDK: what it refuses
 * to be sent, where it tells its usage, how it says that it failed. Through the whole pipeline.
 */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { FakePlan } from './testing/fake-openai.ts'
import { type GatewayUnderTest, HELLO, startGatewayUnderTest } from './testing/gateway-under-test.ts'
import { memoryConfiguration, TEST_PRICING, testProvider, testRoute } from './testing/memory-configuration.ts'

let gateway: GatewayUnderTest

beforeAll(async () => {
  gateway = await startGatewayUnderTest()
})
afterAll(() => gateway.close())
afterEach(() => {
  expect(gateway.books.faults).toEqual([])
  expect(gateway.reports).toEqual([])
  gateway.a.script([])
  gateway.b.script([])
})

/** Provider a is the vendor, with its options; b is asked where a fails, and its model has the longer window. */
async function ask(plan: FakePlan, body: Record<string, unknown> = {}, options: object = {}) {
  const providers = [
    testProvider({ id: 'provider_a', baseUrl: gateway.a.baseUrl, options: { ...options } }),
    testProvider({ id: 'provider_b', baseUrl: gateway.b.baseUrl }),
  ]
  const targets = [
    { providerId: 'provider_a', model: 'short', priority: 0 },
    { providerId: 'provider_b', model: 'long', priority: 1 },
  ]
  gateway.setConfiguration({
    ...memoryConfiguration({
      providers,
      routes: [testRoute({ name: 'chat', targets, retries: { attempts: 1 } })],
    }),
    pricing: (_provider, model) => ({
      ...TEST_PRICING,
      rates: { input: '1', cacheRead: '0.1', output: '2' },
      contextTokens: model === 'short' ? 8_192 : null,
    }),
  })
  gateway.a.script([plan])
  const sentBefore = gateway.a.served.length
  const answer = await gateway.post({ model: 'chat', ...HELLO, ...body })
  const text = await answer.text()
  const event = await gateway.event()
  return { answer, text, event, sent: JSON.parse(gateway.a.served[sentBefore]?.body ?? '{}') }
}

const chunk = (more: Record<string, unknown>) =>
  `data: ${JSON.stringify({ id: 'c', object: 'chat.completion.chunk', created: 1, model: 'any', ...more })}\n\n`
const said = (content: unknown, more: Record<string, unknown> = {}) =>
  chunk({ choices: [{ index: 0, delta: { role: 'assistant', content }, finish_reason: null }], ...more })
const ended = (finish_reason: string, more: Record<string, unknown> = {}) =>
  chunk({ choices: [{ index: 0, delta: { content: '' }, finish_reason }], ...more })
const whole = (choice: object, more: Record<string, unknown> = {}) =>
  JSON.stringify({
    id: 'c',
    object: 'chat.completion',
    model: 'any',
    choices: [{ index: 0, ...choice }],
    ...more,
  })
const DONE = 'data: [DONE]\n\n'
const told = (more: Record<string, unknown> = {}) => ({
  prompt_tokens: 100,
  completion_tokens: 3,
  total_tokens: 103,
  ...more,
})
const STREAM = { stream: true }

describe('Mistral', () => {
  const strict = { outputCap: 'max_tokens', askForUsage: false }

  it('refuses fields that it does not know: neither the newer cap nor stream_options is sent', async () => {
    const usage = told({ num_cached_tokens: 64 })
    const rawBody = said('Hel') + said('lo') + ended('model_length', { usage }) + DONE
    const more = { ...STREAM, max_completion_tokens: 90, stream_options: { include_usage: true } }
    const { text, event, sent } = await ask({ rawBody }, more, strict)
    expect(Object.keys(sent).sort()).toEqual(['max_tokens', 'messages', 'model', 'stream'])
    expect(sent.max_tokens).toBe(90)
    expect(event).toMatchObject({
      status: 200,
      usageSource: 'provider',
      usage: { inputTokens: 100, cachedInputTokens: 64, outputTokens: 3 },
    })
    // The caller had asked for the usage, and has it, with what it costs.
    expect(text).toContain('"finish_reason":"model_length"')
    expect(text).toContain('"num_cached_tokens":64,"gatehouse_cost_usd":"0.0000484"')
  })

  it('tells its usage unasked, in the chunk that finishes: it is booked, and passed on as it came', async () => {
    const rawBody = said('Hello') + ended('stop', { usage: told() }) + DONE
    const { text, event, sent } = await ask({ rawBody }, STREAM, strict)
    expect(sent).not.toHaveProperty('stream_options')
    expect(event).toMatchObject({ usageSource: 'provider', usage: { outputTokens: 3 } })
    expect(text).toBe(rawBody)
  })

  it('reasons in parts of its content: that is content, and is counted where it tells no usage', async () => {
    const thinking = (text: string) => [{ type: 'thinking', thinking: [{ type: 'text', text }] }]
    const { event } = await ask(
      { rawBody: said(thinking('Let me see how that might be done')) + said('Hello') + ended('stop') + DONE },
      STREAM,
      strict,
    )
    expect(event).toMatchObject({ usageSource: 'estimated', usage: { outputTokens: 10 } })
    const parts = [...thinking('Let me see how that might be done'), { type: 'text', text: 'Hello' }]
    const answer = whole({ message: { role: 'assistant', content: parts }, finish_reason: 'stop' })
    expect((await ask({ rawBody: answer }, {}, strict)).event.usage.outputTokens).toBe(10)
  })

  it.each([
    [
      { object: 'error', message: { detail: [extra('stream_options', 'include_usage')] }, code: null },
      'stream_options.include_usage',
    ],
    [{ detail: [extra('max_completion_tokens')] }, 'max_completion_tokens'],
    [{ object: 'Error', message: [extra('tools')], code: 3001 }, 'tools'],
  ])('says what it refuses in words of its own: %j', async (envelope, param) => {
    const { answer, text } = await ask({ status: 422, rawBody: JSON.stringify(envelope) })
    expect(answer.status).toBe(422)
    expect(JSON.parse(text).error).toMatchObject({
      message: `${param}: Extra inputs are not permitted`,
      param,
      code: 'provider_error',
      provider_code: 'extra_forbidden',
    })
    expect(text).not.toContain('of the caller')
  })

  function extra(...loc: string[]) {
    const msg = 'Extra inputs are not permitted'
    return { type: 'extra_forbidden', loc: ['body', ...loc], msg, input: 'of the caller' }
  }
})

describe('an answer that broke off, as its finish reason says', () => {
  const reasons = ['error', 'insufficient_system_resource']

  it.each(reasons)('%s, before anything was said: another target is asked', async (reason) => {
    const { text, event } = await ask({ rawBody: ended(reason, { usage: told() }) + DONE }, STREAM)
    expect(text).not.toContain(reason)
    expect(event.attempts).toMatchObject([
      { outcome: 'error', usageSource: 'provider', costPicoUsd: '106000000' },
      { outcome: 'ok' },
    ])
  })

  it.each(reasons)(
    '%s, in the middle: the caller is told, and pays what the vendor counted',
    async (reason) => {
      const rawBody = said('Hel') + ended(reason, { usage: told() }) + DONE
      const { text, event } = await ask({ rawBody }, STREAM)
      expect(text).toContain('Hel')
      expect(text).toMatch(/data: \{"error":\{[^\n]*\}\}\n\n$/)
      expect(text).toContain(`"provider_code":"${reason}"`)
      expect(event).toMatchObject({ status: 502, costPicoUsd: '106000000', attempts: [{ outcome: 'cut' }] })
    },
  )

  it.each(reasons)('%s, of a whole answer: another target is asked, and both are paid', async (reason) => {
    const message = { role: 'assistant', content: 'Hel' }
    const { answer, event } = await ask({
      rawBody: whole({ message, finish_reason: reason }, { usage: told() }),
    })
    expect(answer.status).toBe(200)
    expect(event.attempts).toMatchObject([
      { outcome: 'error', usageSource: 'provider', costPicoUsd: '106000000', servedModel: 'any' },
      { outcome: 'ok' },
    ])
  })
})

describe('DeepSeek', () => {
  it('keeps the line open by comments and blank lines, and counts what it had cached', async () => {
    const usage = told({ prompt_cache_hit_tokens: 60, prompt_cache_miss_tokens: 40 })
    const rawBody = `: keep-alive\n\n\n\n${said('Hello')}: keep-alive\n\n${ended('stop', { usage })}${DONE}`
    const { event } = await ask({ rawBody }, STREAM)
    expect(event).toMatchObject({
      usageSource: 'provider',
      usage: { inputTokens: 100, cachedInputTokens: 60 },
      costPicoUsd: '52000000',
    })
  })
})

describe('Groq', () => {
  const usage = told({ queue_time: 0.01, prompt_time: 0.002, prompt_tokens_details: { cached_tokens: 50 } })

  it('tells its usage twice, its own way and OpenAI’s: it is booked once', async () => {
    const rawBody =
      said('Hello', { x_groq: { id: 'req_1' } }) +
      ended('stop', { x_groq: { id: 'req_1', usage } }) +
      chunk({ choices: [], usage, service_tier: 'on_demand' }) +
      DONE
    const { event } = await ask({ rawBody }, STREAM)
    expect(event).toMatchObject({
      usageSource: 'provider',
      usage: { inputTokens: 100, cachedInputTokens: 50, outputTokens: 3 },
      costPicoUsd: '61000000',
    })
  })

  it('says in x_groq why a stream was stopped early: that is no answer', async () => {
    const stopped = { choices: [], x_groq: { id: 'req_1', error: 'over capacity' } }
    const early = await ask({ rawBody: chunk(stopped) + DONE }, STREAM)
    expect(early.event.attempts.map(({ outcome }) => outcome)).toEqual(['error', 'ok'])
    const late = await ask({ rawBody: said('Hel') + chunk(stopped) + DONE }, STREAM)
    expect(late.text).toContain('"message":"over capacity"')
    expect(late.event).toMatchObject({ status: 502, attempts: [{ outcome: 'cut' }] })
  })
})

describe('Together and Fireworks', () => {
  it('tell their usage in the chunk that finishes, the text twice over', async () => {
    const last = {
      choices: [{ index: 0, text: '!', delta: { content: '!' }, finish_reason: 'eos', seed: 7 }],
      usage: told({ cached_tokens: 20 }),
    }
    const rawBody = said('Hello', { usage: null }) + chunk(last) + DONE
    const { text, event } = await ask({ rawBody }, STREAM)
    expect(event).toMatchObject({
      usageSource: 'provider',
      usage: { inputTokens: 100, cachedInputTokens: 20, outputTokens: 3 },
    })
    expect(text).toContain('"finish_reason":"eos"')
  })

  it('a prompt that is too long is a 422 in words: the next target may take it', async () => {
    const message =
      'Input validation error: `inputs` tokens + `max_new_tokens` must be <= 8193. Given: 9000 `inputs` tokens and 512 `max_new_tokens`'
    const error = { message, type: 'invalid_request_error', param: null, code: null }
    const { answer, event } = await ask({ status: 422, rawBody: JSON.stringify({ error }) })
    expect(answer.status).toBe(200)
    expect(event.attempts).toMatchObject([{ reason: 'contextTooLong' }, { outcome: 'ok' }])
  })
})

describe('OpenRouter', () => {
  const error = { code: 502, message: 'Upstream went away', metadata: { provider_name: 'X' } }

  it('fails in the middle by an error beside an empty choice', async () => {
    const failed = { error, choices: [{ index: 0, delta: { content: '' }, finish_reason: 'error' }] }
    const { text, event } = await ask(
      { rawBody: `: OPENROUTER PROCESSING\n\n${said('Hel')}${chunk(failed)}` },
      STREAM,
    )
    expect(text).toContain('"message":"Upstream went away"')
    expect(text).toContain('"provider_code":"502"')
    expect(event).toMatchObject({ status: 502, attempts: [{ outcome: 'cut' }] })
  })

  it('fails in a whole answer by an error in its choice', async () => {
    const message = { role: 'assistant', content: '' }
    const { event } = await ask({ rawBody: whole({ message, finish_reason: null, error }) })
    expect(event.attempts.map(({ outcome }) => outcome)).toEqual(['error', 'ok'])
  })
})
