import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { scanObject } from '../codec/json-scan.ts'
import { SseDecoder, SseOverflow } from '../codec/sse.ts'
import { GatewayError } from '../gateway-error.ts'
import { STREAM_FIXTURES } from '../testing/stream-fixtures.ts'
import { chatBodyFor, parseChatRequest } from './openai-chat-request.ts'
import { ChatStreamReader } from './openai-chat-stream.ts'
import { withNotice } from './openai-notice.ts'
import { usageOf } from './openai-usage.ts'

const LONG = process.env.GATEHOUSE_TEST_LONG === '1'
const RUNS = LONG ? 20_000 : 500

interface Read {
  readonly output: string
  readonly usage: unknown
  readonly terminal: boolean
  readonly error: unknown
  readonly garbage: boolean
  readonly begun: boolean
  readonly finished: boolean
  readonly servedModel: string | null
  readonly content: readonly [events: number, bytes: number]
  readonly overflow: boolean
}

/** Everything that anybody could learn of a stream in these pieces. */
function read(pieces: readonly Buffer[], { usageAsked = false, notice = null as string | null } = {}): Read {
  const reader = new ChatStreamReader({ choices: 1, usageAsked, notice, quote: () => '0.5' })
  const output: Buffer[] = []
  let overflow = false
  try {
    for (const piece of pieces) {
      reader.push(piece)
      output.push(...reader.take())
    }
    reader.end()
  } catch (error) {
    if (!(error instanceof SseOverflow)) throw error
    overflow = true
  }
  output.push(...reader.take())
  return {
    output: lines(Buffer.concat(output).toString('latin1')),
    usage: reader.usage,
    terminal: reader.terminal !== null,
    error: reader.error,
    garbage: reader.garbage,
    begun: reader.begun,
    finished: reader.finished,
    servedModel: reader.servedModel,
    content: [reader.contentEvents, reader.contentBytes],
    overflow,
  }
}

/** An LF that a cut parts from its CR may stand with the next event, or be hidden with it: it means nothing there. */
function lines(output: string): string {
  return output
    .replaceAll(/\r\n|\r/g, '\n')
    .replaceAll(/\n{2,}/g, '\n\n')
    .replace(/^\n+/, '')
}

function split(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const points = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].sort((a, b) => a - b)
  return [0, ...points].map((from, index) => bytes.subarray(from, points[index] ?? bytes.length))
}

/** What a caller reads: all content of all events that are JSON. */
function contentOf(output: string): string {
  const decoder = new SseDecoder(1 << 22)
  const events = [...decoder.push(Buffer.from(output, 'latin1'))]
  const last = decoder.finish()
  if (last) events.push(last)
  return events
    .flatMap(({ data }) => {
      try {
        return (JSON.parse(data?.toString() ?? 'null')?.choices ?? []) as {
          delta?: { content?: string | null }
        }[]
      } catch {
        return []
      }
    })
    .map((choice) => choice?.delta?.content ?? '')
    .join('')
}

