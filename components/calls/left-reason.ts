/** Why a target was left, in words: what one calls it in a list, and what stands after "because". */
import type { LeftReason } from '@/lib/contract/usage-event'

export const REASON_WORDS: Record<LeftReason, { readonly name: string; readonly because: string }> = {
  rateLimit: { name: 'Limited by the vendor', because: 'its vendor was limiting calls' },
  serverError: { name: 'Failed at the vendor', because: 'it failed' },
  timeout: { name: 'Timed out', because: 'it did not answer in time' },
  connection: { name: 'Connection failed', because: 'the connection to it failed' },
  contextTooLong: { name: 'Too long for the model', because: 'the request is too long for it' },
  contentRefused: { name: 'Content refused', because: 'it refused the content' },
  slow: { name: 'Too slow', because: 'its answer came too slowly' },
  badRequest: { name: 'Request refused', because: 'it took the request for wrong' },
  callerGone: { name: 'Caller left', because: 'the caller had left' },
  unavailable: { name: 'Left alone', because: 'it was out, or had to be left alone' },
  budget: { name: 'No room in a budget', because: 'it had no room in a budget' },
  limit: { name: 'No room in a limit', because: 'it had no room in a limit' },
  unknown: { name: 'Gateway died', because: 'the gateway died meanwhile' },
  hedge: { name: 'Another was faster', because: 'another target, asked beside it, answered first' },
  other: { name: 'Another reason', because: 'of a reason that is not known here' },
}
