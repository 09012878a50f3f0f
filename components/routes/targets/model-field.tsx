'use client'

import { useId, useMemo } from 'react'
import { useOptions } from '@/components/data/collection'
import { useCan } from '@/components/data/me'
import { KINDS } from '@/components/providers/provider-kinds'
import { Field } from '@/components/ui/field'
import { Input } from '@/components/ui/input'
import type { CataloguePrice } from '@/lib/resources/prices/schema'
import type { Provider } from '@/lib/resources/providers/schema'

/** A model as its provider calls it, with those that are known to choose from. */
export function ModelField({
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
