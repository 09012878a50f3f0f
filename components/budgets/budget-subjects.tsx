'use client'

import { useQuery } from '@tanstack/react-query'
import Link from 'next/link'
import { apiGet } from '@/components/data/api'
import { entityHref } from '@/components/overview/entity-href'
import { scopeNoun } from '@/components/policies/scope-words'
import { useHeld } from '@/components/policies/use-standings'
import { SkeletonLines } from '@/components/ui/skeleton'
import { formatCount } from '@/lib/format/tokens'
import type { Budget, BudgetSubject } from '@/lib/resources/budgets/schema'
import { BudgetBar, LeftText, SpentOf } from './budget-bar'

const SHOWN = 100

/** Each one that has spent or holds something, the nearest to its end first. */
export function BudgetSubjects({ budget }: { budget: Budget }) {
  const query = useQuery({
    queryKey: ['resource', '/budgets', 'subjects', budget.id],
    queryFn: ({ signal }) =>
      apiGet<{ data: BudgetSubject[]; total: number }>(
        `/budgets/${budget.id}/subjects`,
        { limit: SHOWN },
        signal,
      ),
  })
  const noun = scopeNoun(budget.scope.type)
  if (query.isPending) return <SkeletonLines lines={3} label="Loading whom it counts" />
  if (!query.data) return <p className="text-sm text-danger">They could not be read.</p>
  const { data, total } = query.data
  if (data.length === 0) return <p className="text-sm text-muted">No {noun} has spent anything yet.</p>
  return (
    <>
      <ul className="divide-y">
        {data.map((subject) => (
          <Row key={subject.subject} subject={subject} budget={budget} />
        ))}
      </ul>
      {total > data.length ? (
        <p className="mt-2 text-xs text-muted">
          The first {formatCount(data.length)} of {formatCount(total)}.
        </p>
      ) : null}
    </>
  )
}

function Row({ subject: read, budget }: { subject: BudgetSubject; budget: Budget }) {
  const subject = useHeld({ ...budget.current, id: budget.id }, read)
  const standing = { ...subject, amountUsd: budget.current.amountUsd }
  const name = subject.name ?? subject.subject
  const href = entityHref(budget.scope.type, subject.subject)
  return (
    <li className="flex flex-wrap items-center gap-x-4 gap-y-1 py-2 text-sm">
      <span className="min-w-28 flex-1 truncate max-sm:basis-full">
        {href ? (
          <Link href={href} className="hover:underline">
            {name}
          </Link>
        ) : (
          <span className="font-mono text-xs">{name}</span>
        )}
      </span>
      <BudgetBar standing={standing} className="min-w-20 flex-1 sm:w-20 sm:flex-none" />
      <span className="text-right sm:w-32">
        <SpentOf standing={standing} />
      </span>
      <span className="w-24 text-right max-sm:hidden">
        <LeftText standing={subject} />
      </span>
    </li>
  )
}
