'use client'

import { ArrowDown, ArrowUp, Plus, X } from 'lucide-react'
import Link from 'next/link'
import { useId, useMemo } from 'react'
import { useOptions } from '@/components/data/collection'
import { useCan } from '@/components/data/me'
import { KINDS, kindLabel } from '@/components/providers/provider-kinds'
import { Badge } from '@/components/ui/badge'
import { Button, IconButton } from '@/components/ui/button'
import { Field, FieldError } from '@/components/ui/field'
import { Input } from '@/components/ui/input'
import { Select } from '@/components/ui/select'
import type { CataloguePrice } from '@/lib/resources/prices/schema'
import type { Provider } from '@/lib/resources/providers/schema'
import { moveTarget, type Target } from './route-document'

/** The targets in the order in which they are tried. Buttons and Alt with the arrow keys move them. */
export function TargetList({
  targets,
  strategy,
  onChange,
  error,
}: {
  targets: readonly Target[]
  strategy: string
  onChange: (targets: Target[]) => void
  error: (path: string) => string | undefined
}) {
  const can = useCan()
  const providers = useOptions<Provider>('/providers', { sort: 'name' })
  const known = providers.data ?? []
  const priorities = [...new Set(targets.map((target) => target.priority))].sort((a, b) => a - b)
  const change = (index: number, part: Partial<Target>) =>
    onChange(targets.map((target, at) => (at === index ? { ...target, ...part } : target)))
  const whole = error('targets')
  return (
    <div className="flex flex-col gap-2">
      {providers.isSuccess && known.length === 0 ? (
        <p className="text-sm text-muted">
          There is no provider yet.{' '}
          {can('providers.create') ? (
            <Link href="/providers/new" className="text-accent underline">
              Add one first
            </Link>
          ) : (
            'Ask an owner or admin to add one.'
          )}
        </p>
      ) : null}
      <ol className="flex flex-col gap-2">
        {targets.map((target, index) => {
          const rank = priorities.indexOf(target.priority)
          return (
            <li
              // biome-ignore lint/suspicious/noArrayIndexKey: the place is the identity: focus stays at the place that moved.
              key={index}
              aria-label={`Target ${index + 1}`}
              className="rounded-card border bg-sunken p-3"
              onKeyDown={(event) => {
                const by = event.key === 'ArrowUp' ? -1 : event.key === 'ArrowDown' ? 1 : null
                if (!event.altKey || by === null) return
                event.preventDefault()
                onChange(moveTarget(targets, index, by))
                focusSame(event.currentTarget, index + by)
              }}
            >
              <div className="mb-2 flex items-center gap-2">
                <Badge tone={rank === 0 ? 'accent' : 'neutral'}>
                  {rank === 0 ? 'First' : `Fallback ${rank}`}
                </Badge>
                <span className="mr-auto" />
                <IconButton
                  label={`Move target ${index + 1} up`}
                  size="sm"
                  aria-disabled={index === 0 || undefined}
                  onClick={() => onChange(moveTarget(targets, index, -1))}
                >
                  <ArrowUp aria-hidden />
                </IconButton>
                <IconButton
                  label={`Move target ${index + 1} down`}
                  size="sm"
                  aria-disabled={index === targets.length - 1 || undefined}
                  onClick={() => onChange(moveTarget(targets, index, 1))}
                >
                  <ArrowDown aria-hidden />
                </IconButton>
                <IconButton
                  label={`Remove target ${index + 1}`}
                  size="sm"
                  onClick={() => onChange(targets.filter((_, at) => at !== index))}
                >
                  <X aria-hidden />
                </IconButton>
              </div>
              <div className="grid gap-3 sm:grid-cols-[1fr_1fr_5.5rem_5.5rem]">
                <Field label="Provider" required error={error(`targets.${index}.providerId`)}>
                  <Select
                    value={target.providerId}
                    onChange={(event) => change(index, { providerId: event.target.value })}
                  >
                    <option value="">Choose a provider</option>
                    {target.providerId && !known.some((provider) => provider.id === target.providerId) ? (
                      <option value={target.providerId}>{target.providerId}</option>
                    ) : null}
                    {known.map((provider) => (
                      <option key={provider.id} value={provider.id}>
                        {provider.name === provider.kind
                          ? provider.name
                          : `${provider.name} (${kindLabel(provider.kind)})`}
                      </option>
                    ))}
                  </Select>
                </Field>
                <ModelField
                  value={target.model}
                  kind={known.find((provider) => provider.id === target.providerId)?.kind}
                  onChange={(model) => change(index, { model })}
                  error={error(`targets.${index}.model`)}
                />
                <Field label="Priority" error={error(`targets.${index}.priority`)}>
                  <Input
                    type="number"
                    min={0}
                    max={100}
                    value={Number.isNaN(target.priority) ? '' : target.priority}
                    onChange={(event) => change(index, { priority: event.target.valueAsNumber })}
                  />
                </Field>
                {strategy === 'weighted' ? (
                  <Field label="Weight" error={error(`targets.${index}.weight`)}>
                    <Input
                      type="number"
                      min={0}
                      step="any"
                      value={Number.isNaN(target.weight) ? '' : target.weight}
                      onChange={(event) => change(index, { weight: event.target.valueAsNumber })}
                    />
                  </Field>
                ) : null}
              </div>
            </li>
          )
        })}
      </ol>
      {whole ? <FieldError>{whole}</FieldError> : null}
      <div>
        <Button
          size="sm"
          onClick={() =>
            onChange([
              ...targets,
              {
                providerId: known.length === 1 ? (known[0]?.id ?? '') : '',
                model: '',
                weight: 1,
                priority:
                  strategy === 'weighted'
                    ? (targets.at(-1)?.priority ?? 0)
                    : targets.length === 0
                      ? 0
                      : Math.max(...priorities) + 1,
              },
            ])
          }
        >
          <Plus aria-hidden />
          {targets.length === 0 ? 'Add target' : 'Add fallback or target'}
        </Button>
      </div>
    </div>
  )
}

/** After a move by keyboard the focus goes along, to the same control of the other place. */
function focusSame(item: HTMLElement, to: number): void {
  const controls = [...item.querySelectorAll<HTMLElement>('button,select,input')]
  const at = controls.indexOf(document.activeElement as HTMLElement)
  const other = item.parentElement?.children[to]
  requestAnimationFrame(() => other?.querySelectorAll<HTMLElement>('button,select,input')[at]?.focus())
}

function ModelField({
  value,
  kind,
  onChange,
  error,
}: {
  value: string
  kind: Provider['kind'] | undefined
  onChange: (model: string) => void
  error: string | undefined
}) {
  const listId = useId()
  const can = useCan()
  const catalogue = useOptions<CataloguePrice>(
    '/price-catalogue',
    { vendor: 'openai', limit: 200 },
    kind === 'openai' && can('priceCatalogue.list'),
  )
  const suggestions = useMemo(() => {
    const own = kind && kind in KINDS ? KINDS[kind as keyof typeof KINDS].models : []
    const priced = kind === 'openai' ? (catalogue.data ?? []).map((price) => price.model) : []
    return [...new Set([...own, ...priced])]
  }, [kind, catalogue.data])
  return (
    <Field label="Model" required error={error}>
      <Input
        value={value}
        onChange={(event) => onChange(event.target.value)}
        list={listId}
        className="font-mono text-sm"
        autoComplete="off"
        spellCheck={false}
        placeholder={suggestions[0] ?? 'As the provider calls it'}
      />
      <datalist id={listId}>
        {suggestions.map((model) => (
          <option key={model} value={model} />
        ))}
      </datalist>
    </Field>
  )
}
