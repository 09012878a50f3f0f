'use client'

/** What is held by calls in flight and what counts under limits, as it changes: laid over what the API said last. */
import { useSyncExternalStore } from 'react'
import { useLive } from '@/components/data/live'
import { formatUsd, parseUsd } from '@/lib/contract/money'
import type { LiveEvent } from '@/lib/resources/events/schema'

type Data = Extract<LiveEvent, { event: 'standings' }>['data']

interface Standings {
  readonly held: ReadonlyMap<string, string>
  readonly used: ReadonlyMap<string, number | string>
}

const NOTHING: Standings = { held: new Map(), used: new Map() }
const listeners = new Set<() => void>()
let current = NOTHING
let newest: Data | null = null

interface Money {
  readonly subject: string
  readonly spentUsd: string
  readonly heldUsd: string
  readonly leftUsd: string
}

/** Where one subject of a budget stands; `amountUsd` is what applies now. */
export function useHeld<M extends Money>(
  budget: { readonly id: string; readonly from: string | null; readonly amountUsd: string },
  standing: M,
): M {
  const { held } = useStandings()
  const heldUsd = held.get(JSON.stringify([budget.id, standing.subject, budget.from]))
  if (heldUsd === undefined || heldUsd === standing.heldUsd) return standing
  const left = parseUsd(budget.amountUsd) - parseUsd(standing.spentUsd) - parseUsd(heldUsd)
  return { ...standing, heldUsd, leftUsd: formatUsd(left) }
}

/** What counts of one subject under a limit: as it was told last, else as it was read. */
export function useUsed<T extends number | string>(
  limitId: string,
  subject: string,
  read: T,
): number | string {
  return useStandings().used.get(JSON.stringify([limitId, subject])) ?? read
}

function useStandings(): Standings {
  useLive('standings', note)
  useLive('reset', forget)
  return useSyncExternalStore(
    listen,
    () => current,
    () => NOTHING,
  )
}

/** Each component that shows something hears of the same event: the first one notes it for all. */
function note(data: Data): void {
  if (data === newest) return
  newest = data
  const [held, used] = [new Map(current.held), new Map(current.used)]
  for (const { budgetId, subject, from, heldUsd } of data.budgets)
    held.set(JSON.stringify([budgetId, subject, from]), heldUsd)
  for (const { limitId, subject, used: amount } of data.limits)
    used.set(JSON.stringify([limitId, subject]), amount)
  change({ held, used })
}

const forget = () => change(NOTHING)

function change(next: Standings): void {
  current = next
  for (const listener of listeners) listener()
}

function listen(listener: () => void): () => void {
  listeners.add(listener)
  return () => {
    listeners.delete(listener)
    // Nobody listens on: what comes next is read anew.
    if (listeners.size === 0) current = NOTHING
  }
}
