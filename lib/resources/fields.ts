/** Fields that resources share, safe for the browser. */
import { z } from 'zod'

export const timestamp = z.iso
  .datetime({
    offset: true,
    error: ({ code }) =>
      code === 'invalid_format' ? 'a date and time with its zone, such as 2026-01-31T09:00:00Z' : undefined,
  })
  .describe('RFC 3339, UTC')
export const resourceName = z.string().trim().min(1, 'a name is needed').max(120)
export const resourceId = z.string().min(1).max(120)

/** What every object of the management API has. */
export const resourceBase = z.object({
  id: z.string(),
  createdAt: timestamp,
  updatedAt: timestamp,
  version: z.int().describe('Rises with every change; its ETag is `"<version>"`'),
})

export const usdAmount = z.string().describe('USD, an exact decimal in a string')

/** The values of the contract that this release can act on; the others are refused by name, not as a typing error. */
export function released<T extends string, U extends T>(
  all: z.ZodEnum<{ [V in T]: V }>,
  now: readonly U[],
): z.ZodEnum<{ [V in U]: V }> {
  const options = all.options as readonly string[]
  return z.enum(now, {
    error: ({ input }) =>
      typeof input === 'string' && options.includes(input)
        ? `"${input}" is not carried yet: this release takes ${now.join(', ')}`
        : undefined,
  }) as z.ZodEnum<{ [V in U]: V }>
}
