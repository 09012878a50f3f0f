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

/** A correction of the clock, not another time. */
const MAX_STEP_BACK_MS = 10_000

const generator = new V7Generator({ nextUint32: () => words[take(1)] ?? 0 })
generator.setRollbackAllowance(MAX_STEP_BACK_MS)

/**
 * A UUIDv7 of that moment, epoch milliseconds. Rising within this process while the clock does not go back by more than
 * `MAX_STEP_BACK_MS`; beyond, it follows the clock, for the day of an id is the day of its call in the books.
 */
export function newCallId(at: number): string {
  return generator.generateOrResetWithTs(at).toString()
}

/** 16 random bytes as W3C Trace Context writes them, never all zero. */
export function newTraceId(): string {
  for (;;) {
    const from = take(4)
    const id = bytes.toString('hex', from * 4, from * 4 + 16)
    if (!/^0+$/.test(id)) return id
  }
}
