/** Times for people. All take RFC 3339 text or epoch milliseconds; the zone is an IANA name. */

/** `just now`, `3 min ago`, `in 2 h`: a number and a unit, right in every zone. */
export function formatRelative(time: string | number, nowMs: number): string {
  const delta = epoch(time) - nowMs
  const seconds = Math.round(Math.abs(delta) / 1000)
  if (seconds < 5) return 'just now'
  const text = span(seconds)
  return delta < 0 ? `${text} ago` : `in ${text}`
}

/** `2026-11-23 22:56:54 UTC`: the exact time in a zone, with the zone's short name. */
export function formatExact(time: string | number, timeZone: string): string {
  const parts = partsOf(time, timeZone)
  return `${parts.year}-${parts.month}-${parts.day} ${parts.hour}:${parts.minute}:${parts.second} ${parts.timeZoneName}`
}

/** `2026-11-23`. */
export function formatDate(time: string | number, timeZone: string): string {
  const parts = partsOf(time, timeZone)
  return `${parts.year}-${parts.month}-${parts.day}`
}

/** `22:56:54`. */
export function formatClock(time: string | number, timeZone: string): string {
  const parts = partsOf(time, timeZone)
  return `${parts.hour}:${parts.minute}:${parts.second}`
}

/** What is left until then, for a countdown: `2 d 4 h`, `3 h 12 min`, `59 s`; `over` when it has passed. */
export function formatCountdown(until: string | number, nowMs: number): string {
  const seconds = Math.ceil((epoch(until) - nowMs) / 1000)
  if (seconds <= 0) return 'over'
  if (seconds < 60) return `${seconds} s`
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`
  return `${Math.floor(seconds / 86_400)} d ${Math.floor((seconds % 86_400) / 3600)} h`
}

/** The value of `<input type="datetime-local">` for a time in a zone: `2026-11-23T22:56`. */
export function toLocalInput(time: string | number, timeZone: string): string {
  const parts = partsOf(time, timeZone)
  return `${parts.year}-${parts.month}-${parts.day}T${parts.hour}:${parts.minute}`
}

/** The time that a `datetime-local` value means in a zone, in RFC 3339; the earlier one where a clock goes back. */
export function fromLocalInput(value: string, timeZone: string): string | null {
  const wanted = Date.parse(`${value}Z`)
  if (Number.isNaN(wanted)) return null
  // The offset a day before and a day after covers both sides of a change of the clocks.
  const candidates = [-86_400_000, 86_400_000].map((shift) => wanted - offsetMs(wanted + shift, timeZone))
  const exact = candidates.filter((candidate) => candidate + offsetMs(candidate, timeZone) === wanted)
  return new Date(Math.min(...(exact.length > 0 ? exact : candidates))).toISOString()
}

function offsetMs(at: number, timeZone: string): number {
  const parts = partsOf(at, timeZone)
  const asUtc = Date.parse(
    `${parts.year}-${parts.month}-${parts.day}T${parts.hour}:${parts.minute}:${parts.second}Z`,
  )
  return asUtc - Math.floor(at / 1000) * 1000
}

function span(seconds: number): string {
  if (seconds < 60) return `${seconds} s`
  const minutes = Math.round(seconds / 60)
  if (minutes < 60) return `${minutes} min`
  const hours = Math.round(seconds / 3600)
  if (hours < 48) return `${hours} h`
  const days = Math.round(seconds / 86_400)
  if (days < 60) return `${days} d`
  const months = Math.round(days / 30.4375)
  return months < 24 ? `${months} months` : `${Math.round(days / 365.25)} years`
}

function epoch(time: string | number): number {
  return typeof time === 'number' ? time : Date.parse(time)
}

type Part = 'year' | 'month' | 'day' | 'hour' | 'minute' | 'second' | 'timeZoneName'

function partsOf(time: string | number, timeZone: string): Record<Part, string> {
  let format = formats.get(timeZone)
  if (!format) {
    format = new Intl.DateTimeFormat('en-US', {
      timeZone,
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
      hour: '2-digit',
      minute: '2-digit',
      second: '2-digit',
      hourCycle: 'h23',
      timeZoneName: 'short',
    })
    formats.set(timeZone, format)
  }
  return Object.fromEntries(
    format.formatToParts(epoch(time)).map(({ type, value }) => [type, value]),
  ) as Record<Part, string>
}

const formats = new Map<string, Intl.DateTimeFormat>()
