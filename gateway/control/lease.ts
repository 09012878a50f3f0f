/** Tells the admin every few seconds that this gateway lives, and how it is. */
import { LEASE_RENEW_MS, type LeaseRenewal } from '../../lib/contract/control.ts'
import type { Log } from '../telemetry/log.ts'
import type { AdminClient } from './admin-client.ts'

export interface Lease {
  /** Says it now: the state has changed. */
  renew(): Promise<void>
  stop(): void
}

export function startLease(options: {
  readonly admin: AdminClient
  readonly report: () => LeaseRenewal
  /** The admin's answer to a renewal that it took. */
  readonly onAnswer: (body: unknown) => void
  readonly log: Log
  readonly everyMs?: number
}): Lease {
  const { admin, report, log, onAnswer } = options
  let underway: Promise<void> | null = null
  let failing = false

  const send = async (): Promise<void> => {
    try {
      const { status, body } = await admin.post(
        '/api/control/lease',
        JSON.stringify(report()),
        LEASE_RENEW_MS,
      )
      if (status >= 300) throw new Error(`the admin answered ${status}`)
      failing = false
      onAnswer(body)
    } catch (error) {
      if (!failing) log('warn', 'lease.not_renewed', { error })
      failing = true
    }
  }
  const renew = (): Promise<void> => {
    underway ??= send().finally(() => {
      underway = null
    })
    return underway
  }
  const timer = setInterval(() => void renew(), options.everyMs ?? LEASE_RENEW_MS)
  void renew()
  return {
    // What is under way may carry the state of before.
    renew: async () => {
      await underway
      await renew()
    },
    stop: () => clearInterval(timer),
  }
}
