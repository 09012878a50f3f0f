const YOUNG_MS = 60_000

/** Whether a call began within the last minute: its id is a UUID of version 7, whose first 48 bits are its time. */
export function isYoung(id: string, now: number): boolean {
  const at = Number.parseInt(id.replace('-', '').slice(0, 12), 16)
  return Math.abs(now - at) < YOUNG_MS
}
