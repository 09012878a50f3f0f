/** The names under which a gateway tells how it is. */
import type { LoopStalls } from './loop-watchdog.ts'
import type { Metric } from './metrics.ts'

export interface GatewayState {
  readonly revision: number | null
  readonly inFlight: number
  readonly accepting: boolean
  readonly journal: {
    readonly unshippedEvents: number
    readonly unshippedBytes: number
    readonly openIntents: number
    readonly failures: number
  }
  readonly copyIsSaved: boolean
  readonly stalls: LoopStalls
}

export function gatewayMetrics(state: GatewayState): Metric[] {
  const { journal, stalls } = state
  const gauge = (name: string, help: string, value: number): Metric => ({ name, type: 'gauge', help, value })
  const counter = (name: string, help: string, value: number): Metric => ({
    name,
    type: 'counter',
    help,
    value,
  })
  return [
    gauge('gatehouse_ready', 'Whether there is a configuration.', state.revision === null ? 0 : 1),
    gauge('gatehouse_revision', 'Revision of the running configuration.', state.revision ?? 0),
    gauge(
      'gatehouse_configuration_saved',
      'Whether the running configuration is on disk.',
      state.copyIsSaved ? 1 : 0,
    ),
    gauge('gatehouse_calls_in_flight', 'Calls that have begun and are not settled.', state.inFlight),
    gauge(
      'gatehouse_journal_accepting',
      'Whether new calls are taken; 0: books_full.',
      state.accepting ? 1 : 0,
    ),
    counter(
      'gatehouse_journal_failures_total',
      'Writes and syncs of the journal that failed.',
      journal.failures,
    ),
    gauge(
      'gatehouse_journal_unshipped_events',
      'Events that the admin has not committed.',
      journal.unshippedEvents,
    ),
    gauge('gatehouse_journal_unshipped_bytes', 'Their size on disk.', journal.unshippedBytes),
    gauge('gatehouse_journal_open_intents', 'Attempts that are not settled.', journal.openIntents),
    counter('gatehouse_loop_stalls_total', 'Times that the event loop stood still.', stalls.count),
    counter('gatehouse_loop_stalled_seconds_total', 'For how long in all.', stalls.totalMs / 1_000),
    gauge('gatehouse_loop_last_stall_seconds', 'For how long the last time.', stalls.lastMs / 1_000),
    gauge('process_resident_memory_bytes', 'Resident memory.', process.memoryUsage.rss()),
  ]
}
