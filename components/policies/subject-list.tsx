'use client'

import { useQuery } from '@tanstack/react-query'
import Link from 'next/link'
import type { ReactNode } from 'react'
import { apiGet } from '@/components/data/api'
import { useLiveQuery } from '@/components/data/live'
import { entityHref } from '@/components/overview/entity-href'
import { SkeletonLines } from '@/components/ui/skeleton'
import { formatCount } from '@/lib/format/tokens'

const SHOWN = 100

interface Subject {
  readonly subject: string
  readonly name: string | null
}

/** Whom a policy counts, as its `/subjects` lists them: the nearest to the end first. */
export function SubjectList<S extends Subject>({
  collection,
  id,
  changesWithStandings = false,
  empty,
  children,
}: {
  /** `/budgets` */
  collection: string
  id: string
  /** Others may be in the list after what gateways tell, not only after what is booked. */
  changesWithStandings?: boolean
  empty: string
  children: (subject: S) => ReactNode
}) {
  const key = ['resource', collection, 'subjects', id]
  const query = useQuery({
    queryKey: key,
    queryFn: ({ signal }) =>
      apiGet<{ data: S[]; total: number }>(`${collection}/${id}/subjects`, { limit: SHOWN }, signal),
  })
  useLiveQuery('standings', key, { everyMs: 2_000, enabled: changesWithStandings })
  if (query.isPending) return <SkeletonLines lines={3} label="Loading whom it counts" />
  if (!query.data) return <p className="text-sm text-danger">They could not be read.</p>
  const { data, total } = query.data
  if (data.length === 0) return <p className="text-sm text-muted">{empty}</p>
  return (
    <>
      <ul className="divide-y">
        {data.map((subject) => (
          <li key={subject.subject} className="flex flex-wrap items-center gap-x-4 gap-y-1 py-2 text-sm">
            {children(subject)}
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

/** By name, where it has one, and leading to its place. */
export function SubjectName({ type, subject: { subject, name } }: { type: string; subject: Subject }) {
  if (type === 'organization') return 'All traffic together'
  const href = entityHref(type, subject)
  if (href === null) return <span className="font-mono text-xs">{name ?? subject}</span>
  return (
    <Link href={href} className="hover:underline">
      {name ?? subject}
    </Link>
  )
}
