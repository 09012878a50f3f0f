import { describe, expect, it } from 'vitest'
import { chatBodyFor, type OutputCap, parseChatRequest, type UpstreamChat } from './openai-chat-request.ts'

const outputCap = { member: 'max_tokens', callers: 'doubled' } as const
const target: UpstreamChat = { model: 'vendor-model', maxOutputTokens: null, outputCap, asksForUsage: true }

function sent(body: string, overrides: Partial<UpstreamChat> = {}): string {
  return chatBodyFor(parseChatRequest(Buffer.from(body)), { ...target, ...overrides }).toString()
}

describe('the body for a target', () => {
  it('is the same bytes when nothing has to change', () => {
    const body = Buffer.from('{"model":"m","messages":[{}]}')
    expect(chatBodyFor(parseChatRequest(body), { ...target, model: 'm' })).toBe(body)
  })

  it.each([
    [
      '{"model":"m","messages":[{}],"stream":true}',
      '{"model":"vendor-model","stream_options":{"include_usage":true},"messages":[{}],"stream":true}',
    ],
    [
      '{"stream_options":null,"model":"m","messages":[{}],"stream":true}',
      '{"stream_options":{"include_usage":true},"model":"vendor-model","messages":[{}],"stream":true}',
    ],
    [
      '{"model":"m","messages":[{}],"stream":true,"stream_options":{ }}',
      '{"model":"vendor-model","messages":[{}],"stream":true,"stream_options":{ "include_usage":true}}',
    ],
    [
      '{"model":"m","messages":[{}],"stream":true,"stream_options":{"x":1,"include_usage":false}}',
      '{"model":"vendor-model","messages":[{}],"stream":true,"stream_options":{"x":1,"include_usage":true}}',
    ],
    [
      '{"model":"m","messages":[{}],"stream":true,"stream_options":{"include_usage":true}}',
      '{"model":"vendor-model","messages":[{}],"stream":true,"stream_options":{"include_usage":true}}',
    ],
    [
      '{"model":"m","messages":[{}],"stream":false}',
      '{"model":"vendor-model","messages":[{}],"stream":false}',
    ],
  ])('asks for the usage of a stream: %s', (body, expected) => {
    expect(sent(body)).toBe(expected)
  })

  it.each([
    ['nothing', '{"model":"m","messages":[{}]}', ',"max_tokens":50,"messages":[{}]}'],
    ['more', '{"model":"m","messages":[{}],"max_tokens":900}', ',"messages":[{}],"max_tokens":50}'],
    [
      'more, by the newer name',
      '{"model":"m","messages":[{}],"max_completion_tokens":900}',
      ',"max_tokens":50,"messages":[{}],"max_completion_tokens":50}',
    ],
    ['less', '{"model":"m","messages":[{}],"max_tokens":7}', ',"messages":[{}],"max_tokens":7}'],
    ['null', '{"model":"m","messages":[{}],"max_tokens":null}', ',"messages":[{}],"max_tokens":50}'],
  ])('carries the route’s cap where the caller asked for %s', (_name, body, rest) => {
    expect(sent(body, { maxOutputTokens: 50 })).toBe(`{"model":"vendor-model"${rest}`)
    // Where the name stays, what is new stands last.
    const { model: _model, ...capped } = JSON.parse(sent(body, { maxOutputTokens: 50 }))
    expect(JSON.parse(sent(body, { maxOutputTokens: 50, model: 'm' }))).toEqual({ model: 'm', ...capped })
  })

  it.each([
    '{"stream_options":{"include_usage":true},"model":"m","messages":[{}],"stream":true}',
    '{"stream_options":{},"max_completion_tokens":null,"model":"m","messages":[{}],"stream":true}',
    '{"model":"m","messages":[{}],"max_completion_tokens":null,"stream_options":null,"stream":true}',
    '{"model":"m","messages":[{}],"stream":true}',
  ])('leaves out what a vendor refuses: %s', (body) => {
    const strict = { asksForUsage: false, outputCap: { member: 'max_tokens', callers: 'renamed' } } as const
    expect(sent(body, strict)).toBe('{"model":"vendor-model","messages":[{}],"stream":true}')
  })

  it('quotes a model name that needs it', () => {
    expect(JSON.parse(sent('{"model":"m","messages":[{}]}', { model: 'a"b\\c' })).model).toBe('a"b\\c')
  })

  it('counts text, not the bytes of pictures', () => {
    const url = `data:image/png;base64,${'A'.repeat(100_000)}`
    const content = [
      { type: 'text', text: 'x'.repeat(400) },
      { type: 'image_url', image_url: { url } },
    ]
    const body = JSON.stringify({ model: 'm', messages: [{ role: 'user', content }] })
    expect(parseChatRequest(Buffer.from(body)).estimatedInputTokens).toBe(3 + 4 + 100 + 765)
  })
})

it('lowers every cap above the one in force, and leaves those below it as they are', () => {
  const capped = (body: object, cap: number | null, callers: OutputCap['callers'] = 'doubled') => {
    const request = parseChatRequest(Buffer.from(JSON.stringify({ model: 'm', messages: [{}], ...body })))
    const wanted = { ...target, model: 'm', maxOutputTokens: cap, outputCap: { ...outputCap, callers } }
    const { max_tokens, max_completion_tokens } = JSON.parse(chatBodyFor(request, wanted).toString())
    return { max_tokens, max_completion_tokens }
  }
  expect(capped({ max_completion_tokens: 10, max_tokens: 1_000 }, 50)).toEqual({
    max_completion_tokens: 10,
    max_tokens: 50,
  })
  expect(capped({ max_completion_tokens: 900 }, 50, 'kept')).toEqual({ max_completion_tokens: 50 })
  // A server that reads the older name alone would write without end.
  expect(capped({ max_completion_tokens: 900 }, 50)).toEqual({ max_completion_tokens: 50, max_tokens: 50 })
  expect(capped({ max_completion_tokens: 30 }, 50)).toEqual({ max_completion_tokens: 30, max_tokens: 30 })
  expect(capped({ max_tokens: null }, 50)).toEqual({ max_tokens: 50 })
  expect(capped({ max_tokens: 20 }, 50)).toEqual({ max_tokens: 20 })
  // One that refuses the newer name is sent none of it, whoever set the cap.
  expect(capped({ max_completion_tokens: 900 }, 50, 'renamed')).toEqual({ max_tokens: 50 })
  expect(capped({ max_completion_tokens: 30 }, null, 'renamed')).toEqual({ max_tokens: 30 })
  expect(capped({ max_completion_tokens: null }, null, 'renamed')).toEqual({})
  expect(capped({ max_completion_tokens: 30, max_tokens: 70 }, null, 'renamed')).toEqual({ max_tokens: 30 })
})
