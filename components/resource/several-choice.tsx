'use client'

import { useDeferredValue, useState } from 'react'
import { useOptions } from '@/components/data/collection'
import { MultiCombobox } from '@/components/ui/combobox'

interface Named {
  id: string
  name: string
  teamName?: string
}

/** Several of a collection, found by typing their names. */
export function SeveralChoice({
  path,
  nouns,
  values,
  nameOf,
  onChange,
}: {
  path: string
  nouns: string
  values: readonly string[]
  /** Of those that are chosen already. */
  nameOf: (id: string) => string
  onChange: (values: string[]) => void
}) {
  const [search, setSearch] = useState('')
  const options = useOptions<Named>(path, { sort: 'name', q: useDeferredValue(search.trim()), limit: 30 })
  const found = (options.data ?? []).map((one) => ({ value: one.id, label: one.name, detail: one.teamName }))
  const others = values.filter((id) => !found.some(({ value }) => value === id))
  return (
    <MultiCombobox
      values={values}
      onChange={onChange}
      placeholder={`Choose ${nouns}`}
      emptyText={`No such ${nouns}.`}
      loading={options.isPending}
      onSearch={setSearch}
      options={[...found, ...others.map((id) => ({ value: id, label: nameOf(id) }))]}
    />
  )
}
