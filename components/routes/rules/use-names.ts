'use client'

import { useQueries } from '@tanstack/react-query'
import { type ApiAnswer, apiRead } from '@/components/data/api'
import { resourceKey } from '@/components/data/collection'
import { useCan } from '@/components/data/me'
import type { RuleDraft } from '../route-document'
import type { NameOf } from './rule-words'

const PATHS = { team: '/teams', consumer: '/consumers', budget: '/budgets' } as const
type Kind = keyof typeof PATHS

/** What the teams, consumers and budgets that conditions name are called; an id stands for what may not be read. */
export function useNames(rules: readonly RuleDraft[]): NameOf {
  const can = useCan()
  const named = rules.flatMap(({ when }) => [
    ...(when.teamIds ?? []).map((id) => ['team', id] as const),
    ...(when.consumerIds ?? []).map((id) => ['consumer', id] as const),
    ...(when.budgetLeft?.budgetId ? [['budget', when.budgetLeft.budgetId] as const] : []),
  ])
  const unique = [...new Map(named.map((one) => [one.join(' '), one])).values()]
  const answers = useQueries({
    queries: unique.map(([kind, id]) => ({
      queryKey: resourceKey(PATHS[kind], id),
      queryFn: ({ signal }: { signal: AbortSignal }): Promise<ApiAnswer<{ name: string }>> =>
        apiRead(`${PATHS[kind]}/${encodeURIComponent(id)}`, undefined, signal),
      enabled: can(`${kind}s.get`),
      retry: false,
    })),
  })
  const names = new Map(unique.map(([kind, id], at) => [`${kind} ${id}`, answers[at]?.data?.data.name]))
  return (kind: Kind, id) => names.get(`${kind} ${id}`) ?? id
}
