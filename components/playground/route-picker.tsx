'use client'

import { useDeferredValue, useState } from 'react'
import { useOptions } from '@/components/data/collection'
import { Combobox } from '@/components/ui/combobox'
import type { Route } from '@/lib/resources/routes/schema'

/** A chat route, by its name: what callers say. */
export function RoutePicker({
  value,
  taken,
  onChange,
  placeholder = 'Choose a route',
  className,
}: {
  value: string | null
  /** Of the other panes. */
  taken: readonly string[]
  onChange: (name: string) => void
  placeholder?: string
  className?: string
}) {
  const [search, setSearch] = useState('')
  const routes = useOptions<Route>('/routes', { sort: 'name', q: useDeferredValue(search.trim()), limit: 30 })
  return (
    <Combobox
      value={value}
      onChange={onChange}
      placeholder={placeholder}
      emptyText="No such route."
      loading={routes.isPending}
      onSearch={setSearch}
      className={className}
      options={(routes.data ?? [])
        .filter(({ kind, name }) => kind === 'chat' && !taken.includes(name))
        .map(({ name, enabled, targets }) => ({
          value: name,
          label: name,
          detail: enabled ? [...new Set(targets.map(({ model }) => model))].slice(0, 3).join(', ') : 'off',
        }))}
    />
  )
}

/** The route of that name, once it is known; null where this person sees none. */
export function useRouteNamed(name: string): Route | null {
  const routes = useOptions<Route>('/routes', { sort: 'name', q: name, limit: 100 })
  return routes.data?.find((route) => route.name === name) ?? null
}
