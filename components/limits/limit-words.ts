/** What a limit counts, in words. */
import type { LimitMetric } from '@/lib/contract/policy'
import { formatDuration } from '@/lib/format/duration'
import { formatUsd, formatUsdExact } from '@/lib/format/money'
import { formatCount, formatTokens } from '@/lib/format/tokens'

export const METRICS: Record<LimitMetric, { label: string; unit: string; meaning: string }> = {
  requests: { label: 'Requests', unit: 'requests', meaning: 'Calls that were let through.' },
  tokens: { label: 'Tokens', unit: 'tokens', meaning: 'Input and output together.' },
  inputTokens: { label: 'Input tokens', unit: 'input tokens', meaning: 'What callers send.' },
  outputTokens: { label: 'Output tokens', unit: 'output tokens', meaning: 'What models answer.' },
  costUsd: { label: 'Cost, USD', unit: '', meaning: 'Money; per calendar period it is a budget.' },
  concurrency: {
    label: 'Calls at once',
    unit: 'calls at once',
    meaning: 'Calls in flight; they have no window.',
  },
}
export const METRIC_NAMES = Object.keys(METRICS) as LimitMetric[]

export function countsInput(metric: LimitMetric): boolean {
  return metric === 'tokens' || metric === 'inputTokens'
}

interface Amount {
  metric: LimitMetric
  limit: number | string
  windowSeconds: number | null
}

/** `200k tokens / 60 s`, `$10.00 / 1 h`, `8 calls at once`. */
export function limitText({ metric, limit, windowSeconds }: Amount): string {
  const amount =
    metric === 'costUsd'
      ? formatUsd(String(limit))
      : `${formatTokens(Number(limit))} ${unitOf(metric, limit)}`
  return windowSeconds === null ? amount : `${amount} / ${windowText(windowSeconds)}`
}

/** Nothing rounded: `200,000 tokens in 60 s`, `$10.00 in 1 h`. */
export function limitExact({ metric, limit, windowSeconds }: Amount): string {
  const amount =
    metric === 'costUsd'
      ? formatUsdExact(String(limit))
      : `${formatCount(Number(limit))} ${unitOf(metric, limit)}`
  return windowSeconds === null ? amount : `${amount} in ${exactWindow(windowSeconds)}`
}

function unitOf(metric: LimitMetric, limit: number | string): string {
  const { unit } = METRICS[metric]
  return Number(limit) === 1 ? unit.replace(/s\b/, '') : unit
}

/** A minute is 60 s, as those who set rates say it; longer ones in their own units. */
export function windowText(seconds: number): string {
  return seconds <= 120 ? `${seconds} s` : formatDuration(seconds * 1000)
}

/** In the largest unit that it is a whole number of, beyond the minutes that `windowText` says in seconds. */
function exactWindow(seconds: number): string {
  if (seconds <= 120 || seconds % 60 !== 0) return `${formatCount(seconds)} s`
  if (seconds % 3_600 !== 0) return `${formatCount(seconds / 60)} min`
  return seconds % 86_400 === 0 ? `${formatCount(seconds / 86_400)} d` : `${formatCount(seconds / 3_600)} h`
}
