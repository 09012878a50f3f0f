/** The rows of a form for a price's service tiers, and what they send. */
import type { Price } from '@/lib/resources/prices/schema'

export interface ServiceTierRow {
  readonly key: number
  readonly name: string
  readonly price: Price['serviceTiers'][string]
}

/** Of two of one name the first counts; the form says so at the other. */
export function tiersOfRows(rows: readonly ServiceTierRow[]): Price['serviceTiers'] {
  const first = rows.filter(({ name }, index) => rows.findIndex((row) => row.name === name) === index)
  return Object.fromEntries(first.map(({ name, price }) => [name, price]))
}

/** `flex ×0.5, priority ×2`; those with prices of their own by name alone. */
export function serviceTiersText(tiers: Price['serviceTiers']): string {
  const names = Object.entries(tiers).map(([name, price]) =>
    typeof price === 'string' ? `${name} ×${price}` : name,
  )
  return names.length === 0 ? '–' : names.join(', ')
}

/** The first of the messages that stand anywhere in the errors of the field. */
export function firstMessage(errors: unknown): string | undefined {
  if (typeof errors !== 'object' || errors === null) return undefined
  if ('message' in errors && typeof errors.message === 'string' && errors.message !== '')
    return errors.message
  for (const [name, inner] of Object.entries(errors)) {
    const message = name === 'ref' ? undefined : firstMessage(inner)
    if (message !== undefined) return `${name}: ${message}`
  }
  return undefined
}
