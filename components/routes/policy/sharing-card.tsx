'use client'

import { Button } from '@/components/ui/button'
import { Card } from '@/components/ui/card'
import { Field } from '@/components/ui/field'
import { Input } from '@/components/ui/input'
import { Select } from '@/components/ui/select'
import { groupsOf, memberAt } from '../route-document'
import { groupOptions, NumberField, type SectionProps } from './section'

const AFFINITY = [
  { value: 'auto', label: 'The prompt cache key, else the end user, else the key' },
  { value: 'key', label: 'The key' },
  { value: 'consumer', label: 'The consumer' },
  { value: 'user', label: 'The end user' },
  { value: 'header', label: 'A header of the request' },
  { value: 'field', label: 'A field of the request' },
]

/** Who meets the canary, and what calls stick by. */
export function SharingCard(props: SectionProps) {
  const { document, error, set } = props
  const groups = groupsOf(document)
  const canary = memberAt(document, 'canary')
  const by = String(memberAt(document, 'affinity.by') ?? 'auto')
  return (
    <Card
      title="Canary and affinity"
      description="A canary shows a group of targets to a share of the callers first, always the same ones."
    >
      <div className="flex flex-col gap-4">
        {canary ? (
          <div className="grid items-start gap-4 sm:grid-cols-[1fr_8rem_auto]">
            <Field label="Canary group" required error={error('canary.group')}>
              <Select
                value={String(memberAt(document, 'canary.group') ?? '')}
                onChange={(event) => set('canary.group', event.target.value)}
              >
                {groupOptions(groups, String(memberAt(document, 'canary.group') ?? ''))}
              </Select>
            </Field>
            <NumberField label="Percent of callers" path="canary.percent" {...props} />
            <Button className="sm:mt-6" onClick={() => set('canary', null)}>
              Remove canary
            </Button>
          </div>
        ) : (
          <div className="flex flex-wrap items-center gap-3">
            <Button onClick={() => set('canary', { group: groups[0] ?? '', percent: 5 })}>Add canary</Button>
            {groups.length === 0 ? (
              <p className="text-sm text-muted">Give the targets of the canary a group first.</p>
            ) : null}
          </div>
        )}
        <div className="grid items-start gap-4 sm:grid-cols-2">
          <Field
            label="Calls belong together by"
            error={error('affinity.by')}
            hint="Decides who is in the canary, and whom a sticky call meets."
          >
            <Select
              value={by}
              onChange={(event) => {
                const next = event.target.value
                const named = next === 'header' || next === 'field'
                set('affinity', {
                  ...(memberAt(document, 'affinity') as object | undefined),
                  by: next,
                  name: named ? (memberAt(document, 'affinity.name') ?? null) : null,
                })
              }}
            >
              {AFFINITY.map(({ value, label }) => (
                <option key={value} value={value}>
                  {label}
                </option>
              ))}
            </Select>
          </Field>
          {by === 'header' || by === 'field' ? (
            <Field
              label={by === 'header' ? 'Name of the header' : 'Name of the field'}
              required
              error={error('affinity.name')}
              hint={
                by === 'header'
                  ? 'Such as x-session-id. Where it is absent, the key stands in.'
                  : 'With dots between members: metadata.session. Where it is absent, the key stands in.'
              }
            >
              <Input
                value={String(memberAt(document, 'affinity.name') ?? '')}
                onChange={(event) => set('affinity.name', event.target.value || null)}
                className="font-mono text-sm"
                autoComplete="off"
                spellCheck={false}
              />
            </Field>
          ) : null}
        </div>
      </div>
    </Card>
  )
}
