'use client'

import { Plus } from 'lucide-react'
import { useRef, useState } from 'react'
import { Button } from '@/components/ui/button'
import { FieldError } from '@/components/ui/field'
import { followFocus } from '../follow-focus'
import {
  type DocumentError,
  errorWithin,
  groupsOf,
  type RouteDocument,
  type RuleDraft,
  rulesOf,
} from '../route-document'
import { RuleCard } from './rule-card'
import { useNames } from './use-names'

/** The rules in the order in which they are read: the first that holds decides. */
export function RuleList({
  document,
  errors,
  onChange,
}: {
  document: RouteDocument
  errors: readonly DocumentError[]
  onChange: (rules: RuleDraft[]) => void
}) {
  const root = useRef<HTMLOListElement>(null)
  const rules = rulesOf(document)
  const groups = groupsOf(document)
  const nameOf = useNames(rules)
  const [opened, setOpened] = useState<readonly number[]>([])
  const [said, setSaid] = useState('')
  const whole = errors.find(({ path }) => path === 'rules')?.message
  const open = (at: number, on: boolean) =>
    setOpened(on ? [...opened, at] : opened.filter((other) => other !== at))
  const move = (from: number, by: -1 | 1) => {
    const to = from + by
    const [moved, other] = [rules[from], rules[to]]
    if (!moved || !other) return
    onChange(rules.map((rule, at) => (at === from ? other : at === to ? moved : rule)))
    setOpened(opened.map((at) => (at === from ? to : at === to ? from : at)))
    followFocus(root.current, from, to)
    setSaid(`${moved.name || 'The rule'} is now ${to + 1} of ${rules.length}.`)
  }
  return (
    <div className="flex flex-col gap-3">
      {rules.length > 0 ? (
        <ol ref={root} className="flex flex-col gap-2">
          {rules.map((rule, at) => (
            <RuleCard
              // biome-ignore lint/suspicious/noArrayIndexKey: the place is the identity: names may be alike while they are typed.
              key={at}
              rule={rule}
              place={at}
              count={rules.length}
              groups={groups}
              open={opened.includes(at) || errorWithin(errors, `rules.${at}`) !== undefined}
              nameOf={nameOf}
              errorWithin={(path) => errorWithin(errors, `rules.${at}.${path}`)}
              onOpen={(on) => open(at, on)}
              onChange={(next) => onChange(rules.map((other, one) => (one === at ? next : other)))}
              onMove={(by) => move(at, by)}
              onRemove={() => {
                onChange(rules.filter((_, one) => one !== at))
                setOpened(opened.flatMap((one) => (one === at ? [] : one > at ? one - 1 : one)))
              }}
            />
          ))}
        </ol>
      ) : null}
      <p role="status" className="sr-only">
        {said}
      </p>
      {whole ? <FieldError>{whole}</FieldError> : null}
      <div className="flex flex-wrap items-center gap-3">
        <Button
          size="sm"
          onClick={() => {
            onChange([
              ...rules,
              {
                name: `Rule ${rules.length + 1}`,
                when: {},
                use: groups.length === 1 ? (groups[0] ?? '') : '',
                only: false,
              },
            ])
            open(rules.length, true)
          }}
        >
          <Plus aria-hidden />
          Add rule
        </Button>
        {groups.length === 0 ? (
          <p className="text-sm text-muted">Give the targets that a rule is to choose a group first.</p>
        ) : null}
      </div>
    </div>
  )
}
