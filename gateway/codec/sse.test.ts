import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { SseDecoder, type SseEvent, SseOverflow } from './sse.ts'

function decode(chunks: Buffer[], maxEventBytes = 1 << 20): SseEvent[] {
  const decoder = new SseDecoder(maxEventBytes)
  const events = chunks.flatMap((chunk) => decoder.push(chunk))
  const last = decoder.finish()
  return last ? [...events, last] : events
}

function split(bytes: Buffer, cuts: number[]): Buffer[] {
  const points = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].sort((a, b) => a - b)
  return [0, ...points].map((from, index) => bytes.subarray(from, points[index] ?? bytes.length))
}

const payloads = (events: SseEvent[]) =>
  events.filter((event) => event.data !== null).map((event) => event.data?.toString())

const lineEnd = fc.constantFrom('\n', '\r\n', '\r')
const value = fc.string({ unit: 'grapheme', maxLength: 20 }).map((text) => text.replace(/[\r\n]/g, ' '))
const line = fc.oneof(
  value.map((text) => `data: ${text}`),
  value.map((text) => `data:${text}`),
  value.map((text) => `: ${text}`),
  fc.constantFrom('data', 'event: chunk', 'id: 7', 'retry: 10', 'database: no'),
)
const stream = fc
  .record({
    bom: fc.boolean(),
    events: fc.array(fc.record({ lines: fc.array(line, { maxLength: 4 }), end: lineEnd }), { maxLength: 8 }),
    closed: fc.boolean(),
  })
  .map(({ bom, events, closed }) => {
    const text = events.map(({ lines, end }) => `${lines.join(end)}${end}${end}`).join('')
    return Buffer.from(`${bom ? '\ufeff' : ''}${text}${closed ? '' : 'data: last'}`)
  })

describe('a stream of events split anywhere', () => {
  it('gives the same payloads as the unsplit one, and every byte once and in order', () => {
    fc.assert(
      fc.property(stream, fc.array(fc.nat(), { maxLength: 30 }), (bytes, cuts) => {
        const events = decode(split(bytes, cuts))
        expect(payloads(events)).toEqual(payloads(decode([bytes])))
        expect(Buffer.concat(events.map((event) => event.raw)).equals(bytes)).toBe(true)
      }),
      { numRuns: process.env.GATEHOUSE_TEST_LONG ? 20_000 : 1_000 },
    )
  })

  it('gives each event with its own last byte, at each byte boundary', () => {
    for (const end of ['\n', '\r\n', '\r']) {
      const first = `data: größe${end}${end}`
      const bytes = Buffer.from(`${first}data: b${end}${end}`)
      const decoder = new SseDecoder(1_000)
      const seen: number[] = []
      for (let at = 0; at < bytes.length; at += 1) {
        if (decoder.push(bytes.subarray(at, at + 1)).length > 0) seen.push(at + 1)
      }
      const early = end === '\r\n' ? 1 : 0
      expect(seen).toEqual([Buffer.byteLength(first) - early, bytes.length - early])
    }
  })
})

describe('what the format allows', () => {
  it.each([
    ['CRLF', 'data: a\r\n\r\ndata: b\r\n\r\n', ['a', 'b']],
    ['lone CR', 'data: a\r\rdata: b\r\r', ['a', 'b']],
    ['a BOM', '\ufeffdata: a\n\n', ['a']],
    ['comments', ': ping\n\ndata: a\n\n: ping\n\n', ['a']],
    ['data over several lines', 'data: {"a":\ndata: 1}\n\n', ['{"a":\n1}']],
    ['no space after the colon', 'data:a\n\n', ['a']],
    ['only one space is stripped', 'data:  a\n\n', [' a']],
    ['data without a colon', 'data\n\n', ['']],
    ['no final blank line', 'data: a\n\ndata: b', ['a', 'b']],
    ['extra blank lines', '\n\ndata: a\n\n\n\ndata: b\n\n', ['a', 'b']],
    ['other fields', 'event: x\nid: 1\ndata: a\nretry: 5\n\n', ['a']],
    ['a field that only starts like data', 'database: x\n\n', []],
  ])('%s', (_name, text, expected) => {
    expect(payloads(decode([Buffer.from(text)]))).toEqual(expected)
  })

  it('an event past the bound is an error, in one piece or in many', () => {
    const big = Buffer.from(`data: ${'x'.repeat(2_000)}\n\n`)
    expect(() => decode([big], 1_000)).toThrow(SseOverflow)
    expect(() => decode(split(big, [100, 200, 900, 1_500]), 1_000)).toThrow(SseOverflow)
    const endless = new SseDecoder(1_000)
    expect(() => {
      for (let i = 0; i < 100; i += 1) endless.push(Buffer.from('data: xxxxxxxxx\n'))
    }).toThrow(SseOverflow)
  })
})
