/** Fields that resources share, safe for the browser. */
import { z } from 'zod'

export const timestamp = z.iso.datetime({ offset: true }).describe('RFC 3339, UTC')
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
