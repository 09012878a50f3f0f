'use client'

import { Plus, X } from 'lucide-react'
import { useId, useState } from 'react'
import { Button, IconButton } from '@/components/ui/button'
import { Field, FieldGroup } from '@/components/ui/field'
import { Input } from '@/components/ui/input'
import { decimalText } from '@/lib/contract/money'
import { serviceTierName } from '@/lib/contract/price'
import { rateText } from './price-rates'
import { type ServiceTierRow, tiersOfRows } from './service-tier-rows'

const KNOWN = ['flex', 'priority', 'batch']

/** What a vendor's service tiers cost: a factor each. One with prices of its own is shown, and kept as it is. */
export function PriceServiceTiers({
  value,
  onChange,
  error,
}: {
  value: Readonly<Record<string, ServiceTierRow['price']>>
  onChange: (value: Record<string, ServiceTierRow['price']>) => void
  error: string | undefined
}) {
  const listId = useId()
  // A name that is being typed may be another's for a moment: the rows know more than what is sent.
  const [rows, setRows] = useState<readonly ServiceTierRow[]>(() =>
    Object.entries(value).map(([name, price], key) => ({ key, name, price })),
  )
  const change = (next: readonly ServiceTierRow[]) => {
    setRows(next)
    onChange(tiersOfRows(next))
  }
  const edit = (key: number, part: Partial<ServiceTierRow>) =>
    change(rows.map((row) => (row.key === key ? { ...row, ...part } : row)))
  return (
    <FieldGroup
      legend="Service tiers"
      hint="What a call costs that the vendor served as flex, priority or batch: times the prices above. A tier that is not here costs the same."
      error={error}
    >
      {rows.map(({ key, name, price }, index) => (
        <div key={key} className="flex items-start gap-2">
          <Field label="Tier" required error={nameError(rows, index)} className="w-40">
            <Input
              value={name}
              onChange={(event) => edit(key, { name: event.target.value.trim() })}
              list={listId}
              className="font-mono text-sm"
              autoComplete="off"
              spellCheck={false}
            />
          </Field>
          {typeof price === 'string' ? (
            <Field label="Times the price" required error={factorError(price)} className="w-36">
              <Input
                inputMode="decimal"
                className="text-right"
                placeholder="0.5"
                value={price}
                onChange={(event) => edit(key, { price: event.target.value.trim() })}
              />
            </Field>
          ) : (
            <p className="min-w-0 flex-1 pt-7 text-sm text-muted">
              Prices of its own: input ${rateText(price.inputUsdPerMillion)}, output $
              {rateText(price.outputUsdPerMillion)} per million. The API changes them.
            </p>
          )}
          <IconButton
            label={`Remove service tier ${name || index + 1}`}
            size="sm"
            className="mt-6 ml-auto"
            onClick={() => change(rows.filter((row) => row.key !== key))}
          >
            <X aria-hidden />
          </IconButton>
        </div>
      ))}
      <datalist id={listId}>
        {KNOWN.map((name) => (
          <option key={name} value={name} />
        ))}
      </datalist>
      <div>
        <Button
          size="sm"
          onClick={() => {
            const free = KNOWN.find((name) => !rows.some((row) => row.name === name)) ?? ''
            const key = Math.max(-1, ...rows.map((row) => row.key)) + 1
            change([...rows, { key, name: free, price: '' }])
          }}
        >
          <Plus aria-hidden />
          Add service tier
        </Button>
      </div>
    </FieldGroup>
  )
}

function nameError(rows: readonly ServiceTierRow[], index: number): string | undefined {
  const name = rows[index]?.name ?? ''
  if (!serviceTierName.safeParse(name).success) return 'lower-case letters, digits, - and _'
  return rows.findIndex((row) => row.name === name) < index ? 'is there already' : undefined
}

/** Nothing typed yet is no mistake yet. */
function factorError(price: string): string | undefined {
  return price === '' || decimalText.safeParse(price).success ? undefined : 'a number such as 0.5'
}
