/** What the journal says to an operator at length. */
import type { Log } from '../telemetry/log.ts'

export function reportFullness(
  log: Log,
  full: boolean,
  details: { readonly unshippedBytes: number; readonly refusalsNotBooked: number },
): void {
  log(full ? 'error' : 'info', full ? 'journal.full' : 'journal.drained', {
    message: full
      ? 'The journal is full of events that the admin has not committed: new calls are refused.'
      : 'The journal has room again.',
    ...details,
  })
}
