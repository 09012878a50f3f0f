/** Ids of calls and traces, from randomness that is fetched by the page: asking the system for each costs more than all else of an id. */
import { randomFillSync } from 'node:crypto'
import { V7Generator } from 'uuidv7'

const words = new Uint32Array(1_024)
const bytes = Buffer.from(words.buffer)
let next = words.length

/** The first of `count` words that nobody has seen. */
function take(count: number): number {
  if (next + count > words.length) {
    randomFillSync(words)
    next = 0
  }
  const from = next
  next += count
  return from
}

const generator = new V7Generator({ nextUint32: () => words[take(1)] ?? 0 })

/** A UUIDv7, rising within this process. */
export function newCallId(): string {
  return generator.generate().toString()
}

/** 16 random bytes as W3C Trace Context writes them, never all zero. */
export function newTraceId(): string {
  for (;;) {
    const from = take(4)
    const id = bytes.toString('hex', from * 4, from * 4 + 16)
    if (!/^0+$/.test(id)) return id
  }
}
