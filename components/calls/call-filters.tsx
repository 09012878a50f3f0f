'use client'

import { ListFilter, X } from 'lucide-react'
import { parseAsString, useQueryStates } from 'nuqs'
import { useDeferredValue, useMemo, useState } from 'react'
import { useOptions, useResource } from '@/components/data/collection'
import { Button } from '@/components/ui/button'
import { Combobox } from '@/components/ui/combobox'
import { Field } from '@/components/ui/field'
import { Input } from '@/components/ui/input'
import { Popover, PopoverContent, PopoverTrigger } from '@/components/ui/popover'
import { Select } from '@/components/ui/select'
import { GATEWAY_ERRORS } from '@/lib/contract/error-codes'

/** Filters with a list of things behind them, and those with words. */
const ENTITIES = [
  { id: 'teamId', label: 'Team', path: '/teams', by: 'id' },
  { id: 'consumerId', label: 'Consumer', path: '/consumers', by: 'id' },
  { id: 'keyId', label: 'Key', path: '/keys', by: 'id' },
  { id: 'route', label: 'Route', path: '/routes', by: 'name' },
  { id: 'providerId', label: 'Provider', path: '/providers', by: 'id' },
] as const
const WORDS = {
  model: 'Model',
  code: 'Code',
  stream: 'Streamed',
  kind: 'Kind',
  repricedBy: 'Corrected by',
} as const

const PARSERS = Object.fromEntries(
  [...ENTITIES.map((entity) => entity.id), ...Object.keys(WORDS)].map((name) => [name, parseAsString]),
)

export function useCallFilters() {
  const [values, setValues] = useQueryStates(PARSERS, { history: 'push' })
  const active = useMemo(() => Object.keys(values).filter((name) => values[name]), [values])
  return {
    values: values as Record<string, string | null>,
    active,
    set: (name: string, value: string | null) => void setValues({ [name]: value || null }),
    clear: () => void setValues(Object.fromEntries(Object.keys(PARSERS).map((name) => [name, null]))),
  }
}
type Filters = ReturnType<typeof useCallFilters>

/** All filters in one place; what is set stands as chips beside the list. */
export function CallFilterButton({ filters }: { filters: Filters }) {
  const { values, set } = filters
  return (
    <Popover>
      <PopoverTrigger asChild>
        <Button>
          <ListFilter aria-hidden />
          Filters{filters.active.length > 0 ? ` (${filters.active.length})` : ''}
        </Button>
      </PopoverTrigger>
      <PopoverContent className="w-[22rem]" align="end">
        <div className="grid gap-3 sm:grid-cols-2">
          {ENTITIES.map((entity) => (
            <Field
              key={entity.id}
              label={entity.label}
              className={entity.id === 'teamId' ? 'sm:col-span-2' : ''}
            >
              <EntityChoice
                entity={entity}
                value={values[entity.id] ?? null}
                onChange={(value) => set(entity.id, value)}
              />
            </Field>
          ))}
          <Field label="Model" hint="Asked for or served">
            <ModelInput value={values.model ?? ''} onChange={(value) => set('model', value)} />
          </Field>
          <Field label="Code">
            <Select value={values.code ?? ''} onChange={(event) => set('code', event.target.value)}>
              <option value="">Any</option>
              {Object.keys(GATEWAY_ERRORS).map((code) => (
                <option key={code} value={code}>
                  {code}
                </option>
              ))}
            </Select>
          </Field>
          <Field label="Streamed">
            <Select value={values.stream ?? ''} onChange={(event) => set('stream', event.target.value)}>
              <option value="">Both</option>
              <option value="true">Streamed</option>
              <option value="false">Not streamed</option>
            </Select>
          </Field>
          <Field label="Kind">
            <Select value={values.kind ?? ''} onChange={(event) => set('kind', event.target.value)}>
              <option value="">Any</option>
              <option value="llm">Model</option>
              <option value="mcp">MCP tool</option>
              <option value="http">HTTP service</option>
            </Select>
          </Field>
        </div>
      </PopoverContent>
    </Popover>
  )
}

interface Named {
  id: string
  name: string
}

function EntityChoice({
  entity,
  value,
  onChange,
}: {
  entity: (typeof ENTITIES)[number]
  value: string | null
  onChange: (value: string | null) => void
}) {
  const [search, setSearch] = useState('')
  const options = useOptions<Named>(entity.path, { q: useDeferredValue(search), limit: 30 })
  const chosen = useResource<Named>(entity.path, entity.by === 'id' ? value : null)
  return (
    <div className="flex gap-1">
      <Combobox
        className="flex-1"
        placeholder="Any"
        value={value}
        selectedLabel={chosen.data?.data.name ?? value ?? undefined}
        onChange={onChange}
        onSearch={setSearch}
        loading={options.isFetching}
        options={(options.data ?? []).map((one) => ({
          value: entity.by === 'id' ? one.id : one.name,
          label: one.name,
        }))}
      />
      {value ? (
        <Button
          variant="ghost"
          className="px-2"
          aria-label={`Any ${entity.label.toLowerCase()}`}
          onClick={() => onChange(null)}
        >
          <X aria-hidden />
        </Button>
      ) : null}
    </div>
  )
}

/** Takes effect on Enter or when it is left: a half-typed name matches nothing. */
function ModelInput({ value, onChange }: { value: string; onChange: (value: string) => void }) {
  return (
    <Input
      key={value}
      defaultValue={value}
      placeholder="Any"
      className="font-mono text-sm"
      onBlur={(event) => {
        if (event.target.value.trim() !== value) onChange(event.target.value.trim())
      }}
      onKeyDown={(event) => {
        if (event.key === 'Enter') onChange(event.currentTarget.value.trim())
      }}
    />
  )
}

export function CallFilterChips({ filters }: { filters: Filters }) {
  if (filters.active.length === 0) return null
  return (
    <ul className="mb-3 flex flex-wrap items-center gap-1.5">
      {filters.active.map((name) => (
        <li key={name} className="flex h-7 items-center rounded-control border bg-surface pl-2 text-sm">
          <ChipWords name={name} value={filters.values[name] ?? ''} />
          <button
            type="button"
            aria-label={`Remove the filter ${name}`}
            onClick={() => filters.set(name, null)}
            className="grid size-7 place-items-center rounded-control text-muted hover:text-fg"
          >
            <X className="size-3.5" aria-hidden />
          </button>
        </li>
      ))}
      <li>
        <Button variant="ghost" size="sm" onClick={filters.clear}>
          Clear filters
        </Button>
      </li>
    </ul>
  )
}

function ChipWords({ name, value }: { name: string; value: string }) {
  const entity = ENTITIES.find((one) => one.id === name)
  const named = useResource<Named>(entity?.path ?? '/teams', entity?.by === 'id' ? value : null)
  const label = entity?.label ?? WORDS[name as keyof typeof WORDS] ?? name
  const words = name === 'stream' ? (value === 'true' ? 'yes' : 'no') : (named.data?.data.name ?? value)
  return (
    <span className="max-w-64 truncate">
      <span className="text-muted">{label}</span> {words}
    </span>
  )
}
