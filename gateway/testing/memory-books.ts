/** Books in memory that check what they are told: each event fits the contract, each call is settled once. */
import { type UsageEvent, usageEvent } from '../../lib/contract/usage-event.ts'
import { GatewayError } from '../gateway-error.ts'
import type { Books, Intent } from '../journal/books.ts'

export type SettledEvent = Omit<UsageEvent, 'sequence'>

export interface MemoryBooks extends Books {
  readonly intents: Intent[]
  readonly events: SettledEvent[]
  /** What was told that the books would never take. */
  readonly faults: string[]
  accepting: boolean
  /** Set to hold `settled()` until it resolves. */
  gate: Promise<void> | null
}

const schema = usageEvent.omit({ sequence: true })

export function memoryBooks(): MemoryBooks {
  const intents: Intent[] = []
  const events: SettledEvent[] = []
  const faults: string[] = []
  return {
    intents,
    events,
    faults,
    accepting: true,
    gate: null,
    intend(intent) {
      if (!this.accepting) throw new GatewayError('books_full')
      intents.push(intent)
    },
    settle(event) {
      const checked = schema.safeParse(event)
      if (!checked.success) faults.push(`${event.id}: ${checked.error.message}`)
      if (events.some(({ id }) => id === event.id)) faults.push(`${event.id} was settled twice`)
      const intended = intents.filter(({ callId }) => callId === event.id).length
      if (intended !== event.attempts.length) {
        faults.push(`${event.id} has ${intended} intents and ${event.attempts.length} attempts`)
      }
      const sum = event.lines.reduce((total, line) => total + BigInt(line.costPicoUsd), 0n)
      if (event.costPicoUsd !== null && BigInt(event.costPicoUsd) !== sum)
        faults.push(`${event.id}: lines ≠ cost`)
      events.push(event)
    },
    written: () => Promise.resolve(true),
    settled() {
      return this.gate ?? Promise.resolve()
    },
  }
}
