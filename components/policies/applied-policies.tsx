'use client'

import { useQuery } from '@tanstack/react-query'
import Link from 'next/link'
import { BudgetBar, SpentOf } from '@/components/budgets/budget-bar'
import { apiGet } from '@/components/data/api'
import { useLiveQuery } from '@/components/data/live'
import { LimitUse } from '@/components/limits/limit-use'
import { limitText } from '@/components/limits/limit-words'
import { entityHref } from '@/components/overview/entity-href'
import { SkeletonLines } from '@/components/ui/skeleton'
import { Time } from '@/components/ui/time'
import { BUDGET_PERIODS } from '@/lib/contract/budget-refusal'
import { formatUsd } from '@/lib/format/money'
import { formatCount } from '@/lib/format/tokens'
import type { AppliedPolicies as Answer, AppliedPolicy } from '@/lib/resources/policies/applied-schema'
import { useHeld } from './use-standings'

/** What the calls of a key or a consumer meet, why, and how near it is; the nearest to its end first. */
export function AppliedPolicies({ path }: { path: string }) {
  const key = ['resource', path, 'policies']
  const query = useQuery({
    queryKey: key,
    queryFn: ({ signal }) => apiGet<Answer>(`${path}/policies`, undefined, signal),
  })
  useLiveQuery('usage', key, { everyMs: 2_000 })
  return (
    <section>
      <h3 className="text-sm font-semibold">What applies here, and why</h3>
      {query.isPending ? <SkeletonLines lines={3} label="Loading what applies" /> : null}
      {query.isError && !query.data ? <p className="text-sm text-danger">It could not be read.</p> : null}
      {query.data?.data.length === 0 ? (
        <p className="mt-1 text-sm text-muted">No limit and no budget counts these calls.</p>
      ) : null}
      <ul className="divide-y">
        {query.data?.data.map((policy) => (
          <Row key={`${policy.id} ${policy.subject}`} policy={policy} />
        ))}
      </ul>
      {query.data && query.data.total > query.data.data.length ? (
        <p className="mt-2 text-xs text-muted">
          The first {formatCount(query.data.data.length)} of {formatCount(query.data.total)}.
        </p>
      ) : null}
    </section>
  )
}

function Row({ policy }: { policy: AppliedPolicy }) {
  const { kind, id, name, scope, reason, routes, limit, budget } = policy
  return (
    <li className="py-2.5 text-sm">
      <div className="flex flex-wrap items-center gap-x-4 gap-y-1">
        <Link
          href={entityHref(kind, id) ?? '#'}
          className="min-w-28 flex-1 truncate font-medium hover:underline"
        >
          {name}
        </Link>
        {limit && policy.subject !== null ? (
          <LimitUse
            limit={{ id, ...limit }}
            subject={{ subject: policy.subject, name: null, used: limit.used }}
          />
        ) : null}
        {budget && policy.subject !== null ? (
          <BudgetUse id={id} subject={policy.subject} budget={budget} />
        ) : null}
      </div>
      <p className="text-muted">
        {limit ? limitText(limit) : null}
        {budget ? (
          <>
            {formatUsd(budget.amountUsd)} {BUDGET_PERIODS[budget.period]}, {budget.enforcement}
            {budget.to ? (
              <>
                , resets <Time value={budget.to} />
              </>
            ) : null}
          </>
        ) : null}
        : {reason}
        {scope.type !== 'route' && routes?.length
          ? ` of ${routes.map((route) => route.name).join(', ')}`
          : ''}
      </p>
    </li>
  )
}

function BudgetUse({
  id,
  subject,
  budget,
}: {
  id: string
  subject: string
  budget: NonNullable<AppliedPolicy['budget']>
}) {
  const standing = useHeld({ ...budget, id }, { ...budget, subject })
  return (
    <span className="flex items-center gap-2.5">
      <BudgetBar standing={standing} className="w-20" />
      <SpentOf standing={standing} />
    </span>
  )
}
