/** A budget in words: its choices, each with the one sentence that it means, and how far it is spent. */
import { parseUsd } from '@/lib/contract/money'
import type { BudgetPeriod } from '@/lib/contract/policy'
import { formatUsd } from '@/lib/format/money'
import type { Budget } from '@/lib/resources/budgets/schema'

export const PERIODS: Record<BudgetPeriod, { label: string; meaning: string }> = {
  hour: { label: 'Hour', meaning: 'Resets at every full hour.' },
  day: { label: 'Day', meaning: 'Resets at midnight' },
  week: { label: 'Week', meaning: 'Resets on Monday at midnight' },
  month: { label: 'Month', meaning: 'Resets on the 1st at midnight' },
  quarter: { label: 'Quarter', meaning: 'Resets on the 1st of January, April, July and October at midnight' },
  total: { label: 'In all', meaning: 'Never resets: all that was ever spent counts.' },
}
export const PERIOD_NAMES = Object.keys(PERIODS) as BudgetPeriod[]

export const ENFORCEMENTS: Record<Budget['enforcement'], { label: string; meaning: string }> = {
  hard: {
    label: 'Hard',
    meaning:
      'Never exceeded: what a call can cost at most is held before it leaves, and refused without room.',
  },
  soft: { label: 'Soft', meaning: 'Only watches: it counts, and refuses nothing.' },
}

export const ON_EXHAUSTED: Record<Budget['onExhausted'], { label: string; meaning: string }> = {
  reject: { label: 'Refuse the call', meaning: 'Callers get 402 budget_exceeded until there is room again.' },
  clamp: {
    label: 'Shorten the answer',
    meaning: 'The output is capped at what still fits; 402 where nothing does.',
  },
  degrade: {
    label: 'Take a cheaper target',
    meaning: "The route's next target that fits serves, told in x-gatehouse-degraded; 402 where none does.",
  },
}

export const ON_UNBOUNDED: Record<Budget['onUnbounded'], { label: string; meaning: string }> = {
  reject: {
    label: 'Refuse it',
    meaning: 'A model without a price, a file or a web search is refused: only so the amount is a promise.',
  },
  allow: {
    label: 'Let it through',
    meaning: 'It is booked when its cost is known, so the budget can be overrun by it.',
  },
}

export const RESERVATIONS: Record<Budget['reservation'], { label: string; meaning: string }> = {
  estimate: {
    label: 'By learned counts',
    meaning: 'Input is held by what vendors have counted so far; more calls fit at once.',
  },
  strict: {
    label: 'By bytes',
    meaning: 'Input is held by its bytes, which no tokenizer exceeds; fewer calls fit at once.',
  },
}

/** What of the amount is spent and held, between 0 and 1 in all, to be drawn. */
export function barShares(standing: { spentUsd: string; heldUsd: string; amountUsd: string }): {
  spent: number
  held: number
} {
  const amount = parseUsd(standing.amountUsd)
  const spent = parseUsd(standing.spentUsd)
  const held = parseUsd(standing.heldUsd)
  const whole = [amount, spent + held, 1n].reduce((most, one) => (one > most ? one : most))
  // A ten-thousandth is finer than any screen.
  return {
    spent: Number((spent * 10_000n) / whole) / 10_000,
    held: Number((held * 10_000n) / whole) / 10_000,
  }
}

export function isUsedUp(standing: { leftUsd: string }): boolean {
  return parseUsd(standing.leftUsd) <= 0n
}

/** `$487.60`, `used up`, `over by $1.20`. */
export function leftText({ leftUsd }: { leftUsd: string }): string {
  const left = parseUsd(leftUsd)
  if (left > 0n) return formatUsd(leftUsd)
  return left === 0n ? 'used up' : `over by ${formatUsd(leftUsd.slice(1))}`
}
