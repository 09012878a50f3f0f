'use client'

import { useQuery } from '@tanstack/react-query'
import Link from 'next/link'
import { apiGet } from '@/components/data/api'
import { useLiveQuery } from '@/components/data/live'
import { entityHref } from '@/components/overview/entity-href'
import { scopeNoun } from '@/components/policies/scope-words'
import { SkeletonLines } from '@/components/ui/skeleton'
import { formatCount } from '@/lib/format/tokens'
import type { Limit, LimitSubject } from '@/lib/resources/limits/schema'
import { LimitUse } from './limit-use'

const SHOWN = 50

/** Whom it counts just now, the nearest to the end first. */
export function LimitSubjects({ limit }: { limit: Limit }) {
  const key = ['resource', '/limits', 'subjects', limit.id]
  const query = useQuery({
    queryKey: key,
    queryFn: ({ signal }) =>
      apiGet<{ data: LimitSubject[]; total: number }>(
        `/limits/${limit.id}/subjects`,
        { limit: SHOWN },
        signal,
      ),
  })
  // Who is counted anew is not in the list yet; how much of the others counts is told by itself.
  useLiveQuery('standings', key, { everyMs: 2_000 })
  if (query.isPending) return <SkeletonLines lines={2} label="Loading whom it counts" />
  if (!query.data) return <p className="text-sm text-danger">They could not be read.</p>
  const { data, total } = query.data
  if (data.length === 0) return <p className="text-sm text-muted">Nothing counts just now.</p>
  return (
    <>
      <ul className="divide-y">
        {data.map((subject) => (
          <li key={subject.subject} className="flex flex-wrap items-center gap-x-4 gap-y-1 py-2 text-sm">
            <span className="min-w-28 flex-1 truncate">
              <SubjectName limit={limit} subject={subject} />
            </span>
            <LimitUse limit={limit} subject={subject} />
          </li>
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

function SubjectName({ limit: { scope }, subject }: { limit: Limit; subject: LimitSubject }) {
  if (scope.type === 'organization') return 'All traffic together'
  const href = entityHref(scope.type, subject.subject)
  const name = subject.name ?? subject.subject
  if (href === null) return <span className="font-mono text-xs">{name}</span>
  return (
    <>
      <span className="text-muted">{scopeNoun(scope.type)}</span>{' '}
      <Link href={href} className="hover:underline">
        {name}
      </Link>
    </>
  )
}
