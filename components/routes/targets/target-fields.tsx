'use client'

import { kindLabel } from '@/components/providers/provider-kinds'
import { Field } from '@/components/ui/field'
import { Input } from '@/components/ui/input'
import { Select } from '@/components/ui/select'
import { formatPercent } from '@/lib/format/tokens'
import type { Provider } from '@/lib/resources/providers/schema'
import type { Target } from '../route-document'
import { ModelField } from './model-field'
import { tierName } from './target-order'

/** What one target is, and which part it takes. */
export function TargetFields({
  target,
  index,
  rank,
  tierCount,
  share,
  groupListId,
  providers,
  onChange,
  onRank,
  error,
}: {
  target: Target
  /** In the document: errors are told by it. */
  index: number
  rank: number
  tierCount: number
  /** Of the calls of its priority; null where its weight does not say. */
  share: number | null
  groupListId: string
  providers: readonly Provider[]
  onChange: (part: Partial<Target>) => void
  onRank: (rank: number) => void
  error: (path: string) => string | undefined
}) {
  const provider = providers.find(({ id }) => id === target.providerId)
  return (
    <div className="@container">
      <div className="grid grid-cols-2 gap-3 @lg:grid-cols-[1.4fr_5.5rem_1fr]">
        <div className="col-span-full grid gap-3 @lg:grid-cols-2">
          <Field label="Provider" required error={error(`targets.${index}.providerId`)}>
            <Select
              value={target.providerId}
              onChange={(event) => onChange({ providerId: event.target.value })}
            >
              <option value="">Choose a provider</option>
              {target.providerId && !provider ? (
                <option value={target.providerId}>{target.providerId}</option>
              ) : null}
              {providers.map(({ id, name, kind }) => (
                <option key={id} value={id}>
                  {name === kind ? name : `${name} (${kindLabel(kind)})`}
                </option>
              ))}
            </Select>
          </Field>
          <ModelField
            value={target.model}
            kind={provider?.kind}
            onChange={(model) => onChange({ model })}
            error={error(`targets.${index}.model`)}
          />
        </div>
        <Field label="Priority" error={error(`targets.${index}.priority`)}>
          <Select value={rank} onChange={(event) => onRank(Number(event.target.value))}>
            {Array.from({ length: tierCount }, (_, one) => (
              <option key={tierName(one)} value={one}>
                {tierName(one)}
              </option>
            ))}
            <option value={tierCount}>A new last fallback</option>
          </Select>
        </Field>
        <Field
          label="Weight"
          hint={share === null || share === 1 ? undefined : `${formatPercent(share)} of calls`}
          error={error(`targets.${index}.weight`)}
        >
          <Input
            type="number"
            min={0}
            step="any"
            value={Number.isNaN(target.weight) ? '' : target.weight}
            onChange={(event) => onChange({ weight: event.target.valueAsNumber })}
          />
        </Field>
        <Field
          label="Group"
          optional
          error={error(`targets.${index}.group`)}
          className="@max-lg:col-span-full"
        >
          <Input
            value={target.group ?? ''}
            onChange={(event) => onChange({ group: event.target.value || null })}
            list={groupListId}
            autoComplete="off"
            spellCheck={false}
            placeholder="None"
          />
        </Field>
      </div>
    </div>
  )
}
