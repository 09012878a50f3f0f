'use client'

import { Command } from 'cmdk'
import { Check, ChevronsUpDown, X } from 'lucide-react'
import { useState } from 'react'
import { cn } from './cn'
import { useFieldControl } from './field'
import { CONTROL } from './input'
import { Popover, PopoverContent, PopoverTrigger } from './popover'

export interface ComboboxOption {
  value: string
  label: string
  /** A second line, or what tells two of the same name apart. */
  detail?: string | undefined
}

interface Common {
  options: readonly ComboboxOption[]
  placeholder: string
  /** Shown where nothing matches. */
  emptyText?: string
  loading?: boolean
  disabled?: boolean
  /** Set: the options are already what a server found for this text. */
  onSearch?: ((text: string) => void) | undefined
  className?: string | undefined
}

/** One of many, found by typing. */
export function Combobox({
  value,
  onChange,
  selectedLabel,
  ...common
}: Common & {
  value: string | null
  onChange: (value: string) => void
  /** The name of the value when the options on hand don't hold it. */
  selectedLabel?: string | undefined
}) {
  const [open, setOpen] = useState(false)
  const field = useFieldControl()
  const selected = common.options.find((option) => option.value === value)
  const text = selected?.label ?? selectedLabel ?? value
  return (
    <Popover open={open} onOpenChange={setOpen}>
      <PopoverTrigger asChild>
        <button
          type="button"
          role="combobox"
          aria-expanded={open}
          {...field}
          disabled={common.disabled}
          className={cn(CONTROL, 'flex h-8 items-center justify-between gap-2 text-left', common.className)}
        >
          <span className={cn('truncate', !text && 'text-muted')}>{text ?? common.placeholder}</span>
          <ChevronsUpDown className="size-4 shrink-0 text-muted" aria-hidden />
        </button>
      </PopoverTrigger>
      <OptionList
        {...common}
        selected={value === null ? [] : [value]}
        onPick={(picked) => {
          onChange(picked)
          setOpen(false)
        }}
      />
    </Popover>
  )
}

/** Several of many, found by typing; each choice is a chip with its own remove button. */
export function MultiCombobox({
  values,
  onChange,
  ...common
}: Common & { values: readonly string[]; onChange: (values: string[]) => void }) {
  const [open, setOpen] = useState(false)
  const field = useFieldControl()
  const toggle = (value: string) =>
    onChange(values.includes(value) ? values.filter((other) => other !== value) : [...values, value])
  return (
    <div className={cn('flex flex-col gap-1.5', common.className)}>
      <Popover open={open} onOpenChange={setOpen}>
        <PopoverTrigger asChild>
          <button
            type="button"
            role="combobox"
            aria-expanded={open}
            {...field}
            disabled={common.disabled}
            className={cn(CONTROL, 'flex h-8 items-center justify-between gap-2 text-left')}
          >
            <span className={cn('truncate', values.length === 0 && 'text-muted')}>
              {values.length === 0 ? common.placeholder : `${values.length} chosen`}
            </span>
            <ChevronsUpDown className="size-4 shrink-0 text-muted" aria-hidden />
          </button>
        </PopoverTrigger>
        <OptionList {...common} selected={values} onPick={toggle} />
      </Popover>
      {values.length > 0 ? (
        <ul className="flex flex-wrap gap-1.5">
          {values.map((value) => {
            const label = common.options.find((option) => option.value === value)?.label ?? value
            return (
              <li
                key={value}
                className="flex h-6 items-center gap-0.5 rounded-control border bg-sunken pl-2 font-mono text-xs"
              >
                {label}
                <button
                  type="button"
                  aria-label={`Remove ${label}`}
                  onClick={() => toggle(value)}
                  className="grid size-6 place-items-center rounded-control text-muted hover:text-fg"
                >
                  <X className="size-3" aria-hidden />
                </button>
              </li>
            )
          })}
        </ul>
      ) : null}
    </div>
  )
}

function OptionList({
  options,
  selected,
  onPick,
  onSearch,
  loading = false,
  emptyText = 'Nothing matches.',
}: Common & { selected: readonly string[]; onPick: (value: string) => void }) {
  const [highlighted, setHighlighted] = useState('')
  // cmdk highlights the first option when the text changes; what a server finds for the text arrives later.
  const first = options[0]?.value ?? ''
  const current = options.some((option) => option.value === highlighted) ? highlighted : first
  return (
    <PopoverContent className="w-(--radix-popover-trigger-width) min-w-56 p-0">
      <Command
        shouldFilter={onSearch === undefined}
        {...(onSearch ? { value: current, onValueChange: setHighlighted } : {})}
        filter={(_value, search, keywords) =>
          (keywords ?? []).join(' ').toLowerCase().includes(search.toLowerCase()) ? 1 : 0
        }
      >
        <Command.Input
          placeholder="Search"
          aria-label="Search the options"
          {...(onSearch ? { onValueChange: onSearch } : {})}
          className="h-9 w-full border-b bg-transparent px-3 text-sm outline-none placeholder:text-muted"
        />
        <Command.List className="max-h-64 overflow-auto p-1">
          {loading ? <div className="px-2 py-3 text-sm text-muted">Loading…</div> : null}
          {!loading ? (
            <Command.Empty className="px-2 py-3 text-sm text-muted">{emptyText}</Command.Empty>
          ) : null}
          {options.map((option) => (
            <Command.Item
              key={option.value}
              value={option.value}
              keywords={[option.label, option.detail ?? '']}
              onSelect={() => onPick(option.value)}
              className="flex min-h-8 cursor-pointer items-center gap-2 rounded-control px-2 py-1 text-sm data-[selected=true]:bg-hover"
            >
              <Check
                className={cn('size-4 shrink-0 text-accent', !selected.includes(option.value) && 'invisible')}
                aria-hidden
              />
              <span className="min-w-0">
                <span className="block truncate">{option.label}</span>
                {option.detail ? (
                  <span className="block truncate text-xs text-muted">{option.detail}</span>
                ) : null}
              </span>
              {selected.includes(option.value) ? <span className="sr-only">, chosen</span> : null}
            </Command.Item>
          ))}
        </Command.List>
      </Command>
    </PopoverContent>
  )
}
