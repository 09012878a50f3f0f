/** What the journal says to an operator at length. */
import type { Log } from '../telemetry/log.ts'

/** Once for each change. */
export function reportFullness(
  log: Log,
  state: { told: boolean },
  full: boolean,
  details: { readonly unshippedBytes: number; readonly refusalsNotBooked: number },
): void {
  if (full === state.told) return
  state.told = full
  log(full ? 'error' : 'info', full ? 'journal.full' : 'journal.drained', {
    message: full
      ? 'The journal is full of events that the admin has not committed: new calls are refused.'
      : 'The journal has room again.',
    ...details,
  })
}

export function reportFailure(log: Log, operation: string, error: unknown): void {
  log('error', 'journal.failed', {
    message: 'The journal can not be written: new calls are refused until a fresh segment can be.',
    operation,
    error,
  })
}

export function reportBehindAdmin(log: Log, nextSequence: number, skippedTo: number): void {
  log('error', 'journal.behind_admin', {
    message:
      'The admin knows later events of this gateway than its folder does: was it restored from a copy?',
    nextSequence,
    skippedTo,
  })
}
