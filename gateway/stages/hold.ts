/** What becomes of the room that an attempt took, once its real amounts are known. */
import type { Attempt as AttemptRecord } from '../../lib/contract/usage-event.ts'
import type { Call } from '../call.ts'
import { actualAmounts } from '../limits/actual-amounts.ts'
import type { Hold } from '../limits/hold.ts'
import { targetKey } from '../routing/candidate.ts'
import type { CompiledTarget } from '../snapshot/configuration.ts'
import type { Reservation } from './reserve.ts'

/** An attempt is over: its holds shrink, or grow, to what it used; they are spent when the call is in the books. */
export function correctHold(
  call: Call,
  target: CompiledTarget,
  { hold, textBytes }: Reservation,
  record: AttemptRecord,
): void {
  if (hold.entries.length === 0) return
  const { counters, ratios } = call.around.policing
  counters.correct(hold, actualAmounts(hold, record))
  const { usage, usageSource } = record
  if (usageSource === 'provider' && textBytes !== null)
    ratios.learn(targetKey(target), textBytes, usage.inputTokens, usage.outputTokens)
}

/** Nothing was sent: as if nothing had been held. */
export function giveBack(call: Call, hold: Hold): void {
  const { counters } = call.around.policing
  counters.correct(
    hold,
    hold.entries.map(() => 0n),
  )
  counters.commit(hold)
}
