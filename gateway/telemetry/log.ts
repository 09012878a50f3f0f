/** Log lines as JSON on standard output, one event a line. Callers pass no secret, no prompt and no whole request. */

export type LogLevel = 'info' | 'warn' | 'error'

/** `event` is a short stable name (`journal.torn_tail`); `message` in the fields is a sentence for people. */
export type Log = (level: LogLevel, event: string, fields?: Readonly<Record<string, unknown>>) => void

const MAX_TEXT = 2_000

export function createLog(write: (line: string) => void, now: () => number): Log {
  return (level, event, fields = {}) => {
    const line: Record<string, unknown> = { at: new Date(now()).toISOString(), level, event }
    for (const [key, value] of Object.entries(fields)) line[key] = shorten(value)
    write(`${JSON.stringify(line)}\n`)
  }
}

/** What of an error is for the log: its name, code and message, and the stack of a bug. */
export function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error).slice(0, MAX_TEXT)
  const code = (error as NodeJS.ErrnoException).code
  const isBug = code === undefined && (error instanceof TypeError || error instanceof ReferenceError)
  const text = isBug ? (error.stack ?? error.message) : `${error.name}: ${error.message}`
  return (code && !text.includes(code) ? `${text} (${code})` : text).slice(0, MAX_TEXT)
}

function shorten(value: unknown): unknown {
  if (value instanceof Error) return describeError(value)
  if (typeof value === 'bigint') return value.toString()
  if (typeof value === 'string') return value.slice(0, MAX_TEXT)
  return value
}
