'use client'

import { Columns3 } from 'lucide-react'
import { type ReactNode, useEffect, useState } from 'react'
import { Button } from '@/components/ui/button'
import {
  DropdownMenu,
  DropdownMenuCheckboxItem,
  DropdownMenuContent,
  DropdownMenuLabel,
  DropdownMenuTrigger,
} from '@/components/ui/dropdown-menu'
import { SearchInput } from '@/components/ui/input'
import { Select } from '@/components/ui/select'
import type { TableFilter } from './table-column'

type Values = Record<string, string | null>

export function TableToolbar({
  noun,
  columns,
  visibility,
  onVisibility,
  search,
  filters,
  values,
  onChange,
  filtered,
  onClear,
  children,
}: {
  noun: string
  columns: readonly { id: string; header: string }[]
  visibility: Record<string, boolean>
  onVisibility: (next: Record<string, boolean>) => void
  search: string | false
  filters: readonly TableFilter[]
  values: Values
  onChange: (next: Values) => void
  filtered: boolean
  onClear: () => void
  children?: ReactNode
}) {
  return (
    <div className="flex flex-wrap items-center gap-2">
      {search === false ? null : (
        <SearchBox
          label={search}
          value={values.q ?? ''}
          onChange={(q) => onChange({ q: q || null })}
          className={filters.length > 0 ? 'w-64 max-sm:w-full' : 'w-64 max-sm:flex-1'}
        />
      )}
      {filters.map((filter) => (
        <Select
          key={filter.id}
          aria-label={filter.label}
          value={values[filter.id] ?? ''}
          onChange={(event) => onChange({ [filter.id]: event.target.value || null })}
          className="w-40 max-sm:flex-1"
        >
          <option value="">{filter.label}: all</option>
          {filter.options.map((option) => (
            <option key={option.value} value={option.value}>
              {option.label}
            </option>
          ))}
        </Select>
      ))}
      {filtered ? (
        <Button variant="ghost" onClick={onClear}>
          Clear filters
        </Button>
      ) : null}
      <div className="ml-auto flex items-center gap-2">
        {children}
        <DropdownMenu>
          <DropdownMenuTrigger asChild>
            <Button variant="ghost" aria-label={`Columns of ${noun}`}>
              <Columns3 aria-hidden />
              <span className="max-sm:hidden">Columns</span>
            </Button>
          </DropdownMenuTrigger>
          <DropdownMenuContent>
            <DropdownMenuLabel>Columns</DropdownMenuLabel>
            {columns.slice(1).map((column) => (
              <DropdownMenuCheckboxItem
                key={column.id}
                checked={visibility[column.id] ?? true}
                onCheckedChange={(on) => onVisibility({ ...visibility, [column.id]: on })}
                onSelect={(event) => event.preventDefault()}
              >
                {column.header}
              </DropdownMenuCheckboxItem>
            ))}
          </DropdownMenuContent>
        </DropdownMenu>
      </div>
    </div>
  )
}

/** Typing asks the server after a pause; the text in the box never jumps back. */
function SearchBox({
  label,
  value,
  onChange,
  className,
}: {
  label: string
  value: string
  onChange: (value: string) => void
  className: string
}) {
  const [text, setText] = useState(value)
  const [asked, setAsked] = useState(value)
  if (value !== asked) {
    // The URL changed by something else: Back, or "Clear filters".
    setAsked(value)
    setText(value)
  }
  useEffect(() => {
    if (text.trim() === asked) return
    const timer = setTimeout(() => {
      setAsked(text.trim())
      onChange(text.trim())
    }, 250)
    return () => clearTimeout(timer)
  }, [text, asked, onChange])
  return (
    <SearchInput
      aria-label={label}
      placeholder={label}
      value={text}
      onChange={(event) => setText(event.target.value)}
      className={className}
    />
  )
}
