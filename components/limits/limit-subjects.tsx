'use client'

import { SubjectList, SubjectName } from '@/components/policies/subject-list'
import type { Limit, LimitSubject } from '@/lib/resources/limits/schema'
import { LimitUse } from './limit-use'

/** Whom it counts just now; how much of each counts is told by itself. */
export function LimitSubjects({ limit }: { limit: Limit }) {
  return (
    <SubjectList<LimitSubject>
      collection="/limits"
      id={limit.id}
      changesWithStandings
      empty="Nothing counts just now."
    >
      {(subject) => (
        <>
          <span className="min-w-28 flex-1 truncate">
            <SubjectName type={limit.scope.type} subject={subject} />
          </span>
          <LimitUse limit={limit} subject={subject} />
        </>
      )}
    </SubjectList>
  )
}
