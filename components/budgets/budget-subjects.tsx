'use client'

import { scopeNoun } from '@/components/policies/scope-words'
import { SubjectList, SubjectName } from '@/components/policies/subject-list'
import { useHeld } from '@/components/policies/use-standings'
import type { Budget, BudgetSubject } from '@/lib/resources/budgets/schema'
import { BudgetBar, LeftText, SpentOf } from './budget-bar'

/** Each one that has spent or holds something. */
export function BudgetSubjects({ budget }: { budget: Budget }) {
  return (
    <SubjectList<BudgetSubject>
      collection="/budgets"
      id={budget.id}
      empty={`No ${scopeNoun(budget.scope.type)} has spent anything yet.`}
    >
      {(subject) => <Row subject={subject} budget={budget} />}
    </SubjectList>
  )
}

function Row({ subject: read, budget }: { subject: BudgetSubject; budget: Budget }) {
  const subject = useHeld({ ...budget.current, id: budget.id }, read)
  const standing = { ...subject, amountUsd: budget.current.amountUsd }
  return (
    <>
      <span className="min-w-28 flex-1 truncate max-sm:basis-full">
        <SubjectName type={budget.scope.type} subject={subject} />
      </span>
      <BudgetBar standing={standing} className="min-w-20 flex-1 sm:w-20 sm:flex-none" />
      <span className="text-right sm:w-32">
        <SpentOf standing={standing} />
      </span>
      <span className="w-24 text-right max-sm:hidden">
        <LeftText standing={subject} />
      </span>
    </>
  )
}
