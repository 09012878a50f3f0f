/**
 * What a vendor says of the room that is left, in OpenAI's words (platform.openai.com, "Rate limits": `x-ratelimit-
 * remaining-*`, `x-ratelimit-reset-*`), which compatible servers use too. Only what is used up is acted on: what is left
 * may be anybody's who shares the account.
 */
import type { UpstreamHeaders } from '../upstream/upstream.ts'

const FAMILIES = ['requests', 'tokens'] as const
const MAX_QUIET_MS = 60_000

/** How long a vendor without room is to be left alone, bounded to a minute; null: it has room, or does not say. */
export function readQuietMs(headers: UpstreamHeaders): number | null {
  let quietMs: number | null = null
  for (const family of FAMILIES) {
    if (headers[`x-ratelimit-remaining-${family}`] !== '0') continue
    const resetMs = readDuration(headers[`x-ratelimit-reset-${family}`])
    if (resetMs !== null) quietMs = Math.max(quietMs ?? 0, Math.min(MAX_QUIET_MS, resetMs))
  }
  return quietMs
}

const DURATION =
  /^(?:(\d{1,6})h)?(?:(\d{1,6})m(?!s))?(?:(\d{1,9}(?:\.\d{1,9})?)s)?(?:(\d{1,9}(?:\.\d{1,9})?)ms)?$/

/** `20ms`, `1.5s`, `6m0s`, `1h2m3.4s`; a bare number is seconds. Milliseconds, or null for what is none. */
function readDuration(value: string | string[] | undefined): number | null {
  if (typeof value !== 'string' || value === '') return null
  if (/^\d{1,9}(\.\d{1,9})?$/.test(value)) return Number(value) * 1_000
  const parts = DURATION.exec(value)
  if (!parts) return null
  const [, hours = 0, minutes = 0, seconds = 0, ms = 0] = parts
  return Math.ceil(
    Number(hours) * 3_600_000 + Number(minutes) * 60_000 + Number(seconds) * 1_000 + Number(ms),
  )
}
