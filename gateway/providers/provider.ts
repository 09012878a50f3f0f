/**
 * What the gateway must know about a kind of vendor: where it lives, how it wants to be asked, how it says no. Wire
 * formats are the dialects' business; a provider is one file over them.
 */
import type { ProviderEntity, ProviderKind } from '../../lib/contract/entities.ts'
import type { Clock } from '../clock.ts'
import type { OutputCap } from '../dialects/openai-chat-request.ts'
import type { Upstream } from '../upstream/upstream.ts'

export interface Provider {
  readonly kind: ProviderKind
  /** Null: each account names its own. */
  readonly defaultBaseUrl: string | null
  outputCap(provider: ProviderEntity): OutputCap
  /** Whether a stream's usage is asked for: a vendor that tells it unasked may refuse to be asked. */
  asksForUsage(provider: ProviderEntity): boolean
  /** Headers of the account, besides those of the call. `apiKey` is null where the account has none. */
  accountHeaders(provider: ProviderEntity, apiKey: string | null): Record<string, string>
  /** The vendor's own words from its documented error envelope; null when the body is something else. */
  readError(body: unknown): VendorError | null
  /** A vendor that isn't on the network answers here; absent for all others. */
  simulate?(provider: ProviderEntity, clock: Clock): Upstream
}

export interface VendorError {
  readonly message: string
  readonly code: string | null
  readonly param: string | null
}
