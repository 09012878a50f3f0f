/** `812 ms`, `4.1 s`, `2 min 5 s`, `3 h 12 min`, `4 d 6 h`. */
export function formatDuration(milliseconds: number): string {
  if (!Number.isFinite(milliseconds)) return '–'
  if (milliseconds < 0) return `-${formatDuration(-milliseconds)}`
  // What was measured in whole milliseconds has no smaller unit.
  if (milliseconds > 0 && milliseconds < 1) return `${Math.round(milliseconds * 1000)} µs`
  if (Math.round(milliseconds) < 1000) return `${Math.round(milliseconds)} ms`
  const tenths = Math.round(milliseconds / 100)
  if (tenths < 600) return `${tenths / 10} s`
  const seconds = Math.round(milliseconds / 1000)
  if (seconds < 3600) return join(Math.floor(seconds / 60), 'min', seconds % 60, 's')
  const minutes = Math.round(seconds / 60)
  if (minutes < 1440) return join(Math.floor(minutes / 60), 'h', minutes % 60, 'min')
  const hours = Math.round(seconds / 3600)
  return join(Math.floor(hours / 24), 'd', hours % 24, 'h')
}

/** Of whole milliseconds, as calls have them: 0 is less than one. */
export function formatLatency(wholeMs: number): string {
  return wholeMs === 0 ? '<1 ms' : formatDuration(wholeMs)
}

/** `1.5 MB`, in steps of 1,000. */
export function formatBytes(bytes: number): string {
  if (!Number.isFinite(bytes)) return '–'
  if (bytes < 1000) return `${bytes} B`
  let value = bytes
  let index = -1
  do {
    value /= 1000
    index += 1
  } while (value >= 999.5 && index < BYTE_UNITS.length - 1)
  return `${value >= 100 ? Math.round(value) : Number(value.toPrecision(2))} ${BYTE_UNITS[index]}`
}

function join(large: number, largeUnit: string, small: number, smallUnit: string): string {
  return small === 0 ? `${large} ${largeUnit}` : `${large} ${largeUnit} ${small} ${smallUnit}`
}

const BYTE_UNITS = ['kB', 'MB', 'GB', 'TB']
