/** The active check of a server of one's own, as it stands in a provider's `options.healthCheck`; absent: none. */
import { z } from 'zod'
import type { ProviderEntity } from './entities.ts'

export const healthCheck = z.object({
  path: z
    .string()
    .max(500)
    .regex(/^\/[\x21-\x22\x24-\x7e]*$/, 'begins with a slash and has neither spaces nor a #')
    .default('/models')
    .describe('Put behind the base URL. Any answer below 500 but 429 says that the server lives'),
  intervalSeconds: z.int().min(2).max(300).default(10),
})
export type HealthCheck = z.infer<typeof healthCheck>

/** Null: the provider asks for none, or for one that is not understood here. */
export function healthCheckOf({
  kind,
  options,
}: Pick<ProviderEntity, 'kind' | 'options'>): HealthCheck | null {
  if (kind !== 'openai-compatible' || options.healthCheck === undefined) return null
  return healthCheck.safeParse(options.healthCheck).data ?? null
}
