/** Alerts of budgets in words, and the shares at which they are raised as percents. */
import type { BudgetAlert } from '@/lib/resources/budgets/schema'

/** `80 %` of a share of 0.8. */
export function shareText(share: number): string {
  return `${percentOf(share)} %`
}

/** `50, 80, 100`, as a person types it. */
export function sharesText(shares: readonly number[]): string {
  return shares.map(percentOf).join(', ')
}

/** Null for what is no list of percents. `50; 80 %` and the like are understood. */
export function readShares(text: string): number[] | null {
  const words = text
    .replaceAll('%', ' ')
    .split(/[\s,;]+/)
    .filter(Boolean)
  // The exponent keeps 33.3 from becoming 0.33299999999999996.
  return words.every((word) => /^\d{1,4}(\.\d{1,6})?$/.test(word))
    ? words.map((word) => Number(`${word}e-2`))
    : null
}

/** Whoever was counted, by name. */
export function alertSubject({ scope, subject, subjectName }: BudgetAlert): string {
  return scope.type === 'organization' ? 'all traffic' : (subjectName ?? subject)
}

const percentOf = (share: number): number => Number((share * 100).toPrecision(12))
