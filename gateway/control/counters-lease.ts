/**
 * Whether this gateway may count: limits and budgets are counted in one gateway's memory, and the admin lends that to
 * one at a time. Told to wait, it stays so over a restart; a holder that is cut off goes on, as all traffic does.
 */
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { leaseAnswer } from '../../lib/contract/control.ts'
import type { Log } from '../telemetry/log.ts'

export interface CountersLease {
  /** Null when it may serve; else why it waits, in a sentence. */
  waitsFor(): string | null
  /** The admin's answer to a renewal; null from one that lends nothing. */
  heard(answer: unknown): void
}

export interface CountersLeaseOptions {
  readonly mode: 'shared' | 'independent'
  readonly directory: string
  /** It has served before: then it may again, with the admin there or not. */
  readonly servedBefore: boolean
  readonly log: Log
  readonly onChange: () => void
}

const NOT_ASKED_YET =
  'No admin has said yet whether another gateway holds the counters of limits and budgets; it is asked.'

export function createCountersLease(options: CountersLeaseOptions): CountersLease {
  const { mode, directory, servedBefore, log } = options
  if (mode === 'independent') return { waitsFor: () => null, heard: () => {} }
  const file = join(directory, 'counters-held-elsewhere')
  let waits = readReason(file) ?? (servedBefore ? null : NOT_ASKED_YET)

  return {
    waitsFor: () => waits,
    heard: (answer) => {
      const said = leaseAnswer.safeParse(answer)
      const held = !said.success || said.data.counters.held
      const next = held ? null : (said.data.counters.reason ?? 'Another gateway holds the counters.')
      if (next === waits) return
      waits = next
      options.onChange()
      if (next === null) log('info', 'counters.held')
      else log('warn', 'counters.held_elsewhere', { message: next })
      try {
        if (next === null) rmSync(file, { force: true })
        else writeFileSync(file, `${next}\n`, { mode: 0o600 })
      } catch (error) {
        // A disk that takes nothing: what was said counts as long as this process lives.
        log('warn', 'counters.not_kept', { error })
      }
    },
  }
}

function readReason(file: string): string | null {
  try {
    return readFileSync(file, 'utf8').trim() || null
  } catch {
    return null
  }
}
