import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ChatStreamReader } from './openai-chat-stream.ts'

function read(chunks: Buffer[], usageAsked = false, choices = 1) {
  const reader = new ChatStreamReader({ choices, usageAsked, notice: null, quote: () => '0.5' })
  const output: Buffer[] = []
  for (const chunk of chunks) {
    reader.push(chunk)
    output.push(...reader.take())
  }
  reader.end()
  output.push(...reader.take())
  return { reader, text: Buffer.concat(output).toString() }
}

const chunk = (fields: object) => `data: ${JSON.stringify({ id: 'x', model: 'served', ...fields })}\n\n`
const delta = (value: object, more = {}) =>
  chunk({ choices: [{ index: 0, delta: value, finish_reason: null }], ...more })

const STREAM =
  ': hello\n\n' +
  delta({ role: 'assistant', content: '' }, { usage: null }) +
  delta({ content: 'Grüße "usage" {' }, { usage: null, obfuscation: 'abc' }) +
  delta({ content: ' \\"usage\\":null ' }, { usage: null }) +
  delta({ tool_calls: [{ index: 0, function: { arguments: '{"usage":null}' } }] }, { usage: null }) +
  chunk({ choices: [{ index: 0, delta: {}, finish_reason: 'stop' }], usage: null }) +
  chunk({ choices: [], usage: { prompt_tokens: 3, completion_tokens: 4 } }) +
  'data: [DONE]\n\n'

describe('a streamed completion', () => {
  it('comes out as if the usage had never been asked for, whatever the chunks', () => {
    const expected = STREAM.replaceAll(/,"usage":null(?=[,}])/g, '')
      .replace(/data: \{[^\n]*"choices":\[\][^\n]*\n\n/, '')
      .replace('data: [DONE]\n\n', '')
    const bytes = Buffer.from(STREAM)
    fc.assert(
      fc.property(fc.array(fc.nat(bytes.length)), (cuts) => {
        const points = [...new Set(cuts)].sort((a, b) => a - b)
        const pieces = [0, ...points].map((from, at) => bytes.subarray(from, points[at] ?? bytes.length))
        const { reader, text } = read(pieces)
        expect(text).toBe(expected)
        expect(reader).toMatchObject({ begun: true, finished: true, servedModel: 'served', contentEvents: 3 })
        expect(reader.usage).toMatchObject({ exact: true, usage: { inputTokens: 3, outputTokens: 4 } })
        expect(reader.terminal?.toString()).toBe('data: [DONE]\n\n')
      }),
    )
  })

  it('is untouched where the usage was asked for, but for the cost in it', () => {
    const { text } = read([Buffer.from(STREAM)], true)
    const expected = STREAM.replace(
      '"completion_tokens":4}',
      '"completion_tokens":4,"gatehouse_cost_usd":"0.5"}',
    )
    expect(text).toBe(expected.replace('data: [DONE]\n\n', ''))
  })

  it.each([
    ['text', { content: 'a' }, true],
    ['a refusal', { refusal: 'no' }, true],
    ['reasoning', { reasoning_content: 'hm' }, true],
    ['a tool call', { tool_calls: [{}] }, true],
    ['audio', { audio: { id: 'a' } }, true],
    ['a role', { role: 'assistant', content: '' }, false],
    ['nothing', {}, false],
    ['nulls', { role: 'assistant', content: null, refusal: null, tool_calls: [] }, false],
  ])('begins with %s: %j → %s', (_name, value, begun) => {
    expect(read([Buffer.from(delta(value))]).reader.begun).toBe(begun)
  })

  it('keeps the usage in a chunk that carries more than it', () => {
    const last = chunk({
      choices: [{ delta: { content: '!' }, finish_reason: 'stop' }],
      usage: { prompt_tokens: 1, completion_tokens: 2 },
    })
    const { reader, text } = read([Buffer.from(last)])
    expect(text).toBe(last)
    expect(reader.usage?.usage.outputTokens).toBe(2)
  })

  it('has finished when each choice that was asked for has a reason, in one event or several', () => {
    const finish = (...reasons: (string | null)[]) =>
      Buffer.from(
        chunk({ choices: reasons.map((reason, index) => ({ index, delta: {}, finish_reason: reason })) }),
      )
    expect(read([finish('stop')]).reader.finished).toBe(true)
    expect(read([finish(null), finish('')]).reader).toMatchObject({ finished: false, begun: false })
    expect(read([finish('', 'stop')]).reader.finished).toBe(true)
    expect(read([finish('stop', null)], false, 2).reader.finished).toBe(false)
    expect(read([finish('stop', null), finish('stop', null)], false, 2).reader.finished).toBe(false)
    expect(read([finish('stop', null), finish(null, 'length')], false, 2).reader.finished).toBe(true)
    expect(read([finish('stop', 'stop')], false, 2).reader.finished).toBe(true)
  })

  it('takes a last event without its blank line, and drops one that was cut', () => {
    const whole = delta({ content: 'a' }).trimEnd()
    expect(read([Buffer.from(whole)]).text).toBe(`${whole}\n\n`)
    expect(read([Buffer.from(whole.slice(0, -3))]).text).toBe('')
    expect(read([Buffer.from('data: [DONE]')]).reader.terminal).not.toBeNull()
  })

  it('tells an error from the word in a text', () => {
    expect(read([Buffer.from(delta({ content: 'say "error": now' }))]).reader.error).toBeNull()
    expect(read([Buffer.from(delta({ content: 'a' }, { error: null }))]).reader.error).toBeNull()
    const { reader, text } = read([
      Buffer.from(`${delta({ content: 'a' })}data: {"error":{"message":"x"}}\n\n${delta({ content: 'b' })}`),
    ])
    expect(reader.error).toEqual({ message: 'x' })
    expect(text).toBe(delta({ content: 'a' }))
  })
})
