/** Where a request ends, in bytes and milliseconds: nothing that comes from outside is without a bound. */

export interface ListenerLimits {
  /** Body of a call; beyond it 413. */
  readonly maxBodyBytes: number
  readonly maxUrlBytes: number
  readonly maxHeaderBytes: number
  readonly maxHeaders: number
  readonly maxConnections: number
  readonly headersTimeoutMs: number
  /** For headers and body together. */
  readonly requestTimeoutMs: number
  readonly keepAliveTimeoutMs: number
  /** A caller that takes no byte of its answer for this long is cut. */
  readonly writeStallMs: number
  /** While draining, connections are still taken for this long, so that a balancer sees `/readyz` first. */
  readonly lameDuckMs: number
}

export const DEFAULT_LIMITS: ListenerLimits = {
  maxBodyBytes: 10 * 1024 * 1024,
  maxUrlBytes: 8 * 1024,
  maxHeaderBytes: 16 * 1024,
  maxHeaders: 100,
  maxConnections: 20_000,
  headersTimeoutMs: 10_000,
  requestTimeoutMs: 60_000,
  keepAliveTimeoutMs: 65_000,
  writeStallMs: 60_000,
  lameDuckMs: 250,
}