const cuts = fc.array(fc.nat(), { maxLength: 40 })
/** Values near what the wire has, so that chance meets the code and not only its first check. */
const member = fc.constantFrom(
  'model',
  'messages',
  'choices',
  'delta',
  'content',
  'usage',
  'error',
  'finish_reason',
  'stream',
  'stream_options',
  'include_usage',
  'prompt_tokens',
  'completion_tokens',
  'total_tokens',
  'x_groq',
  'tool_calls',
  'max_tokens',
  '__proto__',
  'constructor',
  'mod\\u0065l',
  'a',
)
const { node: json } = fc.letrec<{ node: unknown }>((tie) => ({
  node: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom<unknown>(
      null,
      true,
      false,
      0,
      -1,
      3,
      1e300,
      2.5,
      '',
      'stop',
      '[DONE]',
      '"usage":null',
      '\u0000',
      '\ud800',
      'größe',
    ),
    fc.array(tie('node'), { maxLength: 4 }),
    // Written out, for `__proto__` is to be a member like any other.
    fc.array(fc.tuple(member, tie('node')), { maxLength: 6 }).map((entries) => Object.fromEntries(entries)),
  ),
}))
const line = fc.oneof(
  { weight: 6, arbitrary: json.map((value) => `data: ${JSON.stringify(value)}`) },
  {
    weight: 2,
    arbitrary: fc
      .array(fc.tuple(member, json), { maxLength: 4 })
      .map(
        (entries) =>
          `data: {"choices":[{"delta":{"content":"x"},"finish_reason":null}],${entries.map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)},`).join('')}"z":1}`,
      ),
  },
  fc.constantFrom(
    'data: [DONE]',
    'data:[DONE]',
    'data: ',
    'data',
    ': ping',
    'event: x',
    'data: {"choices":[{"delta":{"content":"a"}}],',
    'data: {',
    'data: {"usage":null]',
    'data: {"usage":null,"usage":{"prompt_tokens":1}}',
    'data: }',
  ),
  fc.string({ unit: 'binary', maxLength: 30 }),
)
const stream = fc
  .array(fc.tuple(line, fc.constantFrom('\n\n', '\r\n\r\n', '\r\r', '\n', '\r\n', '')), { maxLength: 12 })
  .map((lines) => Buffer.from(lines.map(([text, end]) => text + end).join('')))

describe('a stream of anything', () => {
  it('means the same in whatever pieces it comes, and throws nothing but that an event is too long', () => {
    const options = fc.record({ usageAsked: fc.boolean(), notice: fc.constantFrom(null, 'From the spare.') })
    fc.assert(
      fc.property(stream, cuts, options, (bytes, at, how) => {
        expect(read(split(bytes, at), how)).toEqual(read([bytes], how))
      }),
      { numRuns: RUNS },
    )
  })

  it('of bytes, in whatever pieces', () => {
    const bytes = fc.uint8Array({ maxLength: 400 }).map((array) => Buffer.from(array))
    fc.assert(
      fc.property(bytes, cuts, (all, at) => {
        expect(read(split(all, at))).toEqual(read([all]))
      }),
      { numRuns: RUNS },
    )
  })

  it('holds no more than an event may have, however many pieces it comes in', () => {
    const piece = Buffer.alloc(64 * 1024, 'x')
    const reader = new ChatStreamReader({ choices: 1, usageAsked: false, notice: null, quote: () => null })
    let pushed = 0
    expect(() => {
      reader.push(Buffer.from('data: '))
      for (; pushed < 1_000; pushed += 1) reader.push(piece)
    }).toThrow(SseOverflow)
    expect(pushed * piece.length).toBeLessThanOrEqual(4 * 1024 * 1024)
  })
})

describe('each stream of a vendor', () => {
  it.each(STREAM_FIXTURES.map((fixture) => [fixture.name, fixture] as const))(
    '%s: split at any byte it is the same, cut at any byte it is what arrived',
    (_name, fixture) => {
      const bytes = Buffer.from(fixture.text)
      const whole = read([bytes])
      expect(contentOf(whole.output)).toBe(fixture.content)
      const told = whole.usage as { usage: { inputTokens: number; outputTokens: number } } | null
      expect(told && [told.usage.inputTokens, told.usage.outputTokens]).toEqual(fixture.usage)
      // Each byte in the long run, one in 7 otherwise, from a start that moves with the day.
      const step = LONG ? 1 : 7
      for (let at = new Date().getUTCDate() % step; at <= bytes.length; at += step) {
        expect(read([bytes.subarray(0, at), bytes.subarray(at)]), `split at ${at}`).toEqual(whole)
        const cut = read([bytes.subarray(0, at)])
        expect(cut.garbage, `cut at ${at}`).toBe(false)
        const delivered = contentOf(cut.output)
        expect(fixture.content.startsWith(delivered), `cut at ${at}`).toBe(true)
        // The books count what was delivered, neither more nor less.
        const [events] = cut.content
        expect(events > 0 || delivered === '', `cut at ${at}`).toBe(true)
        if (cut.usage && whole.finished && fixture.name.startsWith('OpenAI'))
          expect(cut.usage).toEqual(whole.usage)
      }
    },
  )
})

describe('a request of anything', () => {
  const refusedOrRead = (body: Buffer) => {
    try {
      return parseChatRequest(body)
    } catch (error) {
      expect(error).toBeInstanceOf(GatewayError)
      expect(error).toMatchObject({ code: 'invalid_request', status: 400 })
      return null
    }
  }

  it('of bytes is refused with a reason', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (array) => {
        expect(refusedOrRead(Buffer.from(array))).toBeNull()
      }),
      { numRuns: RUNS },
    )
  })

  it('of JSON is refused with a reason, or goes on with nothing changed but what has to', () => {
    const target = {
      model: 'vendor',
      maxOutputTokens: 7,
      outputCap: { member: 'max_tokens', callers: 'doubled' },
      asksForUsage: true,
    } as const
    const body = fc.array(fc.tuple(member, json), { maxLength: 8 }).map((entries) => {
      const more = entries.map(([key, value]) => `,${JSON.stringify(key)}:${JSON.stringify(value)}`).join('')
      return `{"model":"m","messages":[{"role":"user","content":"x"}]${more}}`
    })
    let taken = 0
    fc.assert(
      fc.property(body, (text) => {
        const request = refusedOrRead(Buffer.from(text))
        if (!request) return
        taken += 1
        const before = JSON.parse(text) as Record<string, unknown>
        const after = JSON.parse(chatBodyFor(request, target).toString()) as Record<string, unknown>
        expect(after.model).toBe('vendor')
        for (const key of Object.keys(before)) {
          if (['model', 'stream_options', 'max_tokens', 'max_completion_tokens'].includes(key)) continue
          expect(after[key], key).toEqual(before[key])
        }
        expect(Number(after.max_tokens)).toBeLessThanOrEqual(7)
        expect(Number(after.max_completion_tokens ?? 0)).toBeLessThanOrEqual(7)
        if (request.stream) expect(after.stream_options).toMatchObject({ include_usage: true })
      }),
      { numRuns: RUNS },
    )
    expect(taken).toBeGreaterThan(RUNS / 50)
  })
})

describe('the smaller readers', () => {
  it('throw at nothing', () => {
    fc.assert(
      fc.property(json, fc.uint8Array({ maxLength: 200 }), (value, array) => {
        const bytes = Buffer.from(array)
        const text = Buffer.from(JSON.stringify(value))
        scanObject(bytes)
        expect(scanObject(text) !== null).toBe(
          typeof value === 'object' && value !== null && !Array.isArray(value),
        )
        withNotice(bytes, 'delta', 'a')
        withNotice(text, 'message', 'a')
        if (typeof value === 'object' && value !== null) usageOf(value as Record<string, unknown>, text)
      }),
      { numRuns: RUNS },
    )
  })
})
