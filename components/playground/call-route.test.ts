import { afterEach, expect, test, vi } from 'vitest'
import { type CallProgress, callRoute } from './call-route'

afterEach(() => vi.unstubAllGlobals())

const HEADERS = {
  'x-gatehouse-request-id': 'id-1',
  'x-gatehouse-provider': 'OpenAI',
  'x-gatehouse-model': 'mini',
  'x-gatehouse-attempts': '2',
  'x-gatehouse-degraded': 'requested=big; served=mini; reason=serverError',
}
const EVENTS = { ...HEADERS, 'content-type': 'text/event-stream; charset=utf-8' }

async function call(answer: () => Promise<Response>, stream = true) {
  const told: CallProgress[] = []
  const abort = new AbortController()
  const fetched = vi.fn<typeof fetch>(answer)
  vi.stubGlobal('fetch', fetched)
  let time = 0
  await callRoute({
    gatewayUrl: 'http://gate:4000',
    apiKey: 'gh_key',
    body: { model: 'chat', stream },
    signal: abort.signal,
    now: () => (time += 10),
    onProgress: (progress) => {
      told.push(progress)
      if (progress.answer.text === 'stop here') abort.abort()
    },
  })
  const last = told.at(-1)
  if (!last) throw new Error('nothing was told')
  return { told, last, fetched }
}

const sse = (...data: string[]) => data.map((one) => `data: ${one}\n\n`).join('')
const text = (content: string) => JSON.stringify({ choices: [{ delta: { content } }] })

test('sends the very body with the key in its header alone', async () => {
  const { last, told, fetched } = await call(
    async () => new Response(sse(text('Hel'), text('lo'), '[DONE]'), { headers: EVENTS }),
  )
  const [url, init] = fetched.mock.calls[0] ?? []
  expect(url).toBe('http://gate:4000/v1/chat/completions')
  expect(init).toMatchObject({
    method: 'POST',
    credentials: 'omit',
    body: '{"model":"chat","stream":true}',
    headers: { authorization: 'Bearer gh_key' },
  })
  expect(told.map(({ phase }) => phase)).toEqual(['waiting', 'waiting', 'answering', 'answering', 'done'])
  expect(last.answer.text).toBe('Hello')
  expect(last.decision).toEqual({
    requestId: 'id-1',
    provider: 'OpenAI',
    model: 'mini',
    attempts: 2,
    simulated: false,
    degraded: { requested: 'big', served: 'mini', reason: 'serverError' },
    costUsd: null,
  })
  expect(last.timing).toEqual({ startedAt: 10, firstTokenAt: 20, endedAt: 30 })
})

test('an answer that comes whole is one', async () => {
  const body = { choices: [{ message: { content: 'Hello' }, finish_reason: 'stop' }] }
  const headers = { ...HEADERS, 'x-gatehouse-cost-usd': '0.5' }
  const { last } = await call(async () => Response.json(body, { headers }), false)
  expect(last).toMatchObject({ phase: 'done', answer: { text: 'Hello' }, decision: { costUsd: '0.5' } })
})

test('a refusal keeps the gateway’s own words, with its code, its id and what to do', async () => {
  const error = { message: 'The API key is missing.', code: 'invalid_api_key' }
  const { last } = await call(async () => Response.json({ error }, { status: 401, headers: HEADERS }))
  expect(last.phase).toBe('failed')
  expect(last.problem).toEqual({
    status: 401,
    code: 'invalid_api_key',
    message: 'The API key is missing.',
    advice: expect.stringContaining('Look at Keys'),
    requestId: 'id-1',
    retryAfterSeconds: null,
  })
})

test('a refusal says when to come again, and one without words has words', async () => {
  const headers = { ...HEADERS, 'retry-after': '7' }
  const { last } = await call(async () => new Response('<html>', { status: 429, headers }))
  expect(last.problem).toMatchObject({ retryAfterSeconds: 7, code: null, status: 429 })
  expect(last.problem?.message).toContain('429')
})

test('an error after the first token leaves what came, and one without an event is a break', async () => {
  const error = JSON.stringify({ error: { message: 'The vendor broke.', code: 'provider_error' } })
  const told = await call(async () => new Response(sse(text('Half'), error), { headers: EVENTS }))
  expect(told.last).toMatchObject({
    phase: 'failed',
    answer: { text: 'Half' },
    problem: { message: 'The vendor broke.', code: 'provider_error', requestId: 'id-1' },
  })
  const cut = await call(async () => new Response(sse(text('Half')), { headers: EVENTS }))
  expect(cut.last).toMatchObject({
    phase: 'failed',
    answer: { text: 'Half' },
    problem: { message: 'The answer broke off before its end.', requestId: 'id-1' },
  })
})

test('nobody there, or no leave for this page: it says what has to be set', async () => {
  const { last } = await call(() => Promise.reject(new TypeError('Failed to fetch')))
  expect(last.phase).toBe('failed')
  expect(last.problem?.message).toContain('http://gate:4000')
  expect(last.problem?.advice).toContain('GATEHOUSE_ADMIN_URL')
})

test('stopped is no failure, and what came stays', async () => {
  const chunks = [new TextEncoder().encode(sse(text('stop here')))]
  const { last } = await call(async () => {
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        const chunk = chunks.shift()
        if (chunk) controller.enqueue(chunk)
        // As a browser ends the body of a call that was aborted.
        else controller.error(new DOMException('aborted', 'AbortError'))
      },
    })
    return new Response(body, { headers: EVENTS })
  })
  expect(last).toMatchObject({ phase: 'stopped', answer: { text: 'stop here' }, problem: null })
})
