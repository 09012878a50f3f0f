/** "Test connection": reaches a provider by the code path that production takes, outside the books of any team. */
import type { ProbeResult } from '../../lib/contract/control.ts'
import type { ProviderEntity } from '../../lib/contract/entities.ts'
import type { Clock } from '../clock.ts'
import type { Upstream } from '../upstream/upstream.ts'

export interface ProbeOptions {
  readonly provider: ProviderEntity
  /** Absent: list models only. Else one call of at most 16 output tokens besides. */
  readonly model?: string | undefined
  readonly timeoutMs: number
  readonly upstream: Upstream
  readonly clock: Clock
}

export type ProbeOutcome = Omit<ProbeResult, 'gatewayId' | 'probeId'>
