'use client'

import { CalendarRange } from 'lucide-react'
import { useState } from 'react'
import { Button } from '@/components/ui/button'
import { cn } from '@/components/ui/cn'
import { Field, FieldError } from '@/components/ui/field'
import { Input } from '@/components/ui/input'
import { Popover, PopoverContent, PopoverTrigger } from '@/components/ui/popover'
import { Select } from '@/components/ui/select'
import { Segmented } from '@/components/ui/tabs'
import { useTimeZone } from '@/components/ui/time-zone'
import { fromLocalInput, toLocalInput } from '@/lib/format/time'
import { PRESET_WORDS, RANGE_PRESETS, type RangePreset, resolveRange } from './time-range'
import type { PageRange } from './use-range'

/** Presets, a range of one's own, and the zone that both are read in. */
export function RangePicker({ range }: { range: PageRange }) {
  const custom = range.choice.range === 'custom'
  return (
    <div className="flex flex-wrap items-center gap-2">
      <Segmented<RangePreset | 'custom'>
        label="Range"
        value={range.choice.range}
        onChange={(preset) => range.set({ range: preset, from: null, to: null })}
        options={RANGE_PRESETS.map((preset) => ({ value: preset, label: PRESET_WORDS[preset].short }))}
      />
      <CustomRange range={range} active={custom} />
      <ZoneSelect range={range} />
    </div>
  )
}

function CustomRange({ range, active }: { range: PageRange; active: boolean }) {
  const [open, setOpen] = useState(false)
  const { choice, timeZone } = range
  const words =
    active && choice.from
      ? `${spoken(choice.from, timeZone)} – ${choice.to ? spoken(choice.to, timeZone) : 'now'}`
      : 'Custom'
  return (
    <Popover open={open} onOpenChange={setOpen}>
      <PopoverTrigger asChild>
        <Button className={cn(active ? 'border-accent' : 'text-muted')} aria-label={`Own range: ${words}`}>
          <CalendarRange aria-hidden />
          {words}
        </Button>
      </PopoverTrigger>
      <PopoverContent className="w-72">
        <CustomForm range={range} onDone={() => setOpen(false)} />
      </PopoverContent>
    </Popover>
  )
}

function CustomForm({ range, onDone }: { range: PageRange; onDone: () => void }) {
  const shown = resolveRange(range.choice, range.timeZone, Date.now())
  const [from, setFrom] = useState(() => toLocalInput(shown.from, range.timeZone))
  const [to, setTo] = useState(() => (shown.live ? '' : toLocalInput(shown.to, range.timeZone)))
  const [error, setError] = useState<string | null>(null)
  const apply = () => {
    const fromTime = fromLocalInput(from, range.timeZone)
    const toTime = to ? fromLocalInput(to, range.timeZone) : null
    if (!fromTime) return setError('Say when it begins.')
    if (Date.parse(fromTime) >= (toTime ? Date.parse(toTime) : Date.now())) {
      return setError('It has to begin before it ends.')
    }
    range.set({ range: 'custom', from: fromTime, to: toTime })
    onDone()
  }
  return (
    <form
      className="flex flex-col gap-3"
      onSubmit={(event) => {
        event.preventDefault()
        apply()
      }}
    >
      <Field label="From">
        <Input type="datetime-local" value={from} onChange={(event) => setFrom(event.target.value)} />
      </Field>
      <Field label="To, exclusive" hint="Empty: until now">
        <Input type="datetime-local" value={to} onChange={(event) => setTo(event.target.value)} />
      </Field>
      <p className="text-xs text-muted">Times are in {range.timeZone}.</p>
      {error ? <FieldError>{error}</FieldError> : null}
      <Button type="submit" variant="primary">
        Show this range
      </Button>
    </form>
  )
}

function ZoneSelect({ range }: { range: PageRange }) {
  const { zones } = useTimeZone()
  const names = [...new Set([zones.utc, zones.deployment, zones.browser, range.timeZone])]
  return (
    <Select
      aria-label="Time zone of this page"
      className="w-36"
      value={range.timeZone}
      onChange={(event) => range.set({ tz: event.target.value })}
    >
      {names.map((name) => (
        <option key={name} value={name}>
          {name}
        </option>
      ))}
    </Select>
  )
}

function spoken(time: string, timeZone: string): string {
  return toLocalInput(time, timeZone).slice(5).replace('T', ' ')
}
