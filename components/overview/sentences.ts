/** Chart titles that say what is to be seen: "Spend is 18 % over the hour before, mostly route `support-chat`". */
import { parseUsd } from '@/lib/contract/money'
import { formatCount, formatPercent } from '@/lib/format/tokens'

export interface Sentence {
  readonly text: string
  /** The one that did most of it; shown after ", mostly <dimension>". */
  readonly mostly?: { readonly dimension: string; readonly label: string }
}

/** What one entity had before and has now, in one unit: pico-dollars, calls, tokens. */
export interface GroupMove {
  readonly label: string | null
  readonly now: bigint
  readonly before: bigint
}

/** Below this a change is not worth a sentence. */
const LEVEL_SHARE = 0.02
/** The part of a change that one entity must have made to be named for it. */
const MOSTLY_SHARE = 0.5

export function moveSentence(options: {
  /** `Spend`, `Traffic`. */
  subject: string
  now: bigint
  /** Null: not known, so nothing is compared. */
  before: bigint | null
  beforeWords: string
  /** What it is now, for people: `$4.10`. */
  nowText: string
  dimension?: string
  groups?: readonly GroupMove[]
}): Sentence {
  const { subject, now, before, beforeWords, nowText, dimension = '', groups = [] } = options
  if (now === 0n && !before) return { text: `${subject}: none in this range` }
  if (before === null) return { text: `${subject}: ${nowText}` }
  if (before === 0n) {
    return named(`${subject} is ${nowText}, after none in ${beforeWords}`, dimension, groups, now)
  }
  const share = ratio(now - before, before)
  if (Math.abs(share) < LEVEL_SHARE) return { text: `${subject} is level with ${beforeWords}` }
  if (share >= 9)
    return named(`${subject} is ${times(share + 1)} times ${beforeWords}`, dimension, groups, now - before)
  const word = share > 0 ? 'over' : 'under'
  return named(
    `${subject} is ${formatPercent(Math.abs(share))} ${word} ${beforeWords}`,
    dimension,
    groups,
    now - before,
  )
}

/** Errors first, when there are any worth a word; the move of the traffic otherwise. */
export function callsSentence(options: {
  requests: number
  errors: number
  before: number | null
  beforeWords: string
  dimension?: string
  groups?: readonly GroupMove[]
}): Sentence {
  const { requests, errors, before, ...rest } = options
  if (requests > 0 && errors / requests >= 0.05) {
    return { text: `${formatPercent(errors / requests)} of ${formatCount(requests)} calls failed` }
  }
  return moveSentence({
    ...rest,
    subject: 'Traffic',
    now: BigInt(requests),
    before: before === null ? null : BigInt(before),
    nowText: `${formatCount(requests)} ${requests === 1 ? 'call' : 'calls'}`,
  })
}

export function spendMoves(
  now: readonly { label: string | null; id: string | null; costUsd: string }[],
  before: readonly { id: string | null; costUsd: string }[],
): GroupMove[] {
  const earlier = new Map(before.map(({ id, costUsd }) => [id, parseUsd(costUsd)]))
  return now.map(({ id, label, costUsd }) => ({
    label,
    now: parseUsd(costUsd),
    before: earlier.get(id) ?? 0n,
  }))
}

/** Change against the period before, for a tile: null when there is nothing to compare with. */
export function change(now: number | null, before: number | null): number | null {
  if (now === null || before === null || before === 0) return null
  return (now - before) / before
}

/** `+18 %`, `−4 %`, `level`; ten times and more as `12 ×`. */
export function changeText(share: number | null): string {
  if (share === null) return 'nothing before'
  if (Math.abs(share) < 0.005) return 'level'
  if (share >= 9) return `${times(share + 1)} ×`
  return `${share > 0 ? '+' : '−'}${formatPercent(Math.abs(share))}`
}

function named(text: string, dimension: string, groups: readonly GroupMove[], delta: bigint): Sentence {
  let best: GroupMove | undefined
  for (const group of groups) {
    const moved = group.now - group.before
    if (moved > 0n !== delta > 0n || moved === 0n) continue
    if (!best || magnitude(moved) > magnitude(best.now - best.before)) best = group
  }
  if (!best || best.label === null || groups.length < 2) return { text }
  if (ratio(best.now - best.before, delta) < MOSTLY_SHARE) return { text }
  return { text, mostly: { dimension, label: best.label } }
}

/** Only for words and percentages: four digits are kept, money itself never passes here. */
function ratio(numerator: bigint, denominator: bigint): number {
  return denominator === 0n ? 0 : Number((numerator * 10_000n) / denominator) / 10_000
}

function magnitude(value: bigint): bigint {
  return value < 0n ? -value : value
}

function times(factor: number): string {
  return factor >= 100 ? formatCount(Math.round(factor)) : String(Math.round(factor))
}
