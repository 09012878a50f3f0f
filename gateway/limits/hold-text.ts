/** The JSON of a hold, put together from what is the same in each intent and the amounts. */
import type { Counts, Want } from './hold.ts'

export function holdText(entries: readonly Pick<Want, 'key' | 'counts' | 'amount' | 'windowMs'>[]): string {
  let text = ''
  let last: bigint | null = null
  let amountText = ''
  for (const { key, counts, amount, windowMs } of entries) {
    // Budgets of one call mostly hold the same.
    if (amount !== last) {
      last = amount
      amountText = amount.toString()
    }
    const around = aroundAmount(key, counts, windowMs)
    text += (text === '' ? around.first : around.next) + amountText + around.behind
  }
  return `[${text}]`
}

/** What of an entry's JSON is the same in each intent. */
interface AroundAmount {
  readonly counts: Counts
  readonly windowMs: number
  readonly first: string
  readonly next: string
  readonly behind: string
}

const known = new Map<string, AroundAmount>()
const MAX_KNOWN = 4_096

/** A few keys stand in most intents. */
function aroundAmount(key: string, counts: Counts, windowMs: number): AroundAmount {
  let around = known.get(key)
  if (around === undefined || around.counts !== counts || around.windowMs !== windowMs) {
    const first = `[${JSON.stringify(key)},"${counts}","`
    around = { counts, windowMs, first, next: `,${first}`, behind: `",${windowMs}]` }
    if (known.size >= MAX_KNOWN) known.clear()
    known.set(key, around)
  }
  return around
}
