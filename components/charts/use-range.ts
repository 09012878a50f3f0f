'use client'

import { parseAsString, parseAsStringLiteral, useQueryStates } from 'nuqs'
import { useMemo } from 'react'
import { useTimeZone } from '@/components/ui/time-zone'
import { RANGE_PRESETS, type RangeChoice } from './time-range'

export const SIMULATED_CHOICES = ['include', 'exclude', 'only'] as const
export type SimulatedChoice = (typeof SIMULATED_CHOICES)[number]

export interface PageRange {
  readonly choice: RangeChoice
  /** IANA; where days begin. The address has it when it was chosen on the page, else it is the console's. */
  readonly timeZone: string
  readonly set: (
    next: Partial<{ range: RangeChoice['range']; from: string | null; to: string | null; tz: string | null }>,
  ) => void
}

/** The range and the zone of a page, which stand in its address: a link shows what its sender saw. */
export function useRange(defaultRange: RangeChoice['range'] = '24h'): PageRange {
  const zone = useTimeZone()
  const [state, setState] = useQueryStates(
    {
      range: parseAsStringLiteral([...RANGE_PRESETS, 'custom'] as const).withDefault(defaultRange),
      from: parseAsString,
      to: parseAsString,
      tz: parseAsString,
    },
    { history: 'push' },
  )
  const timeZone = state.tz && isTimeZone(state.tz) ? state.tz : zone.timeZone
  const { range, from, to } = state
  return useMemo(
    () => ({ choice: { range, from, to }, timeZone, set: (next) => void setState(next) }),
    [range, from, to, timeZone, setState],
  )
}

function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en-US', { timeZone: name })
    return true
  } catch {
    return false
  }
}
