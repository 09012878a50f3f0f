'use client'

import { useDeferredValue, useState } from 'react'
import { useOptions, useResource } from '@/components/data/collection'
import { Combobox } from '@/components/ui/combobox'

interface Named {
  id: string
  name: string
  teamName?: string
  consumerName?: string
}

/** One of a collection, found by typing its name. */
export function OneChoice({
  path,
  noun,
  value,
  onChange,
}: {
  path: string
  noun: string
  value: string | null
  onChange: (id: string) => void
}) {
  const [search, setSearch] = useState('')
  const options = useOptions<Named>(path, { sort: 'name', q: useDeferredValue(search.trim()), limit: 30 })
  const chosen = useResource<Named>(path, value)
  return (
    <Combobox
      value={value}
      onChange={onChange}
      selectedLabel={chosen.data?.data.name}
      placeholder={`Choose a ${noun}`}
      emptyText={`No such ${noun}.`}
      loading={options.isPending}
      onSearch={setSearch}
      options={(options.data ?? []).map((one) => ({
        value: one.id,
        label: one.name,
        detail: one.consumerName ?? one.teamName,
      }))}
    />
  )
}
